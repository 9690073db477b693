# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which workloads serve which service of a mesh, where no webhook gives them a proxy: the inventory names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import Refused
from ..names import label_fault, value_fault
from ..objects.pruning import MANAGER
from ..objects.waits import WORKLOADS

SET = "meshops.lifecycle/workloads"  # label of the workloads and of what belongs to them: the set to which they belong
OWNER = f"{MANAGER}/workloads"  # the field manager of what the mesh adds to a workload
_PATH = re.compile(r"/[A-Za-z0-9._~/?=&%+-]*")
_PORTS = range(1, 65536)


@dataclass(frozen=True)
class Upstream:
    """A service that a workload calls through a port of its own loopback. Without a cluster it is the one of the workload's cluster."""

    service: str
    port: int
    cluster: str = ""


@dataclass(frozen=True)
class Caller:
    """A service that may call. Without a cluster it is one of the same cluster."""

    service: str
    cluster: str = ""


@dataclass(frozen=True)
class ServiceWish:
    """A service of the mesh, and the workloads of a namespace that serve it: one by its name, or those that have all `labels`.

    The workloads listen on `port` of their loopback. Whoever is healthy answers `health_path` with HTTP status 200.
    """

    service: str
    namespace: str
    port: int
    kind: str = ""
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    protocol: str = ""
    health_path: str = ""
    upstreams: Sequence[Upstream] = ()
    callers: Sequence[Caller] = ()

    @classmethod
    def of(cls, cluster: str, entry: Mapping[str, Any]) -> ServiceWish:
        """Return the wish in an entry of the inventory. Refuse everything that is wrong with it at once."""
        known = {each.name for each in fields(cls)}
        given = _given(entry)
        called = f"{cluster}: the service {entry.get('service')!r} of mesh_workloads"
        if strange := sorted(set(given) - known):
            raise Refused(f"{called} has the unknown keys {', '.join(strange)}. Known keys are {', '.join(sorted(known))}.")
        if lacking := sorted({"service", "namespace", "port"} - set(given)):
            raise Refused(f"{called} lacks {' and '.join(lacking)}.")
        try:
            upstreams = tuple(Upstream(**_given(one)) for one in given.pop("upstreams", ()))
            callers = tuple(Caller(**_given(one)) for one in given.pop("callers", ()))
        except TypeError as wrong:
            raise Refused(f"{called} has a wrong upstream or caller: {str(wrong).rpartition('() ')[2]}.") from wrong
        made = cls(**given, upstreams=upstreams, callers=callers)
        if faults := [fault for fault in _faults(made) if fault]:
            raise Refused(f"{called}: {'; '.join(faults)}.")
        return made


def _given(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value is not None}


def _faults(wish: ServiceWish) -> Iterable[str | None]:
    """Yield what is wrong, as half sentences."""
    yield label_fault("service", wish.service, 50)
    yield label_fault("namespace", wish.namespace)
    if bool(wish.name) == bool(wish.labels):
        yield "it names its workloads neither by name nor by labels, or by both"
    if wish.name:
        yield from () if wish.kind else ["it has a name without a kind"]
    if wish.kind and wish.kind not in WORKLOADS:
        yield f"its kind {wish.kind} is none of {', '.join(WORKLOADS)}"
    yield from (value_fault(f"label {key}", value) for key, value in wish.labels.items())
    if wish.health_path and not _PATH.fullmatch(wish.health_path):
        yield f"its health_path {wish.health_path!r} is no path of a URL"
    others = [(one.service, one.cluster) for one in wish.upstreams] + [(one.service, one.cluster) for one in wish.callers]
    for service, cluster in others:
        yield label_fault("service", service)
        yield label_fault("cluster", cluster) if cluster else None
    ports = [wish.port, *(one.port for one in wish.upstreams)]
    yield from (f"{port} is no port" for port in ports if isinstance(port, bool) or not isinstance(port, int) or port not in _PORTS)
    yield from (f"port {port} is used twice" for port in sorted({port for port in ports if ports.count(port) > 1}, key=str))


@dataclass(frozen=True)
class ServiceSet:
    """All services of a cluster that one task cares for. Workloads of this set that it does not name any more lose what the mesh added."""

    name: str
    services: Sequence[ServiceWish] = ()

    @classmethod
    def of(cls, cluster: str, name: str, entries: object) -> ServiceSet:
        if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
            raise Refused(f"{cluster}: mesh_workloads is no list of dictionaries. Write an entry for each service.")
        if fault := label_fault("name of the set", name):
            raise Refused(f"{cluster}: {fault}. Choose another one.")
        services = [ServiceWish.of(cluster, entry) for entry in entries]
        places = [(one.namespace, one.service) for one in services]
        if twice := sorted({f"{place}/{service}" for place, service in places if places.count((place, service)) > 1}):
            raise Refused(f"{cluster}: mesh_workloads names the service {' and '.join(twice)} more than once. Write one entry for each.")
        return cls(name, services)
