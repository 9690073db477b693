# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secondary whose primary does not answer: what still works, what does not, and until when. Consul promotes no secondary, so nothing here does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.health.health import Deadline
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question
from .. import api
from ..names import LEAF_TTL, noted
from . import signing

ABOUT, PASSAGES = "primary", "passages"
RUNBOOK = "the page \"When the primary is lost\" has the runbook"


def questions(primary: str, pods: Sequence[Object], token: str) -> list[Question]:
    """Ask each server of a secondary whether it reaches the primary, and one of them for the gateways that it knows."""
    reaching = [api.get(ABOUT, pod, f"/v1/status/leader?dc={primary}", token) for pod in pods]
    return [*reaching, *(api.get(PASSAGES, pod, "/v1/internal/federation-states/mesh-gateways", token) for pod in pods[:1])]


def silent(answers: Answers) -> tuple[list[str], bool]:
    """Return the servers that do not reach the primary, and whether none does."""
    reached = {question.pod: bool(api.parsed(text)) for question, text in api.about(answers, ABOUT)}
    return sorted(pod for pod, reaches in reached.items() if not reaches), bool(reached) and not any(reached.values())


def faults(primary: str, answers: Answers) -> Iterator[str]:
    mute, lost = silent(answers)
    known = _known(answers)
    if lost:
        yield f"the primary {primary} does not answer (its gateways are looked for at {', '.join(known) or 'no address'}); {RUNBOOK}"
        yield "without it requests, reads, local tokens, new certificates and restarts of workloads go on as before"
        yield "without it no change of configuration, intentions or global tokens is possible"
        yield "without it no server here may restart, because a new leader signs no certificate; the collection restarts none"
    elif mute:
        yield f"{' and '.join(mute)} cannot reach the primary {primary}, which others reach; read the logs there"
    else:
        yield from _stale(primary, known, answers)


def _known(answers: Answers) -> list[str]:
    """Return the addresses at which the servers look for their primary, as they were when they started."""
    read = [api.mapped(text) or {} for _question, text in api.about(answers, "self")]
    return sorted({str(address) for one in read for address in (one.get("DebugConfig") or {}).get("PrimaryGateways") or []})


def _stale(primary: str, known: list[str], answers: Answers) -> Iterator[str]:
    """Yield a fault if the primary's gateways have other addresses than those with which the servers started. A name may lead to any address."""
    listed: Mapping[str, Any] = api.mapped(api.only(answers, PASSAGES)) or {}
    gateways = [((one.get("Service") or {}).get("TaggedAddresses") or {}).get("wan") or {} for one in listed.get(primary) or []]
    present = {f"{one.get('Address')}:{one.get('Port')}" for one in gateways if one.get("Address")}
    if present and known and not present & set(known) and all(_is_ip(address) for address in known):
        yield (
            f"the servers know the primary {primary} at {' and '.join(known)}, but its gateways are at {' and '.join(sorted(present))}: "
            "a server that restarts would not find it; run meshops.lifecycle.control_plane"
        )


def _is_ip(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    return bool(host) and (":" in host or all(part.isdigit() for part in host.split(".")))


def deadlines(live: Live, answers: Answers) -> list[Deadline]:
    """Return until when the secondary signs certificates by itself."""
    if not silent(answers)[1]:
        return []
    own = signing.intermediate(answers)
    life = next((noted(one, LEAF_TTL) for one in live.get("StatefulSet", ())), "") or "72h"
    text = f"without it certificates of workloads, which live for {life}, can be renewed (if no new leader is elected) until"
    return [Deadline(own, text)] if own else []
