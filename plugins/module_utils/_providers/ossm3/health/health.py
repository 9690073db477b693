# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Health` for OpenShift Service Mesh 3: what runs, as istiod and the operator say it, what users configured, and whether requests cross."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...._mesh.health.health import HealthFacts
from ...._mesh.health.probe import Probe, ProbeWish
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers
from ...._mesh.report.managed import kept
from ...istio_family.health import health as family
from ...istio_family.health.observation import KEPT
from .. import kinds
from ..install import operator
from . import operands


def facts(cluster: str, namespace: str) -> Look[HealthFacts]:
    """Look at what the operator says beside what istiod and its objects say."""
    wanted = family.facts(cluster, namespace)
    return replace(wanted, reads=[*wanted.reads, *kinds.reads(), operator.SUBSCRIPTION], judge=partial(_judged, wanted, namespace))


def _judged(wanted: Look[HealthFacts], namespace: str, live: Live, answers: Answers) -> HealthFacts:
    seen = wanted.judge(live, answers)
    known = operands.planes(seen.planes, live, namespace)
    given = {plane.version for plane in known}
    noticed = [said for version in sorted(given) for said in operator.noticed(live, version)]
    return replace(
        seen,
        planes=known,
        tags=operands.tags(seen.tags, live),
        kept=kept(one for kind in KEPT for one in live.get(kind, ()) if not operands.of_operator(one)),
        faults=[*seen.faults, *operands.faults(live, namespace)],
        noticed=[*seen.noticed, *noticed],
    )


def config(namespace: str) -> Look[dict[str, int]]:
    """Count users' objects of each of Istio's kinds, and their Deployments in the control plane's namespace."""
    return family.config(namespace)


def probe(wish: ProbeWish) -> Probe:
    """Return the probe: an echo server with a sidecar in each cluster."""
    return family.probe(wish)
