# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shorten the facts about a cluster, so that one job can pass them to the next: count what grows with workloads and clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def brief(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a cluster, with counts in place of the single proxies and of the views that control plane pods have of other clusters."""
    counted = {"proxies": _proxies, "remotes": _remotes}
    return {name: counted[name](fact) if name in counted else fact for name, fact in facts.items()}


def _proxies(proxies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    known = list(proxies)
    versions = Counter(str(proxy["version"]) for proxy in known)
    return {"count": len(known), "stale": sum(bool(proxy["stale"]) for proxy in known), "versions": dict(sorted(versions.items()))}


def _remotes(remotes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return dict(sorted(Counter(str(remote["status"]) for remote in remotes).items()))
