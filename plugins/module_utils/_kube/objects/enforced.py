# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accept what the platform writes into webhooks: AKS's admissions enforcer excludes the platform's own namespaces from every webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import fields

_ENFORCER = "admissionsenforcer"
_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def left_to_the_platform(wish: dict[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wish without the selectors that the enforcer has narrowed. It owns them and would narrow them again at once.

    A selector stays in the wish unless the live one holds all wished expressions and more.
    """
    if wish.get("kind") not in _KINDS or not fields.bears(live, _ENFORCER):
        return wish
    there = {hook.get("name"): hook for hook in live.get("webhooks") or []}
    return {**wish, "webhooks": [_without_narrowed(hook, there.get(hook.get("name")) or {}) for hook in wish.get("webhooks") or []]}


def _without_narrowed(hook: dict[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    wanted, has = _expressions(hook), _expressions(live)
    narrowed = len(has) > len(wanted) and all(one in has for one in wanted)
    return {key: value for key, value in hook.items() if key != "namespaceSelector"} if narrowed else hook


def _expressions(hook: Mapping[str, Any]) -> list[Any]:
    return list((hook.get("namespaceSelector") or {}).get("matchExpressions") or [])
