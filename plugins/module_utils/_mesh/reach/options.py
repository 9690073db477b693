# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the options of kubernetes.core that say how to reach a cluster. They mean the same for a task's own cluster, for others and for Helm."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Refused
from .content import content_kind

_ALIASES = {
    "verify_ssl": "validate_certs",
    "ssl_ca_cert": "ca_cert",
    "cert_file": "client_cert",
    "key_file": "client_key",
    "kube_context": "context",
    "kubeconfig_path": "kubeconfig",
}
_TRUE, _FALSE = ("yes", "on", "1", "true", "t", "y", "1.0"), ("no", "off", "0", "false", "f", "n", "0.0")


def read(connection: Any, what: str = "mesh_kube") -> dict[str, Any]:
    """Return the options under their own names and with their own types, without empty ones. No message shows a value, which may be a secret."""
    if isinstance(connection, str):
        connection = _parsed(connection)
    if not isinstance(connection, Mapping):
        raise Refused(f"{what or 'the connection'} must be a dictionary of connection options, such as {{kubeconfig: …, context: …}}")
    options: dict[str, Any] = {}
    for given, value in connection.items():
        name = _ALIASES.get(given, given)
        if name not in _READ:
            raise Refused(f"{what or 'The connection'} has no option {given}. There are: {', '.join(sorted(_READ))}")
        if value is not None and value != "":
            if name in options and name != given:
                continue
            options[name] = _READ[name](f"{what}.{given}" if what else str(given), value)
    return options


def anchored(options: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Return the options with relative paths resolved from `base`, because a task runs in another directory than the inventory's."""
    paths = {name: options[name] for name in PATHS if isinstance(options.get(name), str)} if base else {}
    return {**options, **{name: joined(path, lambda part: anchor(part, base)) for name, path in paths.items()}}


def joined(path: str, each: Callable[[str], str]) -> str:
    """Apply `each` to every path of a list of kubeconfigs, as in the variable KUBECONFIG."""
    return ":".join(each(part) for part in path.split(":") if part)


def anchored_root(root: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Return a mesh's root with relative paths resolved from `base`: its files, the CA of its Vault, and the connection of the trust cluster."""
    files = {name: _file(value, base) for name, value in root.items() if name.endswith("_file")}
    parts = {name: root[name] for name in ("vault", "kube") if isinstance(root.get(name), Mapping)}
    if "vault" in parts:
        parts["vault"] = {**parts["vault"], "ca_cert": _file(parts["vault"].get("ca_cert"), base)}
    if "kube" in parts:
        parts["kube"] = {**parts["kube"], **{name: _file(value, base) for name, value in parts["kube"].items() if _ALIASES.get(name, name) in PATHS}}
    return {**root, **files, **parts}


def _file(value: Any, base: str) -> Any:
    return joined(value, lambda part: anchor(part, base)) if isinstance(value, str) and not content_kind(value) else value


def anchor(path: str, base: str) -> str:
    return path if path.startswith(("/", "~", "$")) or not base else f"{base.rstrip('/')}/{path}"


def _parsed(text: str) -> Any:
    """Parse JSON, because an extra variable may come as JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _kind(value: Any) -> str:
    kinds = ((bool, "yes or no"), (Mapping, "a dictionary"), ((list, tuple), "a list"), ((int, float), "a number"), (str, "text"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "something else")


def _text(what: str, value: Any) -> str:
    if isinstance(value, bool | Mapping | list | tuple):
        quoted = "; put it in quotes" if isinstance(value, bool) else ""
        raise Refused(f"{what} is {_kind(value)} but must be text{quoted}")
    return value if isinstance(value, str) else str(value)


def _truth(what: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    said = str(value).strip().lower()
    if said not in (*_TRUE, *_FALSE):
        raise Refused(f"{what} is neither yes nor no")
    return said in _TRUE


def _path(what: str, value: Any) -> str:
    path = _text(what, value)
    if content := content_kind(path):
        raise Refused(f"{what} holds {content} itself, where the path of a file belongs: give a path")
    return path


def _kubeconfig(what: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    path = _text(what, value)
    if content := content_kind(path):
        raise Refused(f"{what} holds {content} itself, where a path belongs: give a path, or a dictionary (| from_yaml)")
    return path


def _list(what: str, value: Any) -> list[str]:
    parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise Refused(f"{what} is {_kind(parts)} but must be a list")
    return [_text(what, part) for part in parts]


def _headers(what: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Refused(f"{what} is {_kind(value)} but must be a dictionary")
    return {name: _text(f"{what}.{name}", header) for name, header in value.items() if header is not None}


def _any(_what: str, value: Any) -> Any:
    return value


_READ: dict[str, Callable[[str, Any], Any]] = {
    "kubeconfig": _kubeconfig,
    **dict.fromkeys(("context", "host", "api_key", "username", "password", "proxy", "no_proxy", "impersonate_user", "cluster", "cluster_uid"), _text),
    **dict.fromkeys(("ca_cert", "client_cert", "client_key"), _path),
    **dict.fromkeys(("validate_certs", "persist_config"), _truth),
    **dict.fromkeys(("request_timeout", "patience", "write_rate"), _any),
    "impersonate_groups": _list,
    "proxy_headers": _headers,
}
OPTIONS = frozenset(_READ)
PATHS = ("kubeconfig", "ca_cert", "client_cert", "client_key")
