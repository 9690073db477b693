# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ClusterRoles of docs/rbac.yml, and whether they grant something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from .source import CHECKOUT

FILE = CHECKOUT / "docs" / "rbac.yml"
# By job, the last parts of the names: those that are bound everywhere, and those that may be bound in some namespaces only.
STATUS = ("read", "secrets-read")
SITE = ("read", "install", "install-namespace")
ROTATE = ("read", "rotate")
CUTOVER = ("read", "install", "install-namespace", "cutover")
OSSM3 = ("read", "ossm3", "install-namespace")
CONSUL = ("read", "consul", "consul-namespace")


def roles() -> list[dict[str, Any]]:
    return list(yaml.safe_load(FILE.read_text("utf-8"))["items"])


def rules(*names: str) -> list[dict[str, Any]]:
    """The rules of these ClusterRoles; all of them without a name."""
    known = {role["metadata"]["name"].removeprefix("meshops-lifecycle-"): role for role in roles()}
    return [rule for name in names or known for rule in known[name]["rules"]]


def lacking(granted: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]) -> list[str]:
    """The rights that no rule grants."""
    held = list(granted)
    return [f"{right['verb']} {right['resource']} of {right['group'] or 'core'}" for right in wanted if not any(_grants(rule, right) for rule in held)]


def _grants(rule: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    pairs = (("apiGroups", "group"), ("resources", "resource"), ("verbs", "verb"))
    return all(right[one] in rule[many] or "*" in rule[many] for many, one in pairs)
