# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers lead, vote and keep up, as each of them says.

The leader's list is some seconds old: a server that went away is still alive in it. So each server is also asked how far it is itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...._mesh.question import Answers, PodReply
from .. import api

ABOUT, OWN = "voters", "self"
ASKED = {ABOUT: "/v1/operator/autopilot/health", OWN: "/v1/agent/self"}
_SAYS = (200, 429)  # Consul's own verdict, which is 429 while any server is behind for a moment, is not asked for
_TRAILING = 250  # entries of the log; a server that is further behind does not help if another one fails


@dataclass(frozen=True)
class VotersView:
    """The leader that all servers name, those that do not vote or keep up, and half a sentence if the quorum is not whole."""

    leader: str = ""
    behind: Sequence[str] = ()
    fault: str = ""


def seen(answers: Answers, ready: Sequence[str]) -> VotersView:
    """Return what the servers that are ready say."""
    views = {question.pod: _servers(answers.replies.get(question)) for question, _text in api.about(answers, ABOUT)}
    mute = sorted(pod for pod in ready if not views.get(pod))
    if mute or not ready:
        return VotersView(fault=f"{' and '.join(mute) or 'no server'} did not say which servers vote")
    leaders = sorted({str(one.get("Name")) for servers in views.values() for one in servers if one.get("Leader")})
    if len(leaders) != 1:
        return VotersView(fault=f"the servers follow different leaders ({', '.join(leaders)})" if leaders else "the servers have no leader")
    applied = {question.pod: _applied(api.mapped(text) or {}) for question, text in api.about(answers, OWN)}
    furthest = max(applied.values(), default=0)
    late = {pod for pod in ready if applied.get(pod, -1) < 0 or furthest - applied[pod] > _TRAILING}
    behind = sorted(late | {pod for pod in ready for servers in views.values() if not _keeps_up(pod, servers)})
    return VotersView(leaders[0], behind, f"{' and '.join(behind)} does not vote yet, or has not caught up with the leader" if behind else "")


def _servers(reply: PodReply | None) -> list[Mapping[str, Any]]:
    said = api.mapped(reply.body.decode(errors="replace")) if reply and reply.status in _SAYS else None
    return list((said or {}).get("Servers") or [])


def _applied(itself: Mapping[str, Any]) -> int:
    """Return how far a server is in the log; -1 if it neither leads nor follows."""
    raft = (itself.get("Stats") or {}).get("raft") or {}
    index = str(raft.get("applied_index") or "")
    return int(index) if index.isdigit() and raft.get("state") in ("Leader", "Follower") else -1


def _keeps_up(pod: str, servers: Sequence[Mapping[str, Any]]) -> bool:
    leader: Mapping[str, Any] = next((one for one in servers if one.get("Leader")), {})
    mine: Mapping[str, Any] = next((one for one in servers if one.get("Name") == pod and one.get("SerfStatus") == "alive"), {})
    near = int(leader.get("LastIndex") or 0) - int(mine.get("LastIndex") or 0) <= _TRAILING
    return bool(mine.get("Voter")) and mine.get("LastTerm") == leader.get("LastTerm") and near
