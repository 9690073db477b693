# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How `make sanity` shares the tests of ansible-test between its runs."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

MK = Path(__file__).resolve().parents[2] / "mk"


@pytest.fixture
def sanity(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(MK))
    return importlib.import_module("sanity")


def runs(monkeypatch: pytest.MonkeyPatch, sanity: Any, failing: str) -> tuple[int, list[list[str]]]:
    told: list[list[str]] = []

    def run(arguments: Sequence[str]) -> int:
        told.append([*arguments])
        return -9 if told[-1][-1] == failing else 0

    monkeypatch.setattr(sanity, "run", run)
    return sanity.all_tests(), told


def test_each_test_is_in_one_run_and_none_begins_without_the_environments(monkeypatch: pytest.MonkeyPatch, sanity: Any) -> None:
    status, (first, *told) = runs(monkeypatch, sanity, failing="")
    assert (status, first) == (0, ["--prime-venvs"])
    (others,) = (arguments for arguments in told if arguments[0] != "--test")
    assert others == [word for name in sanity.LONGEST for word in ("--skip-test", name)]
    assert sorted(arguments for arguments in told if arguments is not others) == sorted(["--test", name] for name in sanity.LONGEST)


@pytest.mark.parametrize("failing", ["--prime-venvs", "pylint", "import", "ansible-doc"])
def test_a_run_that_fails_or_is_killed_fails_all(monkeypatch: pytest.MonkeyPatch, sanity: Any, failing: str) -> None:
    status, told = runs(monkeypatch, sanity, failing)
    assert status != 0
    assert (len(told) == 1) == (failing == "--prime-venvs")
