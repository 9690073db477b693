# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By which means a package is installed: by what its cluster has already, by what the inventory says, or by what the cluster serves."""

from __future__ import annotations

from .package import Package
from .seen import OperatorsSeen

AUTO, SUBSCRIPTION, EXTENSION, CHART = "auto", "v0", "v1", "chart"
CHOICES = (AUTO, SUBSCRIPTION, EXTENSION, CHART)
SUBSCRIPTION_KIND, EXTENSION_KIND = "Subscription", "ClusterExtension"


def backend(package: Package, seen: OperatorsSeen, asked: str) -> str:
    """Return v0, v1 or chart; empty if there is no means. What installs the package already goes before the rest, and v0 before v1."""
    if asked != AUTO:
        return asked
    there = ((SUBSCRIPTION, seen.of_package(package.name)), (EXTENSION, seen.extensions_of(package.name)))
    if having := [api for api, live in there if live]:
        return having[0]
    served = ((SUBSCRIPTION, SUBSCRIPTION_KIND in seen.served), (EXTENSION, EXTENSION_KIND in seen.served), (CHART, bool(package.chart)))
    return next((api for api, possible in served if possible), "")


def impossible(package: Package, seen: OperatorsSeen, api: str) -> str:
    """Return why a means cannot be used, as a sentence; empty if it can."""
    if not api:
        return f"{package.name}: the cluster serves neither Subscriptions nor ClusterExtensions, and there is no chart for it. Install OLM, or give chart."
    if api == CHART:
        return "" if package.chart else f"{package.name}: the inventory has no chart for it. Give chart, or another operator_api."
    kind = SUBSCRIPTION_KIND if api == SUBSCRIPTION else EXTENSION_KIND
    return "" if kind in seen.served else f"{package.name}: the API server has no {kind}, so OLM {api} is not there. Choose another operator_api."
