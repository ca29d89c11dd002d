"""Names that look right and match nothing: how to show what cannot be seen, and which name is most likely meant."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_BLANK = {*map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)), *map(chr, range(0xFE00, 0xFE10))}
"""Letters and marks that are drawn as nothing (Default_Ignorable_Code_Point, Unicode 15.1), and Braille's blank."""


def printable(text: str) -> str:
    """Escape what cannot be seen: control and zero-width characters, and accents apart from their letters."""
    if text.isascii() and text.isprintable():  # nearly every name: a page of sixty visits shows hundreds
        return text
    is_decomposed = unicodedata.normalize("NFC", text) != text
    # Each character once, however often it is there: a chart has tens of thousands.
    hidden: dict[int, str] = {
        ord(each): _escaped(each) for each in set(text) if _is_hidden(each, is_decomposed=is_decomposed)
    }
    return text.translate(hidden) if hidden else text


def _is_hidden(character: str, *, is_decomposed: bool) -> bool:
    is_drawn = character.isprintable() and character not in _BLANK
    return not is_drawn or (is_decomposed and bool(unicodedata.combining(character)))


def _escaped(character: str) -> str:
    return "\\x20" if character == " " else character.encode("unicode_escape").decode()


def visible(name: str) -> str:
    """Return a name in which every character can be seen, also a blank at either end."""
    inner = name.strip(" ")
    before, _, after = name.partition(inner) if inner else (name, "", "")
    return "\\x20" * len(before) + printable(inner) + "\\x20" * len(after)


def plain_name(name: str) -> str:
    """Return the form that names have in common if they look alike: composed, without hidden characters and end blanks.

    A slash at the end goes as well: people paste a folder where its camera is asked for.
    """
    composed = unicodedata.normalize("NFC", name)
    seen = "".join(each for each in composed if unicodedata.category(each) != "Cf" and each not in _BLANK)
    return " ".join(seen.split()).rstrip("/ ")


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that this one certainly means: itself, or the only one that looks the same."""
    names = set(known)
    if name in names:
        return name
    alike = [each for each in names if plain_name(each) == plain_name(name)]
    return alike[0] if len(alike) == 1 else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that this one is most like; None if it is like none."""
    by_form = {plain_name(each).casefold(): each for each in sorted(known)}
    found = get_close_matches(plain_name(name).casefold(), by_form, n=1)
    return by_form[found[0]] if found else None


def look_alikes(names: Iterable[str]) -> list[list[str]]:
    """Return the groups of different names that people cannot tell apart."""
    groups: dict[str, list[str]] = {}
    for each in sorted(set(names)):
        groups.setdefault(plain_name(each), []).append(each)
    return [group for group in groups.values() if len(group) > 1]
