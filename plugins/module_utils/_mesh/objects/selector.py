# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Label selectors, as Kubernetes matches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a selector matches the labels. An operator that is not known here is taken to match, so that more is measured and not less."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if key not in labels or str(labels[key]) != str(value):
            return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator = str(expression.get("key")), expression.get("operator")
    if operator == "DoesNotExist":
        return key not in labels
    if operator == "Exists":
        return key in labels
    if operator in ("In", "NotIn"):
        listed = labels.get(key) in [str(value) for value in expression.get("values") or []]
        return listed if operator == "In" else not listed
    return True
