# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare Helm's records with the wish, and settle killed operations of Helm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._kube import helm as program
from ..._kube.cluster import Cluster
from ..._kube.waiting import waiting
from ..._mesh.few_names import few
from ..._mesh.install import helm_release as helm
from ..._mesh.install import helm_version
from ..._mesh.install.shared_release import beside
from ..._mesh.objects.change import Ref
from ..clock import Clock, SystemClock

_TEXT = dict(required=True)
_RELEASE: dict[str, Any] = dict(
    name=dict(required=True),
    namespace=dict(required=True),
    chart=dict(required=True),
    repository=dict(),
    version=dict(),
    values=dict(type="dict", default={}),
    shared=dict(type="bool", default=False),
    kept=dict(type="dict", options=dict(value=_TEXT, label=_TEXT, api_version=_TEXT, kind=_TEXT, name=_TEXT, namespace=dict())),
)
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        releases=dict(type="list", elements="dict", required=True, options=_RELEASE),
        state=dict(choices=["present", "absent"], default="present"),
        pending_grace=dict(type="int", default=120),
    ),
)

_OWNER = "owner=helm"
_PATIENCE = 20.0


@dataclass(frozen=True)
class Request:
    """The releases that are wanted or not wanted. An operation of Helm that stands still for `pending_grace` seconds is over."""

    releases: tuple[helm.Release, ...]
    absent: bool
    pending_grace: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        return cls(tuple(map(helm.Release.of, params["releases"])), params["state"] == "absent", params["pending_grace"])


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    request = Request.of(params)
    wished, absent = list(request.releases), request.absent
    records = _records(cluster, wished)
    blocking = _blocking(wished, records, absent)
    left = _left_behind(cluster, wished, blocking, request.pending_grace, clock or SystemClock())
    if absent:
        cluster.apply([helm.failed(secret) for secret in cluster.get_all(left.values()) if secret], force=True)
    else:
        cluster.delete(left.values())
    if blocking:
        records = [record for record in _records(cluster, wished) if absent or record.secret not in left]
    due = _absent(wished, records) if absent else _present(_beside(cluster, wished, records), records)
    return {"changed": bool(left), "due": due, "settled": sorted(left), "server_side": "" if absent or not due else _server_side()}


def _server_side() -> str:
    """Return how Helm must apply. Only called if Helm has work to do, because asking for its version starts it."""
    path = program.location()
    return helm_version.server_side(program.version(path, _PATIENCE)[0]) if path else ""


def _records(cluster: Cluster, wished: list[helm.Release]) -> list[helm.Record]:
    records = []
    for namespace in sorted({release.namespace for release in wished}):
        names = {release.name for release in wished if release.namespace == namespace}
        secrets = cluster.list("v1", "Secret", namespace, labels=f"{_OWNER},name in ({','.join(sorted(names))})")
        records += [helm.read_record(secret) for secret in secrets if secret.get("type") == helm.RECORD_TYPE]
    return records


def _beside(cluster: Cluster, wished: list[helm.Release], records: list[helm.Record]) -> list[helm.Release]:
    keeping = [release for release in wished if release.kept]
    live = dict(zip((release.name for release in keeping), cluster.get_all([release.kept.ref for release in keeping if release.kept]), strict=True))
    return [beside(release, records, live.get(release.name)) for release in wished]


def _present(wished: list[helm.Release], records: list[helm.Record]) -> list[dict[str, Any]]:
    reasons = ((release, helm.due(release, helm.latest(records, release.name))) for release in wished)
    return [{**release.as_dict(), "reason": reason} for release, reason in reasons if reason]


def _absent(wished: list[helm.Release], records: list[helm.Record]) -> list[dict[str, Any]]:
    there = {record.name for record in records}
    return [{**release.as_dict(), "reason": "to be removed"} for release in reversed(wished) if release.name in there]


def _blocking(wished: list[helm.Release], records: list[helm.Record], absent: bool) -> dict[str, Ref]:
    """Return the records that make Helm refuse to work.

    Helm uninstalls a pending release, and only that record lists what to remove, so it stays.
    """
    latest = [(release, helm.latest(records, release.name)) for release in wished]
    blocking = [(release, record) for release, record in latest if record and (record.half_removed if absent else record.pending)]
    return {record.secret: Ref("v1", "Secret", record.secret, release.namespace) for release, record in blocking}


def _left_behind(cluster: Cluster, wished: list[helm.Release], blocking: dict[str, Ref], grace: float, clock: Clock) -> dict[str, Ref]:
    """Return the blocking records that stay pending for `grace` seconds. A record that changes belongs to a running Helm."""
    left = blocking
    deadline = clock.monotonic() + grace
    with waiting() as say:
        while left and clock.monotonic() < deadline and not cluster.dry_run:
            say(f"Helm may still work on what {few(sorted(left), 3)} records")
            clock.sleep(1)
            still = {record.secret for record in _records(cluster, wished) if record.pending}
            left = {name: ref for name, ref in left.items() if name in still}
    return left
