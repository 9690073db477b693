# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables for people: aligned columns, at most as wide as a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

WIDTH = 120  # of a screen
_GAP = "  "


def lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table with aligned columns two spaces apart and a rule under the header."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    return _aligned(cells, _widths(cells))


def fitted(header: Sequence[str], rows: Iterable[Sequence[str]], yielding: Mapping[str, int], width: int = WIDTH) -> list[str]:
    """Return a table that is at most `width` wide if the columns of `yielding` can give way, each in turn down to its number of characters."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = _widths(cells)
    for name, least in yielding.items():
        over, column = sum(widths) + len(_GAP) * (len(widths) - 1) - width, header.index(name)
        widths[column] = max(min(widths[column], least), widths[column] - max(over, 0))
    columns = [apart(column, most) for column, most in zip(zip(*cells, strict=True), widths, strict=True)]
    return _aligned([list(row) for row in zip(*columns, strict=True)], widths)


def apart(texts: Sequence[str], most: int) -> list[str]:
    """Return the texts with at most so many characters each, without the part in the middle by whose loss most of them can still be told apart."""
    if all(len(text) <= most for text in texts):
        return list(texts)
    begins = sorted(range(most), key=lambda begin: abs(begin - most // 2))
    return max(([clipped(text, most, begin) for text in texts] for begin in begins), key=lambda short: len(set(short)))


def clipped(text: str, most: int, begin: int) -> str:
    """Return a text of at most `most` characters, of which `begin` are its first."""
    return text if len(text) <= most else f"{text[:begin]}…{text[len(text) - (most - begin - 1) :]}"


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]


def _aligned(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    aligned = [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [aligned[0], _GAP.join("-" * width for width in widths), *aligned[1:]]
