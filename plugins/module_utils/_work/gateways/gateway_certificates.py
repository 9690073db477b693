# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of gateways replaced in place, and seen to be served by every pod."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.lease import Hold
from ..._mesh.contract.gateways import Serving
from ..._mesh.errors import MeshError, NotReady
from ..._mesh.gateways.certificates import Use, greetings
from ..._mesh.objects.change import Change, as_result
from ..._mesh.question import Greeting
from ..._mesh.trust.certificate import short
from ..._pki.x509 import bundle
from ..._providers import PROVIDERS
from ..follow import follow, nothing
from ..lease.hold import held
from ..look import listed
from ..trust.survey import OPTIONS
from .certificate_plan import Desk, Task

_CERTIFICATE: dict[str, Any] = {
    "cluster": {},
    "namespace": {"required": True},
    "name": {"required": True},
    "certificate": {},
    "private_key": {"no_log": True},
    "chain": {},
    "certificate_file": {"type": "path"},
    "private_key_file": {"type": "path", "no_log": False},
    "chain_file": {"type": "path"},
}
TASK: dict[str, Any] = dict(
    argument_spec={
        "provider": {"choices": sorted(PROVIDERS), "default": "istio"},
        "certificates": {"type": "list", "elements": "dict", "default": [], "options": _CERTIFICATE},
        "issue_days": {"type": "int", "default": 0},
        "min_age": {"type": "int", "default": 3600},
        "timeout": {"type": "int", "default": 600},
        "lease": {"type": "dict"},
        **OPTIONS,
    },
)


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    serving, hold, start = PROVIDERS[params["provider"]].serving, held(cluster, params), time.monotonic()
    desk = Desk(cluster, serving, params, _uses(cluster, serving), datetime.now(UTC))
    tasks, changes = desk.tasks(), list[Change]()
    try:
        for task in tasks:
            changes.append(_write(cluster, serving, task, hold))
        seen = {} if cluster.dry_run else _follow(cluster, tasks, params["timeout"], hold)
    except MeshError as failed:
        failed.facts.update(as_result(changes))
        raise
    served = [_facts(task, change, seen.get(str(task.ref), [])) for task, change in zip(tasks, changes, strict=True)]
    told = {"certificates": served, "plan": [_told(cluster.name, one) for one in served], "warnings": desk.warnings}
    return {**as_result(changes), **told, "seconds": round(time.monotonic() - start, 2)}


def _uses(cluster: Cluster, serving: Serving) -> list[Use]:
    return serving.uses(listed(cluster, serving.reads()))


def _write(cluster: Cluster, serving: Serving, task: Task, hold: Hold | None) -> Change:
    """One write, onto what was read."""
    if task.material is None:
        return Change(task.ref, "unchanged", task.live, task.live)
    if hold:
        hold.guard()
    return cluster.amend(task.live, serving.patch(task.live, task.material.certificate, task.material.key))


def _follow(cluster: Cluster, tasks: Sequence[Task], timeout: float, hold: Hold | None) -> dict[str, list[str]]:
    """Shakes hands with every pod until each serves what it should; returns who was seen to serve which Secret."""
    asked = [(task, use, greeting) for task in tasks for use, greeting in greetings(task.uses, task.names)]

    def look() -> list[str]:
        chains = cluster.greet_all([greeting for _task, _use, greeting in asked])
        return [reason for one, chain in zip(asked, chains, strict=True) if (reason := _behind(*one, chain))]

    def late(reasons: list[str], _seconds: float) -> NotReady:
        shown = "; ".join(reasons[:10]) + (f"; and {len(reasons) - 10} more" if len(reasons) > 10 else "")
        return NotReady(f"{cluster.name}: these do not serve the new certificate after {timeout} s: {shown}. Look after them and run again.", findings=reasons)

    follow(look, done=lambda reasons: not reasons, late=late, timeout=timeout, keep=hold.keep if hold else nothing)
    return {str(task.ref): sorted({_pod(greeting) for one, _use, greeting in asked if one is task}) for task in tasks}


def _behind(task: Task, use: Use, greeting: Greeting, chain: bytes | MeshError) -> str:
    where = f"{_pod(greeting)} for {greeting.server_name or 'any host'}, {use.gateway}"
    if isinstance(chain, MeshError):
        return f"{where}: {chain}"
    found, wanted = bundle(chain), task.leaf.certificate
    if not found or wanted is None or found[0].fingerprint == wanted.fingerprint:
        return "" if found else f"{where} serves none"
    return f"{where} serves {found[0]}"


def _pod(greeting: Greeting) -> str:
    return f"Pod {greeting.namespace}/{greeting.pod}:{greeting.port}"


def _told(cluster: str, served: Mapping[str, Any]) -> str:
    where = f"{cluster}: Secret {served['secret']}, served by {', '.join(served['gateways'])}"
    return f"{where}: {'to be replaced' if served['action'] == 'replaced' else 'stays as it is'}"


def _facts(task: Task, change: Change, seen: Sequence[str]) -> Mapping[str, Any]:
    now, before = task.leaf.certificate, task.held.certificate
    return {
        "secret": f"{task.ref.namespace}/{task.ref.name}",
        "action": "replaced" if change.changed else "kept",
        "certificate": now.facts() if now else None,
        "before": short(before.fingerprint) if before else None,
        "gateways": sorted({use.gateway for use in task.uses}),
        "served_by": list(seen),
    }
