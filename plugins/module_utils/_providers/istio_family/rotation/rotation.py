# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer the questions of a rotation for istiod's CA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest
from ...._mesh.question import Answers, Read
from ...._mesh.rotation.remedies import Need, Remedy
from ...._mesh.rotation.served import Served
from ...._mesh.rotation.trust_users import ControlPlanes, Proxies, ProxyCertificates
from ...._mesh.trust.certificate import Material
from ..trust.trust import CONFIG_MAP
from . import apart, connected, trust_users
from . import patches as _patches
from . import permissions as _permissions
from . import remedies as _remedies
from .rules import RULES

rules = RULES
_LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"


def control_planes(namespace: str) -> Look[ControlPlanes]:
    """Look at istiod and at what it hands out, in all namespaces."""
    return Look(
        [
            Read("apps/v1", "Deployment", namespace, "app=istiod"),
            Read("v1", "Pod", namespace, "app=istiod"),
            Read("v1", "ConfigMap", fields=f"metadata.name={CONFIG_MAP}"),
            Read("v1", "ConfigMap", namespace, "istio.io/rev"),
            Read("v1", "Namespace", metadata_only=True),
        ],
        _control_planes,
    )


def _control_planes(live: Live, _answers: Answers) -> ControlPlanes:
    return ControlPlanes(
        planes=tuple(trust_users.planes(live)),
        greeted=tuple(trust_users.control_planes(live)),
        bundles=tuple(trust_users.bundles(live)),
        absent=trust_users.ABSENT,
        ending=trust_users.ending(live),
        spaces=tuple(live.get("Namespace", ())),
        meshes=tuple(trust_users.meshes(live)),
        added=trust_users.added(live),
    )


def proxies(namespace: str) -> Look[Proxies]:
    """Look at all pods, because any pod may have a proxy and no label marks all of them."""
    return Look([Read("v1", "Pod", fields=_LIVE_PODS)], partial(_proxies, namespace))


def _proxies(namespace: str, live: Live, _answers: Answers) -> Proxies:
    return Proxies(tuple(trust_users.proxies(live, namespace)), trust_users.unmeasured(live, namespace))


def certificates(dump: bytes) -> ProxyCertificates:
    """Read Envoy's answer; raise a ValueError if nobody can read it."""
    return trust_users.certificates(dump)


def selected(spaces: Sequence[Mapping[str, Any]], meshes: Sequence[Any]) -> frozenset[str] | None:
    """Return the namespaces that the mesh's configurations select; None for all."""
    names = apart.selected(spaces, meshes)
    return None if names is None else frozenset(names)


def served(cluster: str, namespace: str) -> Look[Served]:
    """Look at the proxies that istiod serves, from its own answers."""
    reads = [Read("apps/v1", "Deployment", namespace, "app=istiod"), Read("v1", "Pod", namespace, "app=istiod")]
    return Look(reads, partial(connected.connected, cluster), connected.questions)


def previous(namespace: str) -> Ref:
    """Return where the CA is kept that istiod signed with before."""
    return _patches.previous(namespace)


def kept(there: Mapping[Ref, Mapping[str, Any]], namespace: str, mesh: str) -> Manifest:
    """Return the Secret that keeps the former CA."""
    return _patches.kept(there, namespace, mesh)


def patches(namespace: str, roots: bytes, ca: Material | None = None) -> list[tuple[Ref, Manifest]]:
    """Return what changes in `cacerts`."""
    return _patches.patches(namespace, roots, ca)


def remedies(need: Need, namespace: str, moment: str) -> list[Remedy]:
    """Return what helps laggards, as long as they lag."""
    return _remedies.remedies(need, namespace, moment)


def permissions(namespace: str, restart: bool = False, recover: bool = False) -> list[dict[str, str]]:
    """Return the rights to write, to refresh, and to see what follows. With `restart`, add those to restart workloads.

    With `recover`, the rotation also refreshes proxies in every namespace.
    """
    return _permissions.rotating(namespace, restart, recover)
