# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster has once for all its meshes, the CNI plugin and ztunnel, in a teardown: it stays for as long as another mesh needs it."""

from __future__ import annotations

from functools import partial

from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Read
from .. import kinds
from . import ambient, in_use
from .control_plane import CNI_NAMESPACE


def plugin(wish: ControlPlane) -> Look[Due]:
    """Remove the CNI plugin, and then its namespace. Without it no pod of another mesh would start, whoever installed that."""
    reads: list[Read | Ref] = [Read(kinds.API, kinds.ISTIO), kinds.ref(kinds.CNI, kinds.ONLY), _space(CNI_NAMESPACE)]
    return Look(reads, partial(_plugin, wish))


def _plugin(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    return Due() if in_use.staying(wish, live) else _gone(live, kinds.CNI, CNI_NAMESPACE)


def ztunnel(wish: ControlPlane) -> Look[Due]:
    """Remove ztunnel, and then its namespace, if nobody is in ambient mode and it does not follow another Istio."""
    users = in_use.refused(wish)
    return Look([*users.reads, _space(ambient.NAMESPACE)], partial(_ztunnel, wish, users))


def _ztunnel(wish: ControlPlane, users: Look[Due], live: Live, answers: Answers) -> Due:
    due = users.judge(live, answers)
    return due if due.refusal or ambient.of_another(wish, live) else _gone(live, kinds.ZTUNNEL, ambient.NAMESPACE)


def _gone(live: Live, kind: str, space: str) -> Due:
    """Nobody waits for the namespace: nothing of the operator is in it any more."""
    if kinds.named(live, kind, kinds.ONLY):
        return Due(removes=[kinds.ref(kind, kinds.ONLY)])
    there = kinds.named(live, "Namespace", space)
    return Due(removes=[_space(space)] if there and not there["metadata"].get("deletionTimestamp") else [])


def _space(name: str) -> Ref:
    return Ref("v1", "Namespace", name)
