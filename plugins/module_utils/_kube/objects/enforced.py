# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the platform itself writes into webhooks: AKS's admissions enforcer keeps every webhook away from the platform's own namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import fields

_ENFORCER = "admissionsenforcer"
_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def left_to_the_platform(wish: dict[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The wish without the selectors that the enforcer has narrowed: it owns them now and would narrow them again at once.

    One that is no longer all that is wished and more stays in the wish.
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
