# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the credential plugins of kubeconfigs (client.authentication.k8s.io). Their answers stay in memory."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.errors import MeshError
from .access import Access

_GROUP = "client.authentication.k8s.io/"
_VERSIONS = tuple(_GROUP + version for version in ("v1", "v1beta1", "v1alpha1"))
_EXTENSION = "client.authentication.k8s.io/exec"
_LONGEST = 120.0
_BY_HAND = "Run it by hand where Ansible runs, and log in if it asks for that"
_INSTALL = "Install it where Ansible runs, in AWX in the execution environment"


@dataclass(frozen=True)
class PluginCredential:
    """The credential that a plugin returned."""

    token: str | None = field(default=None, repr=False)
    client_cert: bytes | None = field(default=None, repr=False)
    client_key: bytes | None = field(default=None, repr=False)


def issued(plugin: Mapping[str, Any], cluster: Mapping[str, Any], access: Access, timeout: float = _LONGEST) -> PluginCredential:
    """Run the plugin that a user's `exec` names and return its credential. Raise MeshError with half a sentence if there is none; `timeout` in seconds."""
    version, command = plugin.get("apiVersion"), plugin.get("command")
    if version not in _VERSIONS:
        raise MeshError(f"its apiVersion {version!r} is none of {', '.join(_VERSIONS)}. Have the program that wrote it write it anew")
    if not command:
        raise MeshError("the kubeconfig names no command for it. Enter the program")
    if plugin.get("interactiveMode") == "Always":
        raise MeshError(f"{command} wants to ask a person (interactiveMode: Always), and a task has nobody to answer. Use a token or another program")
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = _described(cluster, access)
    answer = _asked(plugin, {"apiVersion": version, "kind": "ExecCredential", "spec": spec}, timeout)
    if answer.get("kind") != "ExecCredential" or answer.get("apiVersion") != version:
        raise MeshError(f"{command} did not answer with an ExecCredential of {version}. {_BY_HAND}")
    return _read(answer.get("status"), str(command))


def _described(cluster: Mapping[str, Any], access: Access) -> dict[str, Any]:
    """Describe the cluster to the plugin, with certificates as data, because the plugin may run in another directory."""
    described: dict[str, Any] = {key: cluster[key] for key in ("server", "tls-server-name", "proxy-url", "disable-compression") if cluster.get(key)}
    if not access.verify:
        described["insecure-skip-tls-verify"] = True
    if access.ca:
        described["certificate-authority-data"] = base64.b64encode(access.ca).decode()
    configured = [each["extension"] for each in cluster.get("extensions") or [] if each.get("name") == _EXTENSION and each.get("extension")]
    return {**described, "config": configured[0]} if configured else described


def _asked(plugin: Mapping[str, Any], question: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    command = str(plugin["command"])
    environment = {**os.environ, **{str(each["name"]): str(each["value"]) for each in plugin.get("env") or []}}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(question)
    arguments = [command, *(str(each) for each in plugin.get("args") or [])]
    try:
        # Ansible's run_command would show the environment in its errors, and an action does not have it.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            arguments, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise MeshError(f"{command} gave no answer within {timeout:g} s; perhaps it waits for somebody to log in. Log in before the run") from late
    except OSError as error:
        hint = " ".join(str(plugin.get("installHint") or "").split()).rstrip(".")
        raise MeshError(f"{command} cannot be run: {error.strerror or type(error).__name__}. {hint or _INSTALL}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-400:].rstrip(".")
        raise MeshError(f"{command} returned {done.returncode}: {said or 'it said nothing'}. {_BY_HAND}")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None  # the answer holds a credential, so the parser's error, which may quote it, is not shown
    if not isinstance(answer, dict):
        raise MeshError(f"{command} did not answer with JSON. {_BY_HAND}")
    return answer


def _read(status: Any, command: str) -> PluginCredential:
    given = status if isinstance(status, Mapping) else {}
    token, certificate, key = (given.get(name) or "" for name in ("token", "clientCertificateData", "clientKeyData"))
    if bool(certificate) != bool(key):
        raise MeshError(f"{command} gave a client {'certificate without a key' if certificate else 'key without a certificate'}. {_BY_HAND}")
    if not token and not certificate:
        raise MeshError(f"{command} answered with neither a token nor a client certificate. {_BY_HAND}")
    return PluginCredential(str(token) or None, str(certificate).encode() or None, str(key).encode() or None)
