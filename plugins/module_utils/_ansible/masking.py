# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the secrets in a task's parameters, and show the parameters without them."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._mesh import confidential

_SECRET_KEYS = {
    "token",
    "password",
    "client-key-data",
    "client-secret",
    "access-token",
    "refresh-token",
    "id-token",
    "api_key",
    "secret_id",
}
_CONNECTING = ("kubeconfig", "ca_cert", "client_cert", "client_key", "proxy_headers")
_SHORTEST = 6  # hiding a shorter value would hide parts of innocent words


def secrets_of(params: Any) -> Iterator[str]:
    """Yield every secret value in the parameters: in connections, in kubeconfigs given as dictionaries, in keys given as text and in Secret manifests."""
    yield from (secret for secret in _secret_values(params) if len(secret) >= _SHORTEST)


def _secret_values(params: Any) -> Iterator[str]:
    if isinstance(params, str) and confidential.holds_key(params):
        yield from (*_forms(params, coded=False), *_forms(params, coded=True))
    elif isinstance(params, list | tuple):
        for value in params:
            yield from _secret_values(value)
    if not isinstance(params, Mapping):
        return
    for value in params.values():
        yield from _secret_values(value)
    yield from _of_mapping(params)


def _of_mapping(params: Mapping[Any, Any]) -> Iterator[str]:
    yield from confidential.secrets(params)
    if isinstance(params.get("headers"), Mapping):
        for value in _leaves(params["headers"]):
            yield from _forms(value, coded=False)
            yield from _forms(value.rpartition(" ")[2], coded=True)
    for key in _SECRET_KEYS & params.keys():
        if isinstance(params[key], str):
            yield from _forms(params[key], coded=key.endswith("-data"))
    if _is_secret(params):
        for part in ("data", "stringData"):
            for value in _leaves(params.get(part)):
                yield from _forms(value, coded=part == "data")


def _is_secret(manifest: Mapping[Any, Any]) -> bool:
    return str(manifest.get("kind")).lower() == "secret"


def _leaves(value: Any) -> Iterator[str]:
    """Yield all values below, however they are nested: the values of a malformed Secret are secret too."""
    if isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _forms(value: str, coded: bool) -> Iterator[str]:
    """Yield the value as given, and encoded or decoded as the API server may return it."""
    yield value
    with contextlib.suppress(binascii.Error, ValueError):
        yield base64.b64decode(value).decode() if coded else base64.b64encode(value.encode()).decode()


def masked(params: Any) -> Any:
    """Return the parameters as -vvv may show them. Manifests are only counted, because the result names each of them."""
    if isinstance(params, str):
        return confidential.HIDDEN if confidential.holds_key(params) else confidential.without_userinfo(params)
    if isinstance(params, list):
        manifests = params and all(isinstance(item, dict) and "apiVersion" in item and "kind" in item for item in params)
        return _counted(params) if manifests else [masked(item) for item in params]
    if not isinstance(params, Mapping):
        return params
    secret = _is_secret(params)
    return {key: _mask(key, value, secret) for key, value in params.items()}


def _mask(key: Any, value: Any, secret: bool) -> Any:
    if secret and key in ("data", "stringData"):
        return dict.fromkeys(value, confidential.HIDDEN) if isinstance(value, Mapping) else confidential.HIDDEN
    if key in ("kube", "primary_kube") and isinstance(value, Mapping):
        return confidential.shown(value)
    if key == "headers" and isinstance(value, Mapping):
        return dict.fromkeys(value, confidential.HIDDEN)
    if key in confidential.COMMANDS and isinstance(value, list):
        return confidential.shown_words(value)
    if key in _CONNECTING and value:
        return confidential.path_or_hidden(value) if isinstance(value, str) else confidential.HIDDEN
    return confidential.HIDDEN if key in _SECRET_KEYS and isinstance(value, str) else masked(value)


def _counted(manifests: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter(str(manifest["kind"]) for manifest in manifests)
    return f"{len(manifests)} objects: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
