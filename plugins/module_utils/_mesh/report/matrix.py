# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show people which clusters reach which, by the answers that each cluster's probe got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from ..few_names import few
from .columns import fitted
from .symbols import BAD, GOOD

# By cluster how often each cluster answered it, or a sentence that says why its probe asked nobody.
Answers = Mapping[str, Union[Mapping[str, int], str]]  # noqa: UP007 - sanity's pylint knows no other
_NOBODY = "·"  # was not asked
_MOST = 24  # columns of a matrix that a person can follow
_FEW = 5


def matrix(answers: Answers, wanted: int) -> list[str]:
    """Return a row for each cluster that asks and a column for each that answers; of very many clusters only those that miss some."""
    asking, targets = sorted(answers), sorted({*answers, *(target for asked in answers.values() if not isinstance(asked, str) for target in asked)})
    unasked = [f"{BAD} {name}: {asked.removeprefix(f'{name}: ')}" for name in asking if isinstance(asked := answers[name], str)]
    if len(targets) > _MOST:
        return [*_missing(answers, wanted), *unasked]
    number = {name: str(place) for place, name in enumerate(targets, 1)}
    rows = [[f"{number[name]} {name}", *(_cell(answers[name], target, wanted) for target in targets)] for name in asking]
    return [*fitted(("ASKS", *number.values()), rows, {"ASKS": 20}), *unasked]


def reached(answers: Answers, wanted: int) -> str:
    """Return one line: how many of the paths answer, and the first of those that do not."""
    late, paths, silent = _late(answers, wanted)
    well = f"{paths - len(late)} of {paths} paths between {len(answers)} clusters answer over mTLS"
    said = [*([f"not {few(late, _FEW)}"] if late else []), *([f"{few(silent, _FEW)} asked nobody"] if silent else [])]
    return f"{BAD if said else GOOD} {'; '.join([well, *said])}"


def counted(answers: Answers, wanted: int) -> tuple[int, int, list[str]]:
    """Return how many of the paths answer, how many there are, and the clusters that asked nobody."""
    late, paths, silent = _late(answers, wanted)
    return paths - len(late), paths, silent


def _late(answers: Answers, wanted: int) -> tuple[list[str], int, list[str]]:
    """Return the paths that do not answer, how many paths there are, and the clusters that asked nobody."""
    asking = [(name, asked) for name, asked in sorted(answers.items()) if not isinstance(asked, str)]
    paths = [(name, target, count >= wanted) for name, asked in asking for target, count in sorted(asked.items())]
    return [f"{name} to {target}" for name, target, well in paths if not well], len(paths), [name for name in sorted(answers) if isinstance(answers[name], str)]


def _cell(asked: Mapping[str, int] | str, target: str, wanted: int) -> str:
    if isinstance(asked, str) or target not in asked:
        return _NOBODY
    return GOOD if asked[target] >= wanted else BAD


def _missing(answers: Answers, wanted: int) -> list[str]:
    lines = []
    for name, asked in sorted(answers.items()):
        late = [] if isinstance(asked, str) else sorted(target for target, count in asked.items() if count < wanted)
        if late:
            lines.append(f"{BAD} {name} reaches {len(asked) - len(late)} of {len(asked)}, not {few(late, _FEW)}")
    return lines
