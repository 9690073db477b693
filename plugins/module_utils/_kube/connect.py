# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect to the cluster that a task's options name. Only this file knows kubernetes.core."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from .._mesh.connection import Connection
from .._mesh.errors import MeshError, Refused
from .._mesh.reach.job_environment import filled
from .._mesh.reach.options import OPTIONS, read
from .cluster import Cluster
from .http.deadline import OPTIONS as LIMITS
from .http.deadline import Limits
from .http.transport import Transport
from .reach import kubeconfig, proxy
from .reach.access import Access, basic, bearer, read_file, safe

ARGUMENTS: dict[str, Any] = {
    **AUTH_ARG_SPEC,
    "cluster": {"type": "str"},
    "cluster_uid": {"type": "str"},
    **{name: {"type": "float"} for name in LIMITS},
}


class Connector(Protocol):
    """What connects a task to a second cluster."""

    def __call__(self, connection: Connection, *, dry_run: bool = False) -> Cluster: ...


def connect(params: Mapping[str, Any], *, dry_run: bool = False, environ: Mapping[str, str] | None = None, limits: Limits | None = None) -> Cluster:
    """Return the cluster that a task's options name. They may stand among the module's own options."""
    return connect_to(Connection.of_task({name: params.get(name) for name in OPTIONS}), dry_run=dry_run, environ=environ, limits=limits)


def connect_to(connection: Connection, *, dry_run: bool = False, environ: Mapping[str, str] | None = None, limits: Limits | None = None) -> Cluster:
    """Return the cluster of a connection; never the one that this process runs in or that a default kubeconfig points to.

    The environment may complete the options, but never those of a second cluster.
    """
    environ = os.environ if environ is None else environ
    name = str(connection.cluster)
    try:
        options = filled(read(connection.task, "kube" if connection.peer else ""), environ, peer=connection.peer)
        limits = limits or Limits.of(options)
        context, access = _access(options, environ)
        name = name or context or access.url.hostname or access.server
        access.tls(), access.proxy_tls()  # so that faults of certificates and proxies are reported here
    except MeshError as error:
        message = str(error) if not name or str(error).startswith(f"{name}: ") else f"{name}: {error}"
        raise type(error)(message.removesuffix(".") + ".", **error.facts) from error
    cluster = Cluster(Transport(access, name, limits=limits), name=name, dry_run=dry_run)
    if options.get("cluster_uid"):
        _pinned(cluster, options["cluster_uid"])
    return cluster


def _access(options: dict[str, Any], environ: Mapping[str, str]) -> tuple[str | None, Access]:
    credential = bool(options.get("api_key") or _pair(options, "username", "password") or _pair(options, "client_cert", "client_key"))
    if "host" in options and credential:
        return None, _overridden(Access(server=""), options, environ)
    if "kubeconfig" in options:
        context, access = kubeconfig.load(options["kubeconfig"], options.get("context"), alone=not credential)
        return context, _overridden(access, options, environ)
    if "host" in options:
        raise Refused(f"No credential is given for {options['host']}: add api_key, or client_cert and client_key.")
    raise Refused("No cluster is named: give kubeconfig and context, or host and api_key.")


def _pair(options: Mapping[str, Any], first: str, second: str) -> bool:
    if (first in options) != (second in options):
        lacking, given = (second, first) if first in options else (first, second)
        raise Refused(f"{given} is given without {lacking}. Give both, or neither.")
    return first in options


def _overridden(access: Access, options: dict[str, Any], environ: Mapping[str, str]) -> Access:
    given: dict[str, Any] = {}
    if "host" in options:
        given["server"] = options["host"].rstrip("/")
    if "ca_cert" in options:
        given["ca"] = read_file(options["ca_cert"], "CA certificate")
    if "validate_certs" in options:
        given["verify"] = options["validate_certs"]
    if "client_cert" in options:
        given["client_cert"] = read_file(options["client_cert"], "client certificate")
        given["client_key"] = read_file(options["client_key"], "client key")
    for key in ("proxy", "no_proxy"):
        if key in options:
            given[key] = options[key]
    if options.get("proxy_headers"):
        given["proxy_headers"] = _proxy_headers(options["proxy_headers"])
    changed = safe(_with_headers(replace(access, **given), options, environ))
    return changed if changed.proxy else replace(changed, proxy=proxy.of_environment(changed.url, changed.port, environ))


def _with_headers(access: Access, options: dict[str, Any], environ: Mapping[str, str]) -> Access:
    mine: list[tuple[str, str]] = []
    if "api_key" in options:
        mine.append(bearer(options["api_key"]))
    elif "username" in options:
        mine.append(basic(options["username"], options["password"]))
    if "impersonate_user" in options:
        mine.append(("Impersonate-User", options["impersonate_user"]))
    mine += [("Impersonate-Group", group) for group in options.get("impersonate_groups") or []]
    names = {name for name, _value in mine}
    renew = access.renew
    return replace(
        access,
        headers=tuple(pair for pair in access.headers if pair[0] not in names) + tuple(mine),
        renew=(lambda: _overridden(renew(), options, environ)) if renew and "Authorization" not in names else None,
    )


def _proxy_headers(options: Mapping[str, str | None]) -> dict[str, str]:
    def encoded(value: str) -> str:
        return "Basic " + base64.b64encode(value.encode()).decode()

    headers = {}
    if options.get("proxy_basic_auth"):
        headers["proxy-authorization"] = encoded(str(options["proxy_basic_auth"]))
    if options.get("basic_auth"):
        headers["authorization"] = encoded(str(options["basic_auth"]))
    if options.get("user_agent"):
        headers["user-agent"] = str(options["user_agent"])
    return headers


def _pinned(cluster: Cluster, uid: str) -> None:
    """Refuse the wrong cluster: a context is only a name, but the UID of kube-system identifies the cluster."""
    seen = cluster.uid()
    if seen != uid:
        raise Refused(
            f"{cluster.name}: the cluster at {cluster.server} is not the one pinned: kube-system has UID {seen}, the "
            f"inventory pins {uid}. Check the context, or correct cluster_uid if the cluster was rebuilt.",
            uid=seen,
        )


__all__ = ["ARGUMENTS", "Connector", "MeshError", "connect", "connect_to"]
