# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Call kubernetes.core.helm without showing in the result how it was called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ..._kube.cluster import Cluster
from ..._kube.connect import ARGUMENTS
from ..._mesh.errors import Refused

MODULE = "kubernetes.core.helm"
_TEXT = {"type": "str"}
_TRUTH = {"type": "bool", "default": False}
TASK: dict[str, Any] = {
    "argument_spec": {
        "connection": {"type": "dict", "required": True},
        "release_name": {"type": "str", "required": True},
        "release_namespace": {"type": "str", "required": True},
        "state": {"choices": ["present", "absent"], "default": "present"},
        "chart_ref": _TEXT,
        "chart_repo_url": _TEXT,
        "chart_version": _TEXT,
        "release_values": {"type": "dict", "default": {}},
        "create_namespace": _TRUTH,
        "take_ownership": _TRUTH,
        "server_side": {"choices": ["auto", "true", "false"]},
        "wait": _TRUTH,
        "wait_timeout": {"type": "int"},
    }
}


def reconcile(_cluster: Cluster, _params: dict[str, Any]) -> NoReturn:
    raise Refused("The action plugin of helm_release does its work on the controller. Call helm_release from a task, not as a module.")


def asked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the module's arguments: the release, and the connection made for Helm in place of the play's module defaults."""
    release = {key: value for key, value in arguments.items() if key not in ARGUMENTS and key not in ("connection", "wait_timeout")}
    seconds = arguments.get("wait_timeout")
    return {**release, **({"timeout": f"{seconds}s"} if seconds else {}), **arguments["connection"]}
