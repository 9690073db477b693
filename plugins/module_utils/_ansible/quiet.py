# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return the result of another collection's module without the arguments that it was called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .run import hide


def quiet(result: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result without its invocation and its secrets. A crashed module shows its arguments, and Helm's module hides only parts of a kubeconfig."""
    hidden: set[str] = set()
    hide(hidden, {"kube": arguments["connection"]})
    longest_first = sorted(hidden, key=len, reverse=True)
    return {key: _without(value, longest_first) for key, value in result.items() if key != "invocation"}


def _without(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "********") if secret in value else value
        return value
    if isinstance(value, Mapping):
        return {key: _without(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without(inner, secrets) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    # Ansible keeps exceptions and warnings as objects of its own.
    return value if not any(secret in repr(value) for secret in secrets) else "(hidden: it holds a secret)"
