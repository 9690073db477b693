# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probes of a cutover, and the verdict of all clusters together after a wave. Private: see plugin_utils/filters.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._mesh.cutover import gate, probes
from ...module_utils._mesh.cutover.gate import Measure, Reading, UserGate
from ...module_utils._mesh.cutover.user_gate import gate_faults
from ...module_utils._providers import provider
from .. import filters


def probe(mesh: str, wish: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the manifests of a cluster's two probes, for mesh_config. The wish has the keys cluster, target, former, targets, image and trust_domain."""
    health = provider(mesh).health
    return [dict(manifest) for one in probes.served(**wish) for manifest in health.probe(one).manifests]


def verdict(
    _hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    _cluster: str,
    variable: str,
    measure: Mapping[str, Any],
    wave: int,
    clusters: Iterable[str],
    through: Iterable[int] = (),
    own_gates: Iterable[Mapping[str, Any]] = (),
    faults: Iterable[str] = (),
    finished: bool = False,
) -> dict[str, Any]:
    """Return the `way` (go, back or stop), the `waves` to turn back, the last one first, whether `pointers` are turned back before, and the `reasons`.

    `variable` is the name under which each of `clusters` keeps its result of cutover_gate. A reading that is missing, or of another wave, has failed;
    with `faults`, which are sentences about the wave, none is expected. `own_gates` are the answers of gates that no module asks. `finished` says that the
    gates are those after the step finish.
    """
    said = list(faults)
    readings = [] if said else [_reading(name, hostvars[name].get(variable), wave) for name in clusters]
    answers = [UserGate(**{key: one[key] for key in ("name", "passed", "value", "fault") if key in one}) for one in own_gates]
    bounds = {key: float(measure[key]) for key in ("least_success", "most_seconds", "slower", "seconds") if key in measure}
    limits = Measure(**bounds, rollback=str(measure.get("rollback", gate.WAVE)), requests=int(measure.get("requests") or 0))
    judged = gate.verdict(readings, limits, wave, list(through), answers, said, finished)
    return {"way": judged.way, "waves": list(judged.waves), "pointers": judged.pointers, "reasons": list(judged.reasons)}


def _reading(name: str, result: Mapping[str, Any] | None, wave: int) -> Reading:
    """Whatever is there of another wave says nothing of this one."""
    if not result or result.get("skipped") or (not result.get("failed") and (result.get("reading") or {}).get("wave") != wave):
        return Reading(name, faults=["nothing was read of it after this wave"])
    if result.get("failed"):
        return Reading(name, faults=[f"it could not be read: {str(result.get('msg') or 'no reason was given').removeprefix(f'{name}: ').rstrip('.')}"])
    return Reading.of(result["reading"], result.get("since"))


class FilterModule:
    """The filters with which role cutover tests and judges."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_cutover_gate_faults=gate_faults, _cutover_probe=probe, _cutover_verdict=verdict)
