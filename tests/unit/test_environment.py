# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook that is run from a checkout, as `make demo` does, or by the project of AWX finds in its surroundings."""

from __future__ import annotations

import configparser
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

SUMMARY = "meshops.lifecycle.summary"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The program, without what it would have to make first."""
    monkeypatch.syspath_prepend(str(CHECKOUT / "mk"))
    made = importlib.import_module("environment")
    for name, value in {"programs": "/programs", "collections": tmp_path}.items():
        monkeypatch.setattr(made, name, lambda *_given, value=value: value)
    monkeypatch.setattr(os, "environ", {"PATH": "/bin"})
    yield made
    sys.modules.pop("environment")


def test_a_shell_gets_the_callback_that_repeats_the_summary(environment: Any, capsys: pytest.CaptureFixture[str]) -> None:
    environment.main(["env"])
    assert f"export ANSIBLE_CALLBACKS_ENABLED={SUMMARY}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("name", "own", "expected"), [("run", "", SUMMARY), ("run", "mine", "mine"), ("tools", "", "")])
def test_a_command_gets_it_too_unless_the_user_has_others(
    environment: Any, monkeypatch: pytest.MonkeyPatch, name: str, own: str, expected: str
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(os, "execvp", lambda program, _words: begun.append(program))
    os.environ.update({"ANSIBLE_CALLBACKS_ENABLED": own} if own else {})
    environment.main(["exec", name, "ansible-playbook"])
    assert (begun, os.environ.get("ANSIBLE_CALLBACKS_ENABLED", "")) == (["ansible-playbook"], expected)


def test_the_project_of_awx_enables_it() -> None:
    told = configparser.ConfigParser()
    told.read(CHECKOUT / "extensions/controller/project/ansible.cfg")
    assert told["defaults"]["callbacks_enabled"] == SUMMARY
