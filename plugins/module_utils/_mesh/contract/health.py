# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs, as facts, and the proof that requests cross."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..health.health import Health
from ..health.probe import ProbeWish
from ..objects.shapes import Live, Manifest
from ..question import Question, Read


class Observation(Protocol):
    """What runs, as facts."""

    def reads(self, namespace: str) -> list[Read]: ...
    def config(self, namespace: str) -> list[Read]: ...
    def ours(self, manifest: Mapping[str, Any]) -> bool: ...
    def questions(self, live: Live) -> list[Question]: ...
    def health(self, cluster: str, live: Live, answers: Mapping[Question, str | None]) -> Health: ...


class Probe(Protocol):
    """Workloads that ask each other across clusters."""

    def manifests(self, wish: ProbeWish) -> list[Manifest]: ...
    def pods(self, wish: ProbeWish) -> Read: ...
    def question(self, wish: ProbeWish, pod: str, target: str) -> Question: ...
    def fault(self, wish: ProbeWish, target: str, status: int, body: str) -> str | None: ...
