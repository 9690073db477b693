# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read how to reach the cluster of a kubeconfig's context, with the credential.

This file reads certificates, keys, tokens and passwords in milliseconds and runs credential plugins (`exec`). Only for an
`auth-provider` it imports the official client's loader, which takes some tenths of a second.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..._mesh.errors import MeshError
from ..._mesh.fleet.contexts import Context, listed
from . import credential_plugin
from .access import Access, basic, bearer, read_file
from .kubeconfig_file import Kubeconfig, given, merged

_OF_HEADERS = "!#$&'*+-.^_`|~"  # allowed in a header's name besides letters and digits; kubectl escapes the rest
_INSTEAD = "Log in anew with kubectl, or put a credential plugin (exec) or a token in its place."


def load(source: str | Mapping[str, Any], context: str | None, alone: bool = True) -> tuple[str, Access]:
    """Return the context's name and the access to its cluster. With `alone`, refuse a context without a credential, because the task has none either."""
    config = given(source) if isinstance(source, Mapping) else merged(source)
    where = "the kubeconfig given as a dictionary" if isinstance(source, Mapping) else f"kubeconfig {source}"
    name = _context_name(config, context, where)
    chosen = _named(config, "contexts", name, where)
    cluster = _named(config, "clusters", chosen.get("cluster"), where)
    user = _named(config, "users", chosen["user"], where) if chosen.get("user") else {}
    access = _reach(cluster, name)
    if user.get("exec"):
        return name, _by_plugin(user, cluster, access, name)
    if user.get("auth-provider"):
        return name, _by_provider(user, access, name)
    return name, _by_user(access, user, name, alone)


def contexts(path: str) -> list[Context]:
    """Return all contexts of the file, without credentials."""
    config = merged(path)
    return [_pointing(config, name, f"kubeconfig {path}") for name in config.names("contexts")]


def _pointing(config: Kubeconfig, name: str, where: str) -> Context:
    chosen = _named(config, "contexts", name, where)
    cluster = _named(config, "clusters", chosen.get("cluster"), where)
    proxy = re.sub(r"//.*@", "//", str(cluster.get("proxy-url") or ""))  # without its password: this is shown
    through = " ".join(filter(None, (str(cluster.get("tls-server-name") or ""), proxy)))
    return Context(name, str(cluster.get("server") or ""), through)


def _context_name(config: Kubeconfig, context: str | None, where: str) -> str:
    names = config.names("contexts")
    if context is None and len(names) == 1:
        return names[0]
    if context is None:
        raise MeshError(f"Name the context of {where} to use with `context`; {listed(names)}.")
    if context not in names:
        raise MeshError(f"There is no context {context} in {where}; {listed(names, context)}. Correct `context`, or name the kubeconfig that has it.")
    return context


def _named(config: Kubeconfig, kind: str, name: str | None, where: str) -> dict[str, Any]:
    entry = config.entry(kind, name)
    if entry is None:
        raise MeshError(f"The {where.removeprefix('the ')} has no entry {name} among its {kind}. Add it, or correct what names it in the context.")
    return entry


def _reach(cluster: Mapping[str, Any], name: str) -> Access:
    if not cluster.get("server"):
        raise MeshError(f"The cluster of context {name} has no server in the kubeconfig. Enter the URL of its API server.")
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
            raise MeshError(f"The {key}-data of the kubeconfig is not base64. Write it anew, or name a file with {key}.") from error
    return read_file(entry[key], key) if entry.get(key) else None


