# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's connection options to a Cluster: the only file that knows kubernetes.core."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from .._mesh.errors import MeshError, Refused
from . import killpoint, kubeconfig
from .access import Access, basic, bearer, read_file
from .cluster import Cluster
from .deadline import OPTIONS, Limits

ARGUMENTS: dict[str, Any] = {
    **AUTH_ARG_SPEC,
    "cluster": {"type": "str"},
    "cluster_uid": {"type": "str"},
    **{name: {"type": "float"} for name in OPTIONS},
}

# The option, and the other name under which kubernetes.core reads it from the environment.
_ALIASES = {"validate_certs": "verify_ssl", "ca_cert": "ssl_ca_cert", "client_cert": "cert_file", "client_key": "key_file"}
_TARGET = ("host", "api_key", "username", "password", "client_cert", "client_key", "ca_cert")
_PROXY_HEADERS = ("proxy_basic_auth", "basic_auth", "user_agent")


def connect(
    params: Mapping[str, Any],
    *,
    dry_run: bool = False,
    environ: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Cluster:
    """A Cluster for the target that was named; never the one this process happens to run in or point at."""
    environ = os.environ if environ is None else environ
    options = _options(params, environ)
    try:
        limits = limits or Limits.of(params)
        context, access = _access(options, environ)
    except MeshError as error:
        told = f"{params['cluster']}: " if params.get("cluster") else ""
        raise type(error)(f"{told}{error}", **error.facts) from error
    name = params.get("cluster") or context or access.url.hostname or access.server
    cluster = Cluster(killpoint.transport(access, name, limits), name=name, dry_run=dry_run)
    if params.get("cluster_uid"):
        _pinned(cluster, params["cluster_uid"])
    return cluster


def _options(params: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """What the task says, and where it says nothing the K8S_AUTH_* variables that kubernetes.core reads.

    A host and a credential in the environment (automation platforms set them) never redirect a task that names a context.
    """
    found = {key: params.get(key) for key in AUTH_ARG_SPEC}
    named = bool(found["kubeconfig"] or found["context"])
    for key in found:
        if named and key in _TARGET:
            continue
        told = environ.get(f"K8S_AUTH_{key.upper()}") or environ.get(f"K8S_AUTH_{_ALIASES.get(key, key).upper()}")
        if found[key] is None and told:
            kind = AUTH_ARG_SPEC[key].get("type")
            found[key] = told.lower() not in ("0", "false", "no") if kind == "bool" else told
            if kind == "list":
                found[key] = [part for part in told.split(",") if part]
    if found["proxy_headers"] is None:
        names = {key: environ.get(f"K8S_AUTH_PROXY_HEADERS_{key.upper()}") for key in _PROXY_HEADERS}
        found["proxy_headers"] = {key: value for key, value in names.items() if value}
    return found


def _access(options: dict[str, Any], environ: Mapping[str, str]) -> tuple[str | None, Access]:
    credential = options["api_key"] or (options["username"] and options["password"]) or (options["client_cert"] and options["client_key"])
    if options["host"] and credential:
        return None, _overridden(Access(server=""), options)
    if options["kubeconfig"] not in (None, "") or options["context"]:
        source = options["kubeconfig"]
        if source in (None, ""):
            source = environ.get("KUBECONFIG") or "~/.kube/config"
        context, access = kubeconfig.load(source, options["context"])
        return context, _overridden(access, options)
    if options["host"]:
        raise Refused(f"No credential is given for {options['host']}: add api_key, or client_cert and client_key.")
    raise Refused("No cluster is named: give kubeconfig and context, or host and api_key.")


def _overridden(access: Access, options: dict[str, Any]) -> Access:
    given: dict[str, Any] = {}
    if options["host"]:
        given["server"] = str(options["host"]).rstrip("/")
    if options["ca_cert"]:
        given["ca"] = read_file(options["ca_cert"], "CA certificate")
    if options["validate_certs"] is not None:
        given["verify"] = bool(options["validate_certs"])
    if options["client_cert"] and options["client_key"]:
        given["client_cert"] = read_file(options["client_cert"], "client certificate")
        given["client_key"] = read_file(options["client_key"], "client key")
    for key in ("proxy", "no_proxy"):
        if options[key]:
            given[key] = options[key]
    if options["proxy_headers"]:
        given["proxy_headers"] = _proxy_headers(options["proxy_headers"])
    return _with_headers(replace(access, **given), options)


def _with_headers(access: Access, options: dict[str, Any]) -> Access:
    mine: list[tuple[str, str]] = []
    if options["api_key"]:
        mine.append(bearer(options["api_key"]))
    elif options["username"] and options["password"]:
        mine.append(basic(options["username"], options["password"]))
    if options["impersonate_user"]:
        mine.append(("Impersonate-User", options["impersonate_user"]))
    mine += [("Impersonate-Group", group) for group in options["impersonate_groups"] or []]
    names = {name for name, _value in mine}
    renew = access.renew
    return replace(
        access,
        headers=tuple(pair for pair in access.headers if pair[0] not in names) + tuple(mine),
        renew=(lambda: _overridden(renew(), options)) if renew and "Authorization" not in names else None,
    )


def _proxy_headers(told: Mapping[str, str | None]) -> dict[str, str]:
    def encoded(value: str) -> str:
        return "Basic " + base64.b64encode(value.encode()).decode()

    headers = {}
    if told.get("proxy_basic_auth"):
        headers["proxy-authorization"] = encoded(str(told["proxy_basic_auth"]))
    if told.get("basic_auth"):
        headers["authorization"] = encoded(str(told["basic_auth"]))
    if told.get("user_agent"):
        headers["user-agent"] = str(told["user_agent"])
    return headers


def _pinned(cluster: Cluster, uid: str) -> None:
    """A context is only a name; the UID of kube-system is the cluster itself."""
    seen = cluster.uid()
    if seen != uid:
        raise Refused(
            f"{cluster.name}: the cluster at {cluster.server} is not the one pinned: kube-system has UID {seen}, the "
            f"inventory pins {uid}. Check the context, or correct cluster_uid if the cluster was rebuilt.",
            uid=seen,
        )


__all__ = ["ARGUMENTS", "MeshError", "connect"]
