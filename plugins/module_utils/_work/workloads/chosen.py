# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which workloads a set of services means, and which the mesh has that it means no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._kube.cluster import Cluster
from ..._mesh.errors import Refused
from ..._mesh.objects.change import Ref
from ..._mesh.objects.shapes import Object
from ..._mesh.objects.waits import WORKLOADS
from ..._mesh.workloads.part import ours
from ..._mesh.workloads.service_wish import SET, ServiceSet, ServiceWish

_GROUP = "apps/v1"


@dataclass(frozen=True)
class ServiceWorkload:
    service: ServiceWish
    workload: Object


def chosen(cluster: Cluster, services: ServiceSet) -> tuple[list[ServiceWorkload], list[str]]:
    """Return the workloads of all services. Refuse a service without one, and a workload of two services.

    In check mode an earlier task may not have made a workload yet. Then a notice says that it is missing.
    """
    found = [(one, _workloads(cluster, one)) for one in services.services]
    lacking = [_absent(cluster.name, service) for service, workloads in found if not workloads]
    if lacking and not cluster.dry_run:
        raise Refused(" ".join(lacking), findings=lacking)
    every = [ServiceWorkload(service, workload) for service, workloads in found for workload in workloads]
    _require_one_service_each(cluster.name, every)
    return every, lacking


def _workloads(cluster: Cluster, service: ServiceWish) -> list[Object]:
    if service.name:
        live = cluster.get(Ref(_GROUP, service.kind, service.name, service.namespace))
        return [live] if live else []
    kinds = [service.kind] if service.kind else WORKLOADS
    return [one for kind in kinds for one in cluster.list(_GROUP, kind, service.namespace, labels=dict(service.labels))]


def _absent(cluster: str, service: ServiceWish) -> str:
    kinds = service.kind or "workload"
    labels = ",".join(f"{key}={value}" for key, value in sorted(service.labels.items()))
    what = f"no {kinds} {service.namespace}/{service.name}" if service.name else f"no {kinds} in the namespace {service.namespace} with the labels {labels}"
    return f"{cluster}: there is {what} for the service {service.service}. Install it first, or correct mesh_workloads."


def _require_one_service_each(cluster: str, every: Sequence[ServiceWorkload]) -> None:
    names: dict[Ref, list[str]] = {}
    for one in every:
        names.setdefault(Ref.of(one.workload), []).append(one.service.service)
    twice = {ref: " and ".join(sorted(of)) for ref, of in names.items() if len(of) > 1}
    faults = [f"{cluster}: {ref} would serve {of}, and a proxy serves one service. Name it for one of them." for ref, of in twice.items()]
    if faults:
        raise Refused(" ".join(faults), findings=faults)


def standing(cluster: Cluster, group: str, named: Sequence[Object]) -> list[Object]:
    """Return the workloads of the set that have a part of the mesh, without those that are named."""
    known = {Ref.of(one) for one in named}
    live = [one for kind in WORKLOADS for one in cluster.list(_GROUP, kind, labels={SET: group})]
    return [one for one in live if Ref.of(one) not in known and ours(one) is not None]