def _by_user(access: Access, user: Mapping[str, Any], name: str, alone: bool) -> Access:
    credential = []
    if user.get("token") or user.get("tokenFile"):
        credential.append(bearer(_token(user)))
    elif user.get("username") and user.get("password"):
        credential.append(basic(user["username"], user["password"]))
    cert, key = _file_or_data(user, "client-certificate"), _file_or_data(user, "client-key")
    if alone and not credential and not cert:  # whom to impersonate is no credential: the server would take the request for an anonymous one
        missing = "Add a token, a client certificate or a credential plugin there, or give api_key"
        raise MeshError(f"The user of context {name} has no credential in the kubeconfig. {missing}.")
    headers = (*credential, *_impersonation(user, name))
    renew = (lambda: _by_user(access, user, name, alone)) if user.get("tokenFile") else None
    return replace(access, client_cert=cert, client_key=key, headers=headers, renew=renew)


def _token(user: Mapping[str, Any]) -> str:
    """Return the token. As in kubectl, a file with one goes before the one beside it, because somebody renews the file."""
    try:
        return read_file(user["tokenFile"], "token file").decode(errors="replace") if user.get("tokenFile") else str(user["token"])
    except MeshError:
        if not user.get("token"):
            raise
        return str(user["token"])


def _impersonation(user: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """Return the impersonation headers that kubectl would send: the user, UID, groups and extra values."""
    pairs = [("Impersonate-Uid", user.get("as-uid")), *(("Impersonate-Group", group) for group in user.get("as-groups") or [])]
    for key, values in (user.get("as-user-extra") or {}).items():
        pairs += [(f"Impersonate-Extra-{quote(str(key).lower(), safe=_OF_HEADERS)}", value) for value in values or []]
    headers = [(header, str(value)) for header, value in pairs if value]
    if headers and not user.get("as"):
        raise MeshError(f"The user of context {name} has as-uid, as-groups or as-user-extra in the kubeconfig, but no `as`. Add `as`, or remove the others.")
    return [("Impersonate-User", str(user["as"])), *headers] if user.get("as") else []


def _by_plugin(user: Mapping[str, Any], cluster: Mapping[str, Any], access: Access, name: str) -> Access:
    try:
        given = credential_plugin.issued(user["exec"], cluster, access)
    except MeshError as failed:
        raise MeshError(f"The credential plugin of context {name} gave no credential: {failed}.") from failed
    return replace(
        access,
        client_cert=given.client_cert,
        client_key=given.client_key,
        headers=(*([bearer(given.token)] if given.token else []), *_impersonation(user, name)),
        renew=lambda: _by_plugin(user, cluster, access, name),
    )


def _by_provider(user: Mapping[str, Any], access: Access, name: str) -> Access:
    """Ask the official loader. It writes certificates and keys to files, so it gets none, and the files that it still writes are removed at once."""
    try:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException, kube_config
    except ImportError as error:
        raise MeshError("The Python package kubernetes is needed for an auth-provider in a kubeconfig. Install it into Ansible's Python.") from error
    settings = Configuration()
    with _Said() as said:
        try:
            kube_config.load_kube_config_from_dict(_alone(user), context="it", client_configuration=settings, persist_config=False)
        except (ConfigException, OSError, KeyError, TypeError) as error:
            raise MeshError(f"The auth-provider of context {name} failed: {error}. {_INSTEAD}") from error
        finally:
            kube_config._cleanup_temp_files()
    token = settings.api_key.get("BearerToken") or settings.api_key.get("authorization")
    if not token:
        raise MeshError(f"The auth-provider of context {name} gave no credential: {said.text or 'it said nothing'}. {_INSTEAD}")
    headers = (("Authorization", token), *_impersonation(user, name))
    return replace(access, headers=headers, renew=lambda: _by_provider(user, access, name))


def _alone(user: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kubeconfig that holds nothing but the provider."""
    parts = (
        ("contexts", {"cluster": "it", "user": "it"}),
        ("clusters", {"server": "https://nowhere.invalid"}),
        ("users", {"auth-provider": user["auth-provider"]}),
    )
    return {kind: [{"name": "it", kind[:-1]: content}] for kind, content in parts}


class _Said(logging.Handler):
    """Keep what the official loader logs: it logs why a provider failed and continues without a credential."""

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
