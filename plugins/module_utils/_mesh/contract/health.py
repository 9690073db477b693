# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs, as facts, and the proof that requests cross."""

from __future__ import annotations

from typing import Protocol

from ..health.health import HealthFacts
from ..health.probe import Probe, ProbeWish
from ..objects.look import Look


class Health(Protocol):
    """How to see what runs of a mesh, and what its users configured. What is wrong with the facts is the model's to say."""

    def facts(self, cluster: str, namespace: str) -> Look[HealthFacts]: ...
    def config(self, namespace: str) -> Look[dict[str, int]]: ...
    def probe(self, wish: ProbeWish) -> Probe: ...
