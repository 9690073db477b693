# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credential plugins of kubeconfigs, as client.authentication.k8s.io has them: a program is asked, and its answer goes through memory only."""

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


@dataclass(frozen=True)
class Issued:
    """What a plugin gave."""

    token: str | None = field(default=None, repr=False)
    client_cert: bytes | None = field(default=None, repr=False)
    client_key: bytes | None = field(default=None, repr=False)


def issued(told: Mapping[str, Any], cluster: Mapping[str, Any], access: Access, timeout: float = _LONGEST) -> Issued:
    """The answer of the plugin that a user's `exec` names. MeshError with half a sentence where there is none."""
    version, command = told.get("apiVersion"), told.get("command")
    if version not in _VERSIONS:
        raise MeshError(f"its apiVersion {version!r} is none of {', '.join(_VERSIONS)}")
    if not command:
        raise MeshError("the kubeconfig names no command for it")
    if told.get("interactiveMode") == "Always":
        raise MeshError(f"{command} wants to talk to somebody (interactiveMode: Always), and nobody sits before this task")
    spec: dict[str, Any] = {"interactive": False}
    if told.get("provideClusterInfo"):
        spec["cluster"] = _described(cluster, access)
    answer = _asked(told, {"apiVersion": version, "kind": "ExecCredential", "spec": spec}, timeout)
    if answer.get("kind") != "ExecCredential" or answer.get("apiVersion") != version:
        raise MeshError(f"{command} answered with something else than an ExecCredential of {version}")
    return _read(answer.get("status"), str(command))


def _described(cluster: Mapping[str, Any], access: Access) -> dict[str, Any]:
    """Its certificates travel as data: the plugin may stand in another directory."""
    found: dict[str, Any] = {key: cluster[key] for key in ("server", "tls-server-name", "proxy-url", "disable-compression") if cluster.get(key)}
    if not access.verify:
        found["insecure-skip-tls-verify"] = True
    if access.ca:
        found["certificate-authority-data"] = base64.b64encode(access.ca).decode()
    configured = [each["extension"] for each in cluster.get("extensions") or [] if each.get("name") == _EXTENSION and each.get("extension")]
    return {**found, "config": configured[0]} if configured else found


def _asked(told: Mapping[str, Any], question: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    command = str(told["command"])
    environment = {**os.environ, **{str(each["name"]): str(each["value"]) for each in told.get("env") or []}}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(question)
    arguments = [command, *(str(each) for each in told.get("args") or [])]
    try:
        # Ansible's run_command would show the environment in its own errors, and is not there in an action.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            arguments, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise MeshError(f"{command} gave no answer within {timeout:g} s; perhaps it waits for somebody to log in. Log in before the run") from late
    except OSError as error:
        hint = " ".join(str(told.get("installHint") or "").split()).rstrip(".")
        raise MeshError(f"{command} cannot be run: {error.strerror or type(error).__name__}{'. ' + hint if hint else ''}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-400:].rstrip(".")
        raise MeshError(f"{command} returned {done.returncode}: {said or 'it said nothing'}")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None  # the answer holds a credential, so not even the parser's words about it are shown
    if not isinstance(answer, dict):
        raise MeshError(f"{command} answered with something that is no JSON")
    return answer


def _read(status: Any, command: str) -> Issued:
    given = status if isinstance(status, Mapping) else {}
    token, certificate, key = (given.get(name) or "" for name in ("token", "clientCertificateData", "clientKeyData"))
    if bool(certificate) != bool(key):
        raise MeshError(f"{command} gave a client {'certificate without a key' if certificate else 'key without a certificate'}")
    if not token and not certificate:
        raise MeshError(f"{command} answered with neither a token nor a client certificate")
    return Issued(str(token) or None, str(certificate).encode() or None, str(key).encode() or None)
