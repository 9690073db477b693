# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge the version and the owner of the Gateway API's CRDs. A mesh uses them, but others install them: this collection never writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .crd_owner import owner
from .versions import Minor, dotted, minor

GROUP = "gateway.networking.k8s.io"

Crd = Mapping[str, Any]


def too_old(crds: Sequence[Crd], least: Minor | None, mesh: str) -> list[str]:
    """Return half a sentence for each owner of CRDs that are too old. With those, a control plane silently attaches no routes to some listeners."""
    faults = []
    for whose, own in _by_owner(crds).items():
        versions = sorted({known: str(crd["bundle"]) for crd in own if (known := minor(str(crd.get("bundle") or "")))}.items())
        if least and versions and versions[0][0] < least:
            faults.append(
                f"the CRDs of the Gateway API are of version {versions[0][1]} and belong to {whose}, but {mesh} needs v{dotted(least)} or later; "
                "upgrade them there before you upgrade the mesh, because this collection never writes them"
            )
    return faults


def notices(crds: Sequence[Crd]) -> list[str]:
    """Return the version of the CRDs by owner, as half sentences."""
    return [f"the CRDs of the Gateway API are of {_bundles(own)} and belong to {whose}" for whose, own in _by_owner(crds).items()]


def _by_owner(crds: Sequence[Crd]) -> dict[str, list[Crd]]:
    by_owner: dict[str, list[Crd]] = {}
    for crd in crds:
        if str(crd["name"]).partition(".")[2] == GROUP:
            by_owner.setdefault(owner(crd), []).append(crd)
    return dict(sorted(by_owner.items()))


def _bundles(own: Sequence[Crd]) -> str:
    bundles = {f"{crd['bundle']}{' (' + str(crd['channel']) + ')' if crd.get('channel') else ''}" for crd in own if crd.get("bundle")}
    return f"version {' and '.join(sorted(bundles))}" if bundles else "an unknown version"
