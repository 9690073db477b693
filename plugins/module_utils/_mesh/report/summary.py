# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs in a cluster, small enough to be handed from job to job: what grows with workloads and with the number of clusters is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def brief(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a cluster, with numbers in place of each proxy and each view that a control plane pod has of another cluster."""
    counted = {"proxies": _proxies, "remotes": _remotes}
    return {name: counted[name](fact) if name in counted else fact for name, fact in facts.items()}


def _proxies(proxies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    known = list(proxies)
    versions = Counter(str(proxy["version"]) for proxy in known)
    return {"count": len(known), "stale": sum(bool(proxy["stale"]) for proxy in known), "versions": dict(sorted(versions.items()))}


def _remotes(remotes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return dict(sorted(Counter(str(remote["status"]) for remote in remotes).items()))
