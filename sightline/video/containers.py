"""Which files are videos: by their suffix, what is added as one; by their first bytes, what is opened as one.

FFmpeg opens far more than videos: playlists that name other files and addresses, scripts, single pictures. So a file is
only handed to it if it begins as one of these containers does.
"""

from sightline.video_errors import NotAVideo

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")

HEAD_BYTES = 16
"""How many first bytes tell the container."""

_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
"""Types that the first box of an MP4 or QuickTime file may have; it stands behind four bytes of size."""

_EBML = b"\x1a\x45\xdf\xa3"


def is_video_key(key: str) -> bool:
    """Return whether an object that is added by name is taken for a video, by its suffix."""
    return key.rpartition("/")[2].lower().endswith(VIDEO_SUFFIXES)


def is_mp4(head: bytes) -> bool:
    """Return whether a file that begins so is MP4 or QuickTime."""
    return head[4:8] in _BOXES


def require_container(subject: str, head: bytes) -> None:
    """Raise NotAVideo unless a file that begins so is MP4, QuickTime, Matroska (WebM too) or AVI."""
    is_riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    if not (is_riff or is_mp4(head) or head.startswith(_EBML)):
        raise NotAVideo(subject, rule=f"{NotAVideo.rule}; it begins with {_shown(head)}")


def _shown(head: bytes) -> str:
    return f"the bytes {head[:8].hex(' ')}" if head else "nothing: it is empty"
