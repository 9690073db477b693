# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Envoys of a gateway counted, written down at some moments: why they ended a connection is nowhere else to be seen afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

from .byhand import MESH

PORT = 8443
# Istio lets a proxy count these only if it is told to. Those of listeners that came and went it always counts.
COUNTED: Mapping[str, Any] = {"proxyStatsMatcher": {"inclusionRegexps": [rf"listener\..*_{PORT}.*", rf"http\.outbound_.*_{PORT}.*"]}}
_ASKED = (str(PORT), "listener_manager")


def counters(lines: Iterable[str]) -> dict[str, int]:
    """From what an Envoy says; histograms have no number."""
    pairs = (line.rpartition(": ") for line in lines)
    return {name: int(value) for name, _colon, value in pairs if name and value.strip().isdigit()}


def write_down(estate: Estate, cluster: str, gateway: str, file: Path, moment: str) -> None:
    """One line for each pod of the gateway. A pod that does not say anything has none: on busy cores it may have just come or gone."""
    pods = [item["metadata"]["name"] for item in estate.get(cluster, "pods", "-n", MESH, "-l", f"istio={gateway}")["items"]]
    with file.open("a", encoding="utf-8") as book:
        for pod in pods:
            try:
                seen = {name: number for what in _ASKED for name, number in counters(_asked(estate, cluster, pod, what)).items()}
            except AssertionError:
                continue
            book.write(json.dumps({"at": time.time(), "after": moment, "cluster": cluster, "pod": pod, "counters": seen}) + "\n")


def _asked(estate: Estate, cluster: str, pod: str, what: str) -> list[str]:
    words = ("exec", pod, "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", f"stats?usedonly&filter={what}")
    return str(estate.kubectl(cluster, "-n", MESH, *words)).splitlines()
