# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles install. Private: see plugin_utils/filters.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..module_utils._mesh.errors import Refused
from ..module_utils._mesh.health.probe import ProbeWish
from ..module_utils._mesh.install.inventory_wish import wished
from ..module_utils._mesh.install.stage import PARTS, of_part
from ..module_utils._mesh.install.wish import ControlPlane
from ..module_utils._mesh.member import named, remotes_of
from ..module_utils._providers import provider
from ..plugin_utils import filters
from ..plugin_utils.hosts import Variables, mates


def wish(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is wanted of the cluster's control plane, with the keys of ControlPlane, from its `mesh_*` variables.

    `given` are a role's inputs. They count instead of the variables. Refuses what no control plane can be.
    """
    everyone, inputs = mates(hosts, hostvars, cluster), dict(given or {})
    own = named(everyone, cluster)
    defaults = provider(inputs.get("provider") or own.provider).defaults
    known = {"role": own.role, "network": own.network, "serves_remotes": bool(remotes_of(everyone, own))}
    return wished(cluster, Variables(cluster, hostvars[cluster]), defaults, {**known, **inputs})


def stages(wish: Mapping[str, Any], part: str, state: str = "present") -> list[dict[str, Any]]:
    """Return the stages that install a part of the mesh, `control_plane` or `gateways`, or with `absent` those that remove it.

    Each has a `name`, `releases` or `manifests`, `wait_for`, and whether the mesh has to be `healthy` before the next. Refuses a wish that cannot be.
    """
    plane = ControlPlane.of(wish)
    install = provider(plane.provider).install
    if part not in PARTS:
        raise Refused(f"A mesh has no part {part!r}; its parts are {' and '.join(PARTS)}.")
    return [step for stage in of_part(install.teardown(plane) if state == "absent" else install.stages(plane), part) for step in stage.steps()]


def probe(wish: Mapping[str, Any], mesh: str) -> list[dict[str, Any]]:
    """Return the manifests of the echo server and of the workload that asks it, for mesh_config. The wish has the keys of ProbeWish."""
    return list(provider(mesh).health.probe(ProbeWish(**wish)).manifests)


class FilterModule:
    """The filters of control_plane, gateways and verify."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_probe=probe, _stages=stages, _wish=wish)
