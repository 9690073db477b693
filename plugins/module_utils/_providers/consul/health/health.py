# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Health` for Consul: what runs, what users configured, and whether requests cross."""

from __future__ import annotations

from functools import partial

from ...._mesh.health.health import HealthFacts
from ...._mesh.health.probe import Probe, ProbeWish, measured
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Read
from . import observation, user_entries
from . import probe as echo

_KINDS = ("ExportedServices", "Mesh", "ProxyDefaults", "ServiceDefaults", "ServiceIntentions", "ServiceResolver", "ServiceRouter", "ServiceSplitter")


def facts(cluster: str, namespace: str) -> Look[HealthFacts]:
    """Look at the objects, and ask each server."""
    judge, further = partial(observation.health, cluster), partial(observation.further, cluster)
    return Look(observation.reads(namespace), judge, observation.questions, further=further)


def config(namespace: str) -> Look[dict[str, int]]:
    """Count users' objects of Consul's kinds, and the entries that they wrote into Consul itself."""
    reads = [Read("consul.hashicorp.com/v1alpha1", kind, metadata_only=True) for kind in _KINDS]
    return Look([*reads, *user_entries.reads(namespace)], _counted, user_entries.questions)


def _counted(live: Live, answers: Answers) -> dict[str, int]:
    return {**{kind: len(objects) for kind, objects in live.items() if objects and kind in _KINDS}, **user_entries.counted(live, answers)}


def probe(wish: ProbeWish) -> Probe:
    """Return the probe: an echo server with a sidecar in each cluster."""
    asks = (partial(echo.question, wish), partial(echo.fault, wish), partial(echo.load, wish), measured)
    return Probe(echo.manifests(wish), echo.pods(wish), *asks, services=echo.services(wish))
