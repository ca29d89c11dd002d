"""Tables that fit the terminal: text is folded between words, and names are kept whole, so that they can be copied."""

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len

GAP = "  "


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], is_number: Sequence[bool], room: int | None
) -> list[str]:
    """Lay out a table, or, where it has no `room`, each row as a block of its own: a line for each column.

    room: columns of the terminal; None where nothing is too wide, such as a file: each row is one line then
    """
    widths = _widths([columns, *rows], room)
    if widths is None:
        return _blocks(columns, rows, room or 0)
    head = _row(columns, widths, is_number)
    rule = GAP.join("─" * width for width in widths)
    body = [line for row in rows for line in _row(row, widths, is_number)]
    return [*head, rule, *body] if any(columns) else body


def _widths(table: Sequence[Sequence[str]], room: int | None) -> list[int] | None:
    """Give each column's width: all that it needs, or the widest narrowed, no word cut. None where that is too wide."""
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    if room is None:
        return widths
    least = [max(_longest_word(cell) for cell in column) for column in zip(*table, strict=True)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > room:
        spare = [number for number, width in enumerate(widths) if width > least[number]]
        if not spare:
            return None
        widths[max(spare, key=lambda number: widths[number])] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _row(cells: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> list[str]:
    """Give the lines of one row: as many as its tallest cell has."""
    folded = [fold(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        GAP.join(
            _padded(lines[number] if number < len(lines) else "", width, to_the_right=right)
            for lines, width, right in zip(folded, widths, is_number, strict=True)
        ).rstrip()
        for number in range(max(map(len, folded)))
    ]


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[str]:
    """Give each row as lines of name and value, with an empty line between rows."""
    names = max(map(cell_len, columns))
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        for column, cell in zip(columns, row, strict=True):
            first, *more = fold(cell, max(room - names - len(GAP), _longest_word(cell), 1))
            lines.append(f"{_padded(column, names)}{GAP}{first}".rstrip())
            lines += [f"{' ' * names}{GAP}{each}" for each in more]
    return lines


def fold(text: str, width: int) -> list[str]:
    """Break a text between words; a word that is wider than `width` stays whole."""
    if cell_len(text) <= width:
        return [text]
    return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _padded(text: str, width: int, *, to_the_right: bool = False) -> str:
    """Fill up to a width as a terminal counts it: some characters are two columns wide."""
    spaces = " " * (width - cell_len(text))
    return spaces + text if to_the_right else text + spaces
