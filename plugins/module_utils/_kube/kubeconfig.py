# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a context of a kubeconfig to the way to its cluster: read the credential.

Certificates, keys, tokens and passwords are read here, in milliseconds; for credential plugins (`exec`, `auth-provider`)
the official client's loader is imported, which takes some tenths of a second.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._mesh.discovery import Context
from .._mesh.errors import MeshError
from .access import Access, basic, bearer, read_file
from .kubeconfig_file import Kubeconfig, given, merged


def load(source: str | Mapping[str, Any], context: str | None) -> tuple[str, Access]:
    """The context's name and the way to its cluster."""
    config = given(source) if isinstance(source, Mapping) else merged(source)
    where = "the kubeconfig given as a dictionary" if isinstance(source, Mapping) else f"kubeconfig {source}"
    name = _context_name(config, context, where)
    chosen = _named(config, "contexts", name, where)
    cluster = _named(config, "clusters", chosen.get("cluster"), where)
    user = _named(config, "users", chosen["user"], where) if chosen.get("user") else {}
    access = _reach(cluster, name)
    if "exec" in user or "auth-provider" in user:
        return name, _by_plugin(_alone(name, chosen, cluster, user), name, access, _impersonation(user))
    return name, _by_user(access, user, name)


def contexts(path: str) -> list[Context]:
    """What the file points at, without its credentials."""
    config = merged(path)
    return [_pointing(config, name, f"kubeconfig {path}") for name in config.names("contexts")]


def _pointing(config: Kubeconfig, name: str, where: str) -> Context:
    chosen = _named(config, "contexts", name, where)
    cluster = _named(config, "clusters", chosen.get("cluster"), where)
    through = " ".join(str(cluster[key]) for key in ("tls-server-name", "proxy-url") if cluster.get(key))
    return Context(name, str(cluster.get("server") or ""), through)


def _context_name(config: Kubeconfig, context: str | None, where: str) -> str:
    names = sorted(config.names("contexts"))
    listed = ", ".join(names) or "none"
    if context is None and len(names) == 1:
        return names[0]
    if context is None:
        raise MeshError(f"Say which context of {where} to use with `context`; there are: {listed}.")
    if context not in names:
        raise MeshError(f"There is no context {context} in {where}; there are: {listed}.")
    return context


def _named(config: Kubeconfig, kind: str, name: str | None, where: str) -> dict[str, Any]:
    found = config.entry(kind, name)
    if found is None:
        raise MeshError(f"The {where.removeprefix('the ')} has no entry {name} among its {kind}.")
    return found


def _alone(name: str, context: Mapping[str, Any], cluster: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    """A kubeconfig of one context, for the official loader."""
    parts = (("contexts", name, context), ("clusters", context["cluster"], cluster), ("users", context["user"], user))
    return {kind: [{"name": each, kind[:-1]: dict(content)}] for kind, each, content in parts}


def _reach(cluster: Mapping[str, Any], name: str) -> Access:
    if not cluster.get("server"):
        raise MeshError(f"The cluster of context {name} has no server in the kubeconfig.")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        ca=_file_or_data(cluster, "certificate-authority"),
        verify=not cluster.get("insecure-skip-tls-verify"),
        tls_server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
    )


def _file_or_data(entry: Mapping[str, Any], key: str) -> bytes | None:
    if entry.get(key + "-data"):
        try:
            return base64.b64decode("".join(entry[key + "-data"].split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise MeshError(f"The {key}-data of the kubeconfig is not base64.") from error
    return read_file(entry[key], key) if entry.get(key) else None


def _by_user(access: Access, user: Mapping[str, Any], name: str) -> Access:
    headers = []
    if user.get("token"):
        headers.append(bearer(str(user["token"])))
    elif user.get("tokenFile"):
        headers.append(bearer(read_file(user["tokenFile"], "token file").decode()))
    elif user.get("username") and user.get("password"):
        headers.append(basic(user["username"], user["password"]))
    headers += _impersonation(user)
    cert, key = _file_or_data(user, "client-certificate"), _file_or_data(user, "client-key")
    if not headers and not cert:
        raise MeshError(f"The user of context {name} has no credential in the kubeconfig.")
    renew = (lambda: _by_user(access, user, name)) if user.get("tokenFile") else None
    return replace(access, client_cert=cert, client_key=key, headers=tuple(headers), renew=renew)


def _impersonation(user: Mapping[str, Any]) -> list[tuple[str, str]]:
    groups = [("Impersonate-Group", group) for group in user.get("as-groups") or []]
    return [("Impersonate-User", user["as"]), *groups] if user.get("as") else []


def _by_plugin(config: Mapping[str, Any], name: str, access: Access, others: list[tuple[str, str]]) -> Access:
    try:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException, load_kube_config_from_dict
    except ImportError as error:
        raise MeshError("The Python package kubernetes is needed for credential plugins in kubeconfigs.") from error
    settings = Configuration()
    with _Said() as said:
        try:
            load_kube_config_from_dict(dict(config), context=name, client_configuration=settings, persist_config=False)
        except (ConfigException, OSError, KeyError, TypeError) as error:
            raise MeshError(f"The credential plugin of context {name} failed: {error}.") from error
    token = settings.api_key.get("BearerToken") or settings.api_key.get("authorization")
    if not token and not settings.cert_file:
        raise MeshError(f"The credential plugin of context {name} gave no credential: {said.text or 'it said nothing'}.")
    return replace(
        access,
        client_cert=read_file(settings.cert_file, "client certificate") if settings.cert_file else None,
        client_key=read_file(settings.key_file, "client key") if settings.key_file else None,
        headers=(*([("Authorization", token)] if token else []), *others),
        renew=lambda: _by_plugin(config, name, access, others),
    )


class _Said(logging.Handler):
    """The official loader logs why a plugin failed and goes on without a credential; this keeps what it said."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = " ".join(record.getMessage().split()).rstrip(".")

    def __enter__(self) -> _Said:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_exc: object) -> None:
        logging.getLogger().removeHandler(self)
