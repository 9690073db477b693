# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pass a connection to Helm, through the few options of kubernetes.core.helm and the variables that Helm reads.

Secrets are passed only as the module's options: a task's variables appear in process arguments, and a file outlives a killed run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..connection import Connection
from ..errors import Refused
from .job_environment import filled, foreign
from .options import PATHS, joined
from .spared import spared

_NAME = "mesh"
_CA, _CONTEXT = "K8S_AUTH_SSL_CA_CERT", "K8S_AUTH_CONTEXT"
# Helm's variables that the controller's shell may hold. Each task sets them anew.
_HELMS = tuple(
    f"HELM_KUBE{name}" for name in ("APISERVER", "ASGROUPS", "ASUSER", "CAFILE", "CONTEXT", "INSECURE_SKIP_TLS_VERIFY", "TLS_SERVER_NAME", "TOKEN")
)
_INSTEAD = "Helm has no way to be told it; put it into the kubeconfig"


class NoWay(Refused):
    """Helm cannot reach the cluster as the options say; the message is half a sentence."""


@dataclass(frozen=True)
class Way:
    """The options of kubernetes.core.helm, and the environment of its task."""

    options: Mapping[str, Any]
    environment: Mapping[str, str]


def way(connection: Connection, environ: Mapping[str, str], expanded: Callable[[str], str]) -> Way:
    """Return how Helm reaches the cluster. Raise NoWay if Helm would reach it differently from this collection's modules, or not at all."""
    if wrong := faults(connection, environ):
        raise NoWay("; ".join(wrong))
    options = connection.options
    expanded_options = {**options, **{name: joined(options[name], expanded) for name in PATHS if isinstance(options.get(name), str)}}
    full = filled(expanded_options, environ)
    own = _of_kubeconfig(full, expanded) if "kubeconfig" in full else _of_host(full)
    theirs, silent = _silenced(options, environ), {name: "" for name in _HELMS if name in environ}
    # Only a token from mesh_kube goes into the task. The module finds a token of the environment there itself.
    key = {"api_key": options["api_key"]} if "api_key" in options else {}
    return Way({**theirs, **own.options, **key}, {**silent, **own.environment})


def _silenced(options: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return empty options for the task, so that the module does not take them from the environment.

    The module refuses ca_cert beside context, even if both are empty, and it counts the environment. So only the option that the environment sets is included.
    """
    theirs = foreign(options, environ)
    said = {"host": "K8S_AUTH_HOST", "api_key": "K8S_AUTH_API_KEY", "ca_cert": _CA}
    silent: dict[str, Any] = {name: "" for name, variable in said.items() if variable in theirs}
    if _CONTEXT in environ and _CA not in environ:
        silent["context"] = ""
    return silent


def faults(connection: Connection, environ: Mapping[str, str]) -> list[str]:
    """Return half sentences about options that Helm cannot take, so that preflight reports them before anything is written."""
    options = connection.options
    texts = [f"mesh_kube.{name}: {_INSTEAD}" for name in _never(options) if name in options]
    if urlsplit(options.get("proxy", "")).password:
        texts.append("mesh_kube.proxy has a password in it: it would have to go through a file to reach Helm; put it into the kubeconfig's proxy-url")
    if _CA in environ and _CONTEXT in environ:
        texts.append(f"the environment sets both {_CA} and {_CONTEXT}, which kubernetes.core.helm refuses together; unset one of them")
    return texts


def _never(options: Mapping[str, Any]) -> tuple[str, ...]:
    always = ("username", "password", "proxy_headers")
    whole = "kubeconfig" in options or "context" in options
    return (*always, "client_cert", "client_key", "proxy", "no_proxy") if whole else always


def _of_kubeconfig(full: Mapping[str, Any], expanded: Callable[[str], str]) -> Way:
    """Let Helm read the file itself: its module would copy a given kubeconfig, with the keys of all clusters, into a temporary file."""
    kubeconfig = full["kubeconfig"]
    given = isinstance(kubeconfig, Mapping)
    environment = {} if given else {"KUBECONFIG": joined(kubeconfig, expanded)}
    context = full.get("context") or (_only(kubeconfig) if given else None)
    variables = {
        "HELM_KUBECONTEXT": context,
        "HELM_KUBECAFILE": full.get("ca_cert"),
        "HELM_KUBEASUSER": full.get("impersonate_user"),
        "HELM_KUBEASGROUPS": ",".join(full.get("impersonate_groups") or []),
    }
    options = {"kubeconfig": kubeconfig if given else "", "validate_certs": full.get("validate_certs", True)}
    if "host" in full:
        options["host"] = full["host"]
    return Way(options, {**environment, **{name: value for name, value in variables.items() if value}})


def _only(kubeconfig: Mapping[str, Any]) -> str | None:
    names = [each.get("name") for each in kubeconfig.get("contexts") or [] if isinstance(each, Mapping)]
    return str(names[0]) if len(names) == 1 else None


def _of_host(full: Mapping[str, Any]) -> Way:
    """Return a kubeconfig without secrets: it holds the paths of keys, and a token is passed separately."""
    server, trusting = urlsplit(full.get("host", "")), full.get("validate_certs", True)
    proxy = None if spared(full.get("no_proxy", ""), server.hostname or "", server.port or 443) else full.get("proxy")
    cluster = {
        "server": full.get("host"),
        "certificate-authority": full.get("ca_cert") if trusting else None,
        "insecure-skip-tls-verify": not trusting,
        "proxy-url": proxy,
    }
    user = {
        "client-certificate": full.get("client_cert"),
        "client-key": full.get("client_key"),
        "as": full.get("impersonate_user"),
        "as-groups": full.get("impersonate_groups"),
    }
    parts: dict[str, dict[str, Any]] = {"cluster": cluster, "user": user, "context": {"cluster": _NAME, "user": _NAME}}
    kubeconfig = {f"{kind}s": [{"name": _NAME, kind: {key: value for key, value in part.items() if value}}] for kind, part in parts.items()}
    return Way({"kubeconfig": {"apiVersion": "v1", "kind": "Config", "current-context": _NAME, **kubeconfig}, "validate_certs": True}, {})
