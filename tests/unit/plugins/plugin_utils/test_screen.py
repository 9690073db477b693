# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.plugin_utils import screen


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    seen: list[tuple[str, dict[str, Any]]] = []

    class Screen:
        def display(self, text: str, **how: Any) -> None:
            seen.append((text, how))

    monkeypatch.setattr(screen, "Display", Screen)
    return seen


@pytest.mark.parametrize(("callback", "count"), [("default", 1), ("awx_display", 1), ("ansible.posix.debug", 1), ("json", 0), ("ansible.posix.jsonl", 0)])
def test_lines_are_shown_together_and_never_among_what_programs_read(
    displayed: list[Any], monkeypatch: pytest.MonkeyPatch, callback: str, count: int
) -> None:
    monkeypatch.setattr(screen.constants.config, "get_config_value", lambda _name: callback)
    screen.show(["a  table", "b  row"])
    assert displayed == [("a  table\nb  row", {})] * count


def test_nothing_is_no_empty_line(displayed: list[Any]) -> None:
    screen.show([])
    assert displayed == []


def test_what_is_mentioned_stands_beside_the_output(displayed: list[Any]) -> None:
    screen.mention("west: 12 of 2,000 proxies behind")
    assert displayed == [("west: 12 of 2,000 proxies behind", {"stderr": True})]
