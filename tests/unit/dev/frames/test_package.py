"""Debian's package of pictures: a file that is already there is used, and one that is damaged is named."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dev.frames.package import PackageMissing, examples, is_unpacked

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is Debian's")


def test_a_package_that_is_in_the_cache_is_unpacked_instead_of_downloading_one(tmp_path: Path) -> None:
    pictures = tmp_path / "made" / "usr" / "share" / "doc" / "opencv-doc" / "examples"
    (tmp_path / "made" / "DEBIAN").mkdir(parents=True)
    pictures.mkdir(parents=True)
    (pictures / "one.jpg").touch()
    about = "Package: opencv-doc\nVersion: 0\nArchitecture: all\nMaintainer: nobody\nDescription: none\n"
    (tmp_path / "made" / "DEBIAN" / "control").write_text(about)
    archive = tmp_path / "opencv-doc_0_all.deb"
    subprocess.run(["dpkg-deb", "-b", tmp_path / "made", archive], check=True, capture_output=True)
    assert ["one.jpg"] == [path.name for path in examples(tmp_path).iterdir()]
    assert [archive] == list(tmp_path.glob("*.deb"))


def test_a_damaged_package_is_named_and_nothing_counts_as_unpacked(tmp_path: Path) -> None:
    (tmp_path / "opencv-doc_0_all.deb").write_bytes(b"half")
    with pytest.raises(PackageMissing, match=r"opencv-doc_0_all\.deb: .* Delete this file"):
        examples(tmp_path)
    assert not is_unpacked(tmp_path)
