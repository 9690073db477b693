# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Combine a connection with the variables K8S_AUTH_*, which an automation platform sets for one cluster that may be another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Refused
from .options import read

# A second name under which kubernetes.core reads an option.
_OTHER_NAMES = {"validate_certs": "verify_ssl", "ca_cert": "ssl_ca_cert", "client_cert": "cert_file", "client_key": "key_file"}
_PLACES = ("kubeconfig", "context")
_CREDENTIAL = ("api_key", "username", "password", "client_cert", "client_key")
_MANNERS = ("validate_certs", "ca_cert", "proxy", "no_proxy", "proxy_headers")
# These count for every cluster: a run that asks to impersonate a user must not run with its own rights.
_INSTEAD = ("impersonate_user", "impersonate_groups")
_HEADERS = ("proxy_basic_auth", "basic_auth", "user_agent")
TRUTHS = ("K8S_AUTH_VALIDATE_CERTS", "K8S_AUTH_VERIFY_SSL")
_DEFAULT = "~/.kube/config"


def filled(options: Mapping[str, Any], environ: Mapping[str, str], *, peer: bool = False) -> dict[str, Any]:
    """Return the task's options, completed from the environment where that is safe.

    A kubeconfig or a context determines a cluster completely, so only the other of the two is taken from the environment. A host is completed, unless
    the variables are about another host. The variables choose a cluster only if the task names none, and never a second cluster.
    """
    counts = _counting(options, environ, peer)
    given = {name: value for name in counts if options.get(name) is None and (value := _value(name, environ)) is not None}
    if "context" in options and "kubeconfig" not in options:
        given.setdefault("kubeconfig", usual(environ))
    return {**read(given, "The environment, as K8S_AUTH_*"), **options}


def usual(environ: Mapping[str, str]) -> str:
    """Return the kubeconfig in which a context is looked up that names none."""
    return environ.get("K8S_AUTH_KUBECONFIG") or environ.get("KUBECONFIG") or _DEFAULT


def set_at_all(environ: Mapping[str, str]) -> bool:
    """Return whether any of these variables is set."""
    return any(name.startswith("K8S_AUTH_") for name in environ)


def foreign(options: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return the variables that are set but do not apply to the cluster that the options name."""
    counts = set(_counting(options, environ, peer=False))
    return [name for option in (*_PLACES, "host", *_CREDENTIAL, *_MANNERS) if option not in counts for name in _names(option) if name in environ]


def _counting(options: Mapping[str, Any], environ: Mapping[str, str], peer: bool) -> Iterable[str]:
    if isinstance(options.get("kubeconfig"), Mapping):
        return _INSTEAD
    if any(place in options for place in _PLACES):
        return (*_PLACES, *_INSTEAD)
    if "host" in options:
        theirs = environ.get("K8S_AUTH_HOST", "").rstrip("/")
        return (*_CREDENTIAL, *_MANNERS, *_INSTEAD) if theirs in ("", str(options["host"]).rstrip("/")) else _INSTEAD
    if peer:
        raise Refused("No cluster is named: give kubeconfig and context, or host and api_key.")
    return (*_PLACES, "host", *_CREDENTIAL, *_MANNERS, *_INSTEAD)


def _names(option: str) -> list[str]:
    if option == "proxy_headers":
        return [f"K8S_AUTH_PROXY_HEADERS_{name.upper()}" for name in _HEADERS]
    return [f"K8S_AUTH_{name.upper()}" for name in dict.fromkeys((option, _OTHER_NAMES.get(option, option)))]


def _value(option: str, environ: Mapping[str, str]) -> Any:
    said = [environ.get(name) for name in _names(option)]
    if option == "proxy_headers":
        return {name: value for name, value in zip(_HEADERS, said, strict=True) if value} or None
    first = next((value for value in said if value), None)
    # As in kubernetes.core, every value that does not clearly mean no means yes.
    return first.lower() not in ("0", "false", "no") if first and option == "validate_certs" else first
