# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace the certificates of gateways in place, and verify that every pod serves the new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._kube.lease import Hold
from ..._mesh.contract.gateways import Gateways
from ..._mesh.errors import MeshError, NotReady
from ..._mesh.gateways.certificates import Use, greetings
from ..._mesh.objects.change import Change, as_result
from ..._mesh.question import Greeting
from ..._mesh.trust.certificate import short
from ..._pki.x509 import bundle
from ..._providers import provider
from ..chosen_mesh import complete
from ..clock import Clock, SystemClock
from ..follow import follow, nothing
from ..lease.hold import hold_of
from ..look import look
from ..trust.survey import OPTIONS
from .certificate_plan import CertificatePlan, Task
from .request import Request

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
        "certificates": {"type": "list", "elements": "dict", "default": [], "options": _CERTIFICATE},
        "issue_days": {"type": "int", "default": 0},
        "min_age": {"type": "int", "default": 3600},
        "timeout": {"type": "int", "default": 600},
        "lease": {"type": "dict"},
        **OPTIONS,
    },
    prepare=complete,
)


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking, connector = Request.of(params, cluster.name), clock or SystemClock(), connect or connect_to
    gateways, hold, start = provider(request.provider).gateways, hold_of(cluster, request.lease, connector), ticking.monotonic()
    uses = look(cluster, gateways.uses())
    plan = CertificatePlan(cluster, gateways, request, uses, ticking.now(), connector)
    tasks, changes = plan.tasks(), list[Change]()
    try:
        for task in tasks:
            changes.append(_write(cluster, gateways, task, hold))
        seen = {} if cluster.dry_run else _follow(cluster, tasks, request.timeout, hold, ticking)
    except MeshError as failed:
        failed.facts.update(as_result(changes))
        raise
    served = [_facts(task, change, seen.get(str(task.ref), [])) for task, change in zip(tasks, changes, strict=True)]
    result = {"certificates": served, "plan": [_planned(cluster.name, one) for one in served], "warnings": plan.warnings}
    return {**as_result(changes), **result, "seconds": round(ticking.monotonic() - start, 2)}


def _write(cluster: Cluster, gateways: Gateways, task: Task, hold: Hold | None) -> Change:
    """Write the Secret once, as a change of the object that was read."""
    if task.material is None:
        return Change(task.ref, "unchanged", task.live, task.live)
    if hold:
        hold.guard()
    return cluster.amend(task.live, gateways.patch(task.live, task.material.certificate, task.material.key))


def _follow(cluster: Cluster, tasks: Sequence[Task], timeout: float, hold: Hold | None, clock: Clock) -> dict[str, list[str]]:
    """Make TLS handshakes with all pods until each serves its new certificate. Return the pods by Secret."""
    asked = [(task, use, greeting) for task in tasks for use, greeting in greetings(task.uses, task.names)]

    def behind() -> list[str]:
        chains = cluster.greet_all([greeting for _task, _use, greeting in asked])
        return [reason for one, chain in zip(asked, chains, strict=True) if (reason := _behind(*one, chain))]

    def late(reasons: list[str], _seconds: float) -> NotReady:
        shown = "; ".join(reasons[:10]) + (f"; and {len(reasons) - 10} more" if len(reasons) > 10 else "")
        message = f"{cluster.name}: these pods do not serve the new certificate after {timeout} s: {shown}. Check the pods, then run again."
        return NotReady(message, findings=reasons)

    def waits(reasons: list[str]) -> str:
        return f"{len(reasons):,} of {len(asked):,} gateways and hosts do not serve the new certificate yet: {reasons[0]}"

    follow(behind, done=lambda reasons: not reasons, late=late, timeout=timeout, keep=hold.keep if hold else nothing, waits=waits, clock=clock)
    return {str(task.ref): sorted({_pod(greeting) for one, _use, greeting in asked if one is task}) for task in tasks}


def _behind(task: Task, use: Use, greeting: Greeting, chain: bytes | MeshError) -> str:
    where = f"{_pod(greeting)} for {greeting.server_name or 'any host'}, {use.gateway}"
    if isinstance(chain, MeshError):
        return f"{where}: {chain}"
    served, wanted = bundle(chain), task.leaf.certificate
    if not served or wanted is None or served[0].fingerprint == wanted.fingerprint:
        return "" if served else f"{where} serves no certificate"
    return f"{where} serves {served[0]}"


def _pod(greeting: Greeting) -> str:
    return f"Pod {greeting.namespace}/{greeting.pod}:{greeting.port}"


def _planned(cluster: str, served: Mapping[str, Any]) -> str:
    where = f"{cluster}: Secret {served['secret']}, served by {', '.join(served['gateways'])}"
    return f"{where}: {'to be replaced' if served['action'] == 'replaced' else 'stays'}"


def _facts(task: Task, change: Change, seen: Sequence[str]) -> Mapping[str, Any]:
    now, before = task.leaf.certificate, task.current.certificate
    return {
        "secret": f"{task.ref.namespace}/{task.ref.name}",
        "action": "replaced" if change.changed else "kept",
        "certificate": now.facts() if now else None,
        "before": short(before.fingerprint) if before else None,
        "gateways": sorted({use.gateway for use in task.uses}),
        "served_by": list(seen),
    }
