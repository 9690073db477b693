# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody may see of a task's parameters, and the parameters without it."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_SHORTEST = 6


def secrets_of(params: Any) -> Iterator[str]:
    """Every secret value in the parameters: of kubeconfigs given as dictionaries and of Secret manifests."""
    for value in params.values() if isinstance(params, dict) else params:
        if isinstance(value, dict | list):
            yield from secrets_of(value)
    if not isinstance(params, dict):
        return
    for key in _SECRET_KEYS & params.keys():
        if isinstance(params[key], str):
            yield from _forms(params[key], coded=key.endswith("-data"))
    if params.get("kind") == "Secret":
        for part in ("data", "stringData"):
            held = params.get(part)
            for value in held.values() if isinstance(held, dict) else [held] if held else []:
                yield from _forms(str(value), coded=part == "data")


def _forms(value: str, coded: bool) -> Iterator[str]:
    """As given, and as the server may say it; what is too short would only blot innocent words out."""
    forms = [value]
    with contextlib.suppress(binascii.Error, ValueError):
        forms.append(base64.b64decode(value).decode() if coded else base64.b64encode(value.encode()).decode())
    yield from (form for form in forms if len(form) >= _SHORTEST)


def masked(params: Any) -> Any:
    """The parameters as -vvv may show them. Manifests are counted: the result names each of them."""
    if isinstance(params, list):
        manifests = params and all(isinstance(item, dict) and "apiVersion" in item and "kind" in item for item in params)
        return _counted(params) if manifests else [masked(item) for item in params]
    if not isinstance(params, Mapping):
        return params
    secret = params.get("kind") == "Secret"
    return {key: _mask(key, value, secret) for key, value in params.items()}


def _mask(key: Any, value: Any, secret: bool) -> Any:
    if secret and key in ("data", "stringData") and isinstance(value, Mapping):
        return dict.fromkeys(value, _HIDDEN)
    return _HIDDEN if key in _SECRET_KEYS and isinstance(value, str) else masked(value)


def _counted(manifests: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter(str(manifest["kind"]) for manifest in manifests)
    return f"{len(manifests)} objects: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
