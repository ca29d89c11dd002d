"""Debian's package of pictures: a file that is already there is used, and one that is damaged is named."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dev.frames.package import PackageMissing, examples, is_unpacked

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is Debian's")


def package(folder: Path, name: str = "opencv-doc_0_all.deb") -> Path:
    """Build a package with one picture."""
    pictures = folder / "made" / "usr" / "share" / "doc" / "opencv-doc" / "examples"
    (folder / "made" / "DEBIAN").mkdir(parents=True)
    pictures.mkdir(parents=True)
    (pictures / "one.jpg").touch()
    about = "Package: opencv-doc\nVersion: 0\nArchitecture: all\nMaintainer: nobody\nDescription: none\n"
    (folder / "made" / "DEBIAN" / "control").write_text(about)
    archive = folder / name
    subprocess.run(["dpkg-deb", "-b", folder / "made", archive], check=True, capture_output=True)
    return archive


def no_network(_: Path) -> Path:
    raise PackageMissing("no network")


def test_a_package_that_is_in_the_cache_is_unpacked_instead_of_downloading_one(tmp_path: Path) -> None:
    archive = package(tmp_path)
    assert ["one.jpg"] == [path.name for path in examples(tmp_path, no_network).iterdir()]
    assert [archive] == list(tmp_path.glob("*.deb"))


def test_half_a_package_is_downloaded_again(tmp_path: Path) -> None:
    (tmp_path / "opencv-doc_0_all.deb").write_bytes(b"half")
    assert ["one.jpg"] == [path.name for path in examples(tmp_path, package).iterdir()]


def test_a_package_that_arrives_damaged_is_named_and_nothing_counts_as_unpacked(tmp_path: Path) -> None:
    damaged = tmp_path / "opencv-doc_0_all.deb"
    damaged.write_bytes(b"half")
    with pytest.raises(PackageMissing, match=r"opencv-doc_0_all\.deb: .* Delete this file"):
        examples(tmp_path, lambda _: damaged)
    assert not is_unpacked(tmp_path)


def test_half_a_package_that_cannot_be_downloaded_again_tells_why(tmp_path: Path) -> None:
    (tmp_path / "opencv-doc_0_all.deb").write_bytes(b"half")
    with pytest.raises(PackageMissing, match="no network"):
        examples(tmp_path, no_network)
    assert not is_unpacked(tmp_path)
