# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Health` for Istio: what runs, what users configured, and whether requests cross."""

from __future__ import annotations

from functools import partial

from ...._mesh.health.health import HealthFacts
from ...._mesh.health.probe import Probe, ProbeWish, measured
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers
from . import observation
from . import probe as echo


def facts(cluster: str, namespace: str) -> Look[HealthFacts]:
    """Look at the objects, and ask each istiod."""
    return Look(observation.reads(namespace), partial(observation.health, cluster), observation.questions)


def config(namespace: str) -> Look[dict[str, int]]:
    """Count users' objects of each of Istio's kinds, and their Deployments in the control plane's namespace."""
    return Look(observation.config(namespace), _counted)


def _counted(live: Live, _answers: Answers) -> dict[str, int]:
    counts = {kind: sum(1 for one in objects if not observation.ours(one)) for kind, objects in live.items()}
    return {kind: count for kind, count in counts.items() if count}


def probe(wish: ProbeWish) -> Probe:
    """Return the probe: an echo server with a sidecar in each cluster."""
    ask, judge, load = partial(echo.question, wish), partial(echo.fault, wish), partial(echo.load, wish)
    return Probe(echo.manifests(wish), echo.pods(wish), ask, judge, load, measured, partial(echo.knock, wish))
