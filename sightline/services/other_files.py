"""Objects beside the images that are something else by their suffix: clips, sound, indexes, text, archives.

Cameras upload them into the same folders. Nobody named them as images, so they are left out wherever images are found
and not named: in listings and in messages of objects without a row. What is added by name is looked at, by its content.
Sightline's own objects are left out as well: the frames of a video become images when the video is taken.
"""

from collections.abc import Iterable

from sightline.storage.buckets.protocol import ObjectUri, Prefix

OWN_FOLDER = "sightline/"
"""Where sightline keeps its objects, in its bucket."""

OWN_OBJECT = "(of sightline itself)"
"""Under which these are counted among the skipped."""

_CLIPS = """
.mp4 .m4v .mov .avi .mkv .webm .flv .f4v .wmv .asf .mpg .mpeg .m2v .ts .m2ts .mts .3gp .ogv .vob .dav .264 .265 .h264
.h265 .hevc .mjpg .mjpeg .m3u8 .mpd
"""
_SOUND = ".wav .mp3 .aac .m4a .ogg .opus .flac .amr .g711 .pcm"
_INDEXES = ".idx .index .db .sqlite .sqlite3 .toc .ifo"
_TEXTS = (
    ".txt .log .csv .tsv .json .jsonl .ndjson .xml .html .htm .md .yaml .yml .ini .cfg .conf .srt .vtt .sub .ass .pdf"
)
_ARCHIVES = ".zip .gz .tgz .tar .bz2 .xz .zst .7z .rar"
_CHECKSUMS = ".md5 .sha1 .sha256 .sig .asc"

DEFAULT_SKIPPED_SUFFIXES = tuple(f"{_CLIPS} {_SOUND} {_INDEXES} {_TEXTS} {_ARCHIVES} {_CHECKSUMS}".split())


def as_suffixes(words: Iterable[str]) -> tuple[str, ...]:
    """Return suffixes as they are compared: in lower case, with their dot, each once."""
    return tuple(dict.fromkeys(f".{word.lower().removeprefix('.')}" for word in words))


def is_own(uri: ObjectUri, own: Prefix | None) -> bool:
    """Return whether an object is one of sightline's own. own: where these are kept."""
    return own is not None and uri.bucket == own.bucket and uri.key.startswith(own.key_prefix)


def skipped_suffix(key: str, suffixes: tuple[str, ...]) -> str | None:
    """Return the suffix by which an object is something else; None if it may be an image."""
    name = key.rpartition("/")[2].lower()
    found = [suffix for suffix in suffixes if name.endswith(suffix)]
    return max(found, key=len) if found else None
