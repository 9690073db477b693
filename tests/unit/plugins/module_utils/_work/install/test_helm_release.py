# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm's module gets the connection, and nothing of it comes back."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._ansible.quiet import quiet
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import helm_release

TOKEN = "t0ken-of-east"
CONNECTION = {"host": "https://east.example:6443", "api_key": TOKEN, "validate_certs": True}
# As a task has them: what the play gives to the whole group, the connection for Helm, the release.
ARGUMENTS = {
    "host": "https://east.example:6443", "api_key": TOKEN, "cluster": "east", "cluster_uid": "1", "request_timeout": 3.0,
    "connection": CONNECTION, "release_name": "istiod", "release_namespace": "istio-system", "chart_ref": "/charts/istiod", "release_values": {"a": 1},
}  # fmt: skip


def test_the_module_is_asked_for_the_release_by_helms_own_connection():
    assert helm_release.asked(ARGUMENTS) == {
        **CONNECTION, "release_name": "istiod", "release_namespace": "istio-system", "chart_ref": "/charts/istiod", "release_values": {"a": 1},
    }  # fmt: skip


def test_helm_waits_as_long_as_the_task_says():
    asked = helm_release.asked({**ARGUMENTS, "wait": True, "wait_timeout": 600})
    assert (asked["wait"], asked["timeout"], "wait_timeout" in asked) == (True, "600s", False), "kubernetes.core takes wait_timeout away in 7.0"


@dataclass
class Trace:
    text: str


def test_what_comes_back_has_no_invocation_and_no_secret_wherever_it_stands():
    kubeconfig = {"users": [{"user": {"token": "t0ken-in-a-dictionary", "exec": {"env": [{"name": "SECRET_KEY", "value": "wJalrXUtnFEMI"}]}}}]}
    arguments = {**ARGUMENTS, "connection": {**CONNECTION, "kubeconfig": kubeconfig}}
    result = {
        "invocation": {"module_args": arguments},
        "changed": True, "rc": 1, "status": None, "msg": f"helm failed: {TOKEN}",
        "stdout_lines": ["fine", f"{base64.b64encode(TOKEN.encode()).decode()} t0ken-in-a-dictionary"],
        "status_of": {"deep": [{"env": "wJalrXUtnFEMI"}]}, "exception": Trace(f"at {TOKEN}"), "warning": Trace("careful"),
    }  # fmt: skip
    shown = quiet(result, arguments)
    assert "invocation" not in shown
    assert (shown["changed"], shown["rc"], shown["status"], shown["stdout_lines"][0], shown["warning"]) == (True, 1, None, "fine", Trace("careful"))
    for secret in (TOKEN, base64.b64encode(TOKEN.encode()).decode(), "t0ken-in-a-dictionary", "wJalrXUtnFEMI"):
        assert secret not in json.dumps(shown, default=repr)


def test_it_is_no_module():
    with pytest.raises(Refused, match="does its work on the controller"):
        helm_release.reconcile(None, {})
