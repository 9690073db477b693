# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles install. Private: see plugin_utils/filters.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...module_utils._mesh.errors import MeshError, Refused
from ...module_utils._mesh.health.probe import ProbeWish
from ...module_utils._mesh.install.inventory_wish import wished
from ...module_utils._mesh.install.stage import PARTS, of_part
from ...module_utils._mesh.install.wish import ControlPlane
from ...module_utils._mesh.member import named, remotes_of
from ...module_utils._providers import provider
from .. import filters
from ..hosts import Once, mates

# What the roles control_plane and gateways have as inputs of their own, such as control_plane_version.
INPUTS = ("provider", "version", "revision", "default_revision", "namespace", "primary", "charts", "mirror", "crds", "values")


@filters.with_variables
def wish(variables: Mapping[str, Any], role: str, **given: Any) -> dict[str, Any]:
    """Return what is wanted of the cluster's control plane, with the keys of ControlPlane.

    The inputs of the role count before the `mesh_*` variables, and `given` before both. Refuses what no control plane can be.
    """
    cluster, seen = variables["inventory_hostname"], Once.of(variables["hostvars"])
    inputs = {key: variables[name] for key in INPUTS if (name := f"{role}_{key}") in variables}
    everyone = mates(variables["groups"]["all"], seen, cluster)
    own = named(everyone, cluster)
    defaults = provider(inputs.get("provider") or own.provider).defaults
    known = {"role": own.role, "network": own.network, "serves_remotes": bool(remotes_of(everyone, own))}
    return wished(cluster, seen[cluster], defaults, {**known, **inputs, **given})


def plan(wish: Mapping[str, Any], part: str, state: str = "present") -> dict[str, Any]:
    """Return the stages that install a part of the mesh, `control_plane` or `gateways`, or with `absent` those that remove it.

    Each has a `name`, a `kind` and what it says: `releases`, `manifests` with `wait_for`, `orders` with the wish that they are about, or `elsewhere` with
    the wish and another `cluster`. `healthy` says whether the mesh has to be healthy before the next. `refusals` says why a wish cannot be.
    """
    if part not in PARTS:
        raise Refused(f"A mesh has no part {part!r}; its parts are {' and '.join(PARTS)}.")
    try:
        plane = ControlPlane.of(wish)
        install = provider(plane.provider).install
        stages = of_part(install.teardown(plane) if state == "absent" else install.stages(plane), part)
    except MeshError as error:
        return {"refusals": [str(error)], "stages": []}
    steps = [step for stage in stages for step in stage.steps(absent=state == "absent")]
    made = [{**step, "wish": dict(wish)} if step["kind"] in ("orders", "elsewhere") else step for step in steps]
    return {"refusals": [], "stages": made, "role": plane.role, "network": plane.network}


def probe_services(wish: Mapping[str, Any], mesh: str) -> list[dict[str, Any]]:
    """Return the services of the echo server, for the module workloads; none if the mesh injects its proxy. The wish has the keys of ProbeWish."""
    return [{key: value for key, value in asdict(service).items() if value} for service in provider(mesh).health.probe(ProbeWish(**wish)).services]


def injects(mesh: str) -> bool:
    """Return whether the product of a mesh gives workloads their proxies itself."""
    return provider(mesh).stories.workloads is None


def probe(wish: Mapping[str, Any], mesh: str) -> list[dict[str, Any]]:
    """Return the manifests of the echo server and of the workload that asks it, for mesh_config. The wish has the keys of ProbeWish."""
    return list(provider(mesh).health.probe(ProbeWish(**wish)).manifests)


class FilterModule:
    """The filters of control_plane, gateways and verify."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_injects=injects, _plan=plan, _probe=probe, _probe_services=probe_services, _wish=wish)
