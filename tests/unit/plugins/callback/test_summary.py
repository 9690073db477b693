# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the callback keeps of a run and shows at its end. That it comes after Ansible's own last lines, tests/api/test_screen.py shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.callback import summary


def done(uuid: str, said: str | None, action: str = "meshops.lifecycle.show") -> Any:
    result = {} if said is None else {"summary": said}
    return SimpleNamespace(_task=SimpleNamespace(action=action, _uuid=uuid), _result=result)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    seen: list[list[str]] = []
    monkeypatch.setattr(summary, "show", seen.append)
    return seen


def test_the_last_summary_of_each_task_is_shown_at_the_end(shown: list[list[str]]) -> None:
    callback = summary.CallbackModule()
    for result in (done("a", "1 of 2"), done("b", "all ok"), done("a", "2 of 2"), done("c", None), done("d", ""), done("e", "no", "ansible.builtin.debug")):
        callback.v2_runner_on_ok(result)
    assert shown == []
    callback.v2_playbook_on_stats(None)
    assert shown == [["2 of 2", "all ok"]]


def test_a_run_without_any_shows_nothing(shown: list[list[str]]) -> None:
    summary.CallbackModule().v2_playbook_on_stats(None)
    assert shown == [[]]


def test_it_runs_only_if_it_is_asked_for_and_beside_the_callback_for_the_screen() -> None:
    assert (summary.CallbackModule.CALLBACK_TYPE, summary.CallbackModule.CALLBACK_NEEDS_ENABLED) == ("aggregate", True)
