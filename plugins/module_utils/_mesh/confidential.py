# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell the secret options of a connection from those that may be shown. Every option that is not known to be harmless is secret."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_SHOWN = ("context", "cluster", "cluster_uid", "host")
_PRIVATE, _CODED = "PRIVATE KEY-----", "LS0tLS1CRUdJTi"
_CONTENT = re.compile(rf"[\r\n]|-----BEGIN|{_CODED}")
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#\s]*)@")
# Variables of a credential plugin that are not secret: regions, accounts and users recur in names of clusters and objects, which hiding would garble.
_HARMLESS = re.compile(
    r"(REGION|ZONE|PROFILE|CLUSTER|PROJECT|ACCOUNT|ACCOUNT_ID|TENANT_ID|CLIENT_ID|SUBSCRIPTION_ID|ENV|ENVIRONMENT|NAME|USER|HOME|PATH|FILE|DIR|CONFIG"
    r"|HOST|URL|ENDPOINT|ENDPOINTS|CLOUD|METHOD|MODE|LEVEL|VERSION)$"
)
_FLAG = re.compile(r"-.*(secret|password|passwd|passphrase|(?<=-)pass(in|out)?$|token|api-?key)", re.IGNORECASE)
_PLACE = re.compile(r"[-_](file|fd|path)$")
COMMANDS = ("encrypt", "decrypt", "command")  # options that hold the words of a program of the user's
_OF_A_USER = ("token", "password", "client-key-data")


def without_userinfo(text: str) -> str:
    """Return a text with the user and the password removed from every URL."""
    return _USERINFO.sub(r"\1", text)


def holds_key(text: str) -> bool:
    """Return whether the text is a private key in PEM, or the base64 of one."""
    if _PRIVATE in text:
        return True
    try:
        return text.lstrip().startswith(_CODED) and _PRIVATE in base64.b64decode(text).decode(errors="replace")
    except (binascii.Error, ValueError):
        return False


def shown(kube: Mapping[str, Any]) -> dict[str, Any]:
    """Return a second cluster's connection as -vvv may show it."""
    return {key: _shown_value(value) if key in _SHOWN or isinstance(value, bool | int | float) or value is None else HIDDEN for key, value in kube.items()}


def _shown_value(value: Any) -> Any:
    return path_or_hidden(without_userinfo(value)) if isinstance(value, str) else value


def path_or_hidden(value: str) -> str:
    """Return a path unchanged, but hide a file's content that was given in place of its path."""
    return HIDDEN if _CONTENT.search(value) else value


def secrets(kube: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets of one connection, and of commands beside it, in every form in which output may hold them."""
    for key in ("host", "proxy"):
        yield from _userinfo(kube.get(key))
    for key in ("kubeconfig", "ca_cert", "client_cert", "client_key"):
        if isinstance(kube.get(key), str) and _CONTENT.search(kube[key]):
            yield kube[key]
            yield from filter(None, map(_value_of_a_user, kube[key].splitlines()))
    headers = kube.get("proxy_headers")
    if isinstance(headers, Mapping):
        yield from (form for key in ("basic_auth", "proxy_basic_auth") for form in _basic(headers.get(key)))
    if isinstance(kube.get("kubeconfig"), Mapping):
        yield from _of_kubeconfig(kube["kubeconfig"])
    for key in COMMANDS:
        yield from _of_arguments(kube.get(key))


def shown_words(words: list[Any]) -> list[Any]:
    """Return the words of a command without the secrets among them."""
    hidden = set(_of_arguments(words))
    return [_shown_word(str(word), hidden) for word in words]


def _shown_word(word: str, hidden: set[str]) -> str:
    flag, equals, value = word.partition("=")
    return HIDDEN if word in hidden else f"{flag}={HIDDEN}" if equals and value in hidden else word


def _value_of_a_user(line: str) -> str:
    name, _colon, value = line.strip(" -{").partition(":")
    return value.strip(" \"'}") if name in _OF_A_USER else ""


def _of_kubeconfig(config: Mapping[str, Any]) -> Iterator[str]:
    for cluster in _entries(config, "clusters", "cluster"):
        for key in ("server", "proxy-url"):
            yield from _userinfo(cluster.get(key))
    for user in _entries(config, "users", "user"):
        plugin = user.get("exec")
        if isinstance(plugin, Mapping):
            yield from _of_environment(plugin.get("env"))
            yield from _of_arguments(plugin.get("args"))
        provider = user.get("auth-provider")
        settings = provider.get("config") if isinstance(provider, Mapping) else None
        yield from (str(value) for key, value in (settings or {}).items() if re.search("token|secret", str(key))) if isinstance(settings, Mapping) else ()


def _entries(config: Mapping[str, Any], kind: str, inner: str) -> Iterator[Mapping[str, Any]]:
    listed = config.get(kind)
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get(inner), Mapping):
            yield entry[inner]


def _of_environment(env: Any) -> Iterator[str]:
    for entry in env if isinstance(env, list) else ():
        if isinstance(entry, Mapping) and not _HARMLESS.search(str(entry.get("name")).upper()):
            yield str(entry.get("value") or "")


def _of_arguments(args: Any) -> Iterator[str]:
    """Yield the values of `--client-secret=value`, and of `--client-secret` with the value as the next argument."""
    words = [str(word) for word in args] if isinstance(args, list) else []
    for word, following in zip(words, [*words, ""][1:], strict=True):
        flag, equals, value = word.partition("=")
        if _FLAG.match(flag) and not _PLACE.search(flag):
            yield value if equals else following


def _userinfo(address: Any) -> Iterator[str]:
    match = _USERINFO.match(address) if isinstance(address, str) else None
    if match and ":" in match[2]:
        yield from _basic(match[2])
        yield from _basic(unquote(match[2]))


def _basic(pair: Any) -> Iterator[str]:
    """Yield the secrets of `user:password`: the pair, the password alone, and both as a header encodes them."""
    if isinstance(pair, str) and pair:
        yield from (pair, pair.partition(":")[2], base64.b64encode(pair.encode()).decode())
