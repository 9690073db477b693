# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate that fails turns back: what this cutover led away from the revision that is to serve again, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..health.revision_tag import Tag
from .observed import NAMED, ClusterState, MeshWorkload, Space
from .orders import Aim


def of_cutover(state: ClusterState, back: Aim) -> ClusterState:
    """The cluster without what had reached the revision that is left before this cutover began. Nobody turns that back, or waits for it."""
    staying = {tag.name for tag in state.tags if tag.webhook == back.former and tag.webhook_from != back.target}
    spaces = [space for space in state.spaces if _is_space(space, back, staying)]
    hidden = {space.name for space in state.spaces} - {space.name for space in spaces}
    workloads = [one for one in state.workloads if (_is_led(one, back, staying) if one.own else one.namespace not in hidden)]
    legacy = "" if state.default_tag in staying else state.legacy
    return replace(state, tags=[_halves(tag, back) for tag in state.tags], spaces=spaces, workloads=workloads, legacy=legacy)


def _halves(tag: Tag, back: Aim) -> Tag:
    """Each half for itself: a run that was killed between both leaves one that it led and one that it did not."""
    service = "" if (tag.service == back.former and tag.service_from != back.target) else tag.service
    webhook = "" if (tag.webhook == back.former and tag.webhook_from != back.target) else tag.webhook
    return replace(tag, service=service, webhook=webhook)


def _is_space(space: Space, back: Aim, staying: Collection[str]) -> bool:
    if space.following.revision != back.former or space.former is not None:
        return True
    return space.led_from == back.target if space.following.rule == NAMED else space.following.pointer not in staying


def _is_led(one: MeshWorkload, back: Aim, staying: Collection[str]) -> bool:
    """Of what decides by itself. A gateway may follow a tag."""
    if one.following.revision != back.former:
        return True
    return one.led_from == back.target if one.following.rule == NAMED else one.following.pointer not in staying
