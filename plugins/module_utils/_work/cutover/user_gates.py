# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the gates of the user's that answer over HTTP, from this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..._kube.http.elsewhere import fetch
from ..._mesh.cutover.gate import UserGate
from ..._mesh.cutover.user_gate import Gate, WebAnswer, WebQuestion
from ..._mesh.errors import MeshError

_AT_ONCE = 8
Fetch = Callable[[WebQuestion, str], WebAnswer]


def answers(gates: Sequence[Gate], ask: Fetch = fetch) -> list[UserGate]:
    """What each gate says. One that cannot be asked has failed, and says why."""
    if not gates:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(gates))) as pool:
        return list(pool.map(lambda gate: _answer(gate, ask), gates))


def _answer(gate: Gate, ask: Fetch) -> UserGate:
    try:
        return gate.judge(ask(gate.question, f"the gate {gate.name}"))
    except MeshError as failed:
        return UserGate(gate.name, fault=str(failed).removeprefix(f"the gate {gate.name}: ").rstrip("."))
