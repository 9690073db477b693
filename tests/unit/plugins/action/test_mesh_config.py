# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where mesh_config needs no process of its own, and where it does."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import normal
from ansible_collections.meshops.lifecycle.plugins.action import mesh_config as action
from ansible_collections.meshops.lifecycle.plugins.module_utils._ansible.in_process import like_a_process
from ansible_collections.meshops.lifecycle.plugins.plugin_utils import in_process

MODULE = {"ran": "the module"}


@pytest.fixture
def task(monkeypatch, tmp_path):
    """Run the action. Return the module's result, or what the action would do in this process."""

    def go(connection: dict[str, Any] | None = None, environment: dict[str, Any] | None = None, interpreter: str = sys.executable, **keywords: Any) -> Any:
        made = object.__new__(action.ActionModule)
        made._task = SimpleNamespace(action="mesh_config", name="", **{"args": {"src": ["~/a"]}, "async_val": 0, "delegate_to": None, **keywords})
        made._connection = SimpleNamespace(**{"transport": "local", "become": None, **(connection or {})})
        made._loader, made._templar = SimpleNamespace(get_basedir=lambda: str(tmp_path)), SimpleNamespace(template=lambda value: value)
        monkeypatch.setattr(made, "_compute_environment_string", lambda out: out.update(environment or {}))
        monkeypatch.setattr(made, "_update_module_args", lambda name, args, told: args.update(_ansible_check_mode=True))
        monkeypatch.setattr(normal.ActionModule, "run", lambda *_: MODULE)
        monkeypatch.setattr(in_process, "run_here", lambda _work, given, **_: {"given": given, "cwd": os.getcwd(), "seen": os.environ.get("K8S_AUTH_HOST")})
        there = {"ansible_python_interpreter": interpreter}
        return made.run(None, {**there, "ansible_delegated_vars": {"far": {"ansible_python_interpreter": "/other"}, "near": there}})

    return go


@pytest.mark.parametrize("keywords", [
    pytest.param({"connection": {"transport": "ssh"}}, id="another host"),
    pytest.param({"connection": {"become": object()}}, id="another user"),
    pytest.param({"async_val": 10}, id="async"),
    pytest.param({"interpreter": "/usr/bin/python-other"}, id="another Python"),
    pytest.param({"interpreter": "auto"}, id="any Python"),
    pytest.param({"delegate_to": "far"}, id="another Python where it is delegated to"),
    pytest.param({"environment": {"PYTHONPATH": "/x"}}, id="an environment for a start"),
])  # fmt: skip
def test_a_module_is_used(task, keywords):
    assert task(**keywords) == MODULE


def test_no_module_is_used_with_the_same_surroundings(task, tmp_path):
    found = task(environment={"K8S_AUTH_HOST": 1}, delegate_to="near")
    assert found == {"given": {"src": ["~/a"], "_ansible_check_mode": True}, "cwd": str(tmp_path), "seen": "1"}
    assert "K8S_AUTH_HOST" not in os.environ
    assert os.getcwd() != str(tmp_path)


def test_the_surroundings_come_back_after_a_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", "mine")
    before = os.getcwd()
    seen = []

    def fail():
        with like_a_process({"KUBECONFIG": "theirs", "NEW": "1"}, str(tmp_path)):
            seen.append(os.environ["KUBECONFIG"])
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert seen == ["theirs"]
    assert (os.environ["KUBECONFIG"], os.environ.get("NEW"), os.getcwd()) == ("mine", None, before)
