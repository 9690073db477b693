# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CRDs of the Gateway API, which a mesh uses and which others install: of which version they are, and whose. They are never written from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .crd_owner import owner
from .versions import Minor, dotted, minor

GROUP = "gateway.networking.k8s.io"

Crd = Mapping[str, Any]


def too_old(crds: Sequence[Crd], least: Minor | None, mesh: str) -> list[str]:
    """Half a sentence for each owner. A control plane that wants newer ones attaches no routes to some listeners, without a word."""
    found = []
    for whose, own in _by_owner(crds).items():
        versions = sorted({known: str(crd["bundle"]) for crd in own if (known := minor(str(crd.get("bundle") or "")))}.items())
        if least and versions and versions[0][0] < least:
            found.append(
                f"the CRDs of the Gateway API are of {versions[0][1]} and belong to {whose}, and {mesh} wants v{dotted(least)} or later; "
                "have them upgraded there before the mesh, they are never written from here"
            )
    return found


def told(crds: Sequence[Crd]) -> list[str]:
    """What is to be known of them, as half sentences."""
    return [f"the CRDs of the Gateway API are of {_bundles(own)} and belong to {whose}" for whose, own in _by_owner(crds).items()]


def _by_owner(crds: Sequence[Crd]) -> dict[str, list[Crd]]:
    found: dict[str, list[Crd]] = {}
    for crd in crds:
        if str(crd["name"]).partition(".")[2] == GROUP:
            found.setdefault(owner(crd), []).append(crd)
    return dict(sorted(found.items()))


def _bundles(own: Sequence[Crd]) -> str:
    said = {f"{crd['bundle']}{' (' + str(crd['channel']) + ')' if crd.get('channel') else ''}" for crd in own if crd.get("bundle")}
    return " and ".join(sorted(said)) or "no version that they tell"
