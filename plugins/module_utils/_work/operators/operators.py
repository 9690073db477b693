# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install, adopt, upgrade or remove a set of operators, each in its turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..._kube.cluster import Cluster, Permission
from ..._kube.waiting import waiting
from ..._mesh.errors import MeshError, Refused
from ..._mesh.few_names import few
from ..._mesh.objects.change import Change, as_result
from ..._mesh.operators import departure, extension, precedence, rights, subscribed
from ..._mesh.operators.backend import AUTO, CHART, CHOICES, SUBSCRIPTION, backend, impossible
from ..._mesh.operators.departure import RemovalScope
from ..._mesh.operators.package import AUTOMATIC, MANUAL, Package, duplicates
from ..._mesh.operators.refusals import refusals, still_coming
from ..._mesh.operators.seen import OperatorsSeen, installed_version, status
from ..._mesh.operators.step import Next
from ..clock import Clock, SystemClock
from .look import look
from .pursue import PATIENCE, Pursuit

_AGAIN = 1.0  # seconds between two looks at what a catalogue offers
_NAME = {"required": True}
_NAMES = {"type": "list", "elements": "str"}
_FALSE = {"type": "bool", "default": False}
_CHART = dict(name={"required": True}, ref={"required": True}, repository={}, version={}, values={"type": "dict", "default": {}})
_PACKAGE: dict[str, Any] = dict(
    name=_NAME,
    namespace=dict(default="openshift-operators"),
    channel=dict(),
    source=dict(default="redhat-operators"),
    source_namespace=dict(default="openshift-marketplace"),
    csv=dict(),
    version=dict(),
    through=_NAMES,
    dependencies=_NAMES,
    approval=dict(choices=[MANUAL, AUTOMATIC], default=MANUAL),
    targets=_NAMES,
    crds=_NAMES,
    operands=dict(type="list", elements="dict", options=dict(api_version=_NAME, kind=_NAME)),
    after=dict(type="list", elements="dict", options=dict(name=_NAME, version=_NAME)),
    catalog=dict(),
    service_account=dict(),
    self_certified=_FALSE,
    chart=dict(type="dict", options=_CHART),
    deprecated=dict(),
)
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        packages=dict(type="list", elements="dict", required=True, options=_PACKAGE),
        state=dict(choices=["present", "absent"], default="present"),
        api=dict(choices=list(CHOICES), default=AUTO),
        remove_operands=_FALSE,
        remove_crds=_FALSE,
        wait_timeout=dict(type="int", default=600),
    ),
)


@dataclass(frozen=True)
class Request:
    """The packages in the order in which they are installed, by which means, and what a removal may take."""

    packages: tuple[Package, ...]
    absent: bool
    api: str
    consent: RemovalScope
    timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        packages = tuple(Package.of(one) for one in params["packages"])
        consent = RemovalScope(params["remove_operands"], params["remove_crds"])
        return cls(packages, params["state"] == "absent", params["api"], consent, params["wait_timeout"])


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    """Refuse everything that speaks against any package, then bring one after the other to where it shall be."""
    request, clock = Request.of(params), clock or SystemClock()
    first = _offered(cluster, request, clock)
    means = {package.name: backend(package, first, request.api) for package in request.packages}
    if faults := [*_faults(request, first, means)] or [*_denied(cluster, request, first, means)]:
        raise Refused(" ".join(f"{cluster.name}: {one}" for one in faults), findings=faults)
    changes: list[Change] = []
    notices: list[str] = []
    plan: list[str] = []
    for package in reversed(request.packages) if request.absent else request.packages:
        come = partial(_next, cluster, request, package, means[package.name])
        way = Pursuit(cluster, package.name, come, request.timeout, clock, changes, plan)
        try:
            notices += way.go().notices
        except MeshError as failed:
            failed.facts.setdefault("changed", any(change.changed for change in changes))
            raise
    charts = [package for package in request.packages if means[package.name] == CHART]
    standing = _looked(cluster, request) if changes else first
    return {
        **as_result(changes),
        "operators": [_state_of(package, standing, means[package.name]) for package in request.packages],
        "notices": notices,
        "plan": plan,
        "releases": [_release(package) for package in charts],
    }


def _offered(cluster: Cluster, request: Request, clock: Clock) -> OperatorsSeen:
    """Look, and look again while a catalogue has just connected and its packages may still come."""
    end = clock.monotonic() + min(PATIENCE, request.timeout)
    with waiting() as say:
        while True:
            seen = _looked(cluster, request, offers=True)
            coming = [] if request.absent else [package.name for package in request.packages if still_coming(package, seen, clock.now())]
            if not coming or clock.monotonic() >= end:
                return seen
            say(f"catalogues that have just connected may still offer {few(coming, 5)}")
            clock.sleep(_AGAIN)


def _looked(cluster: Cluster, request: Request, offers: bool = False) -> OperatorsSeen:
    return look(cluster, request.packages, request.absent, offers, request.consent.crds)


def _faults(request: Request, seen: OperatorsSeen, means: Mapping[str, str]) -> Iterator[str]:
    yield from (f"the package {name} stands in the set twice. Keep one of them." for name in duplicates(request.packages))
    for package in request.packages:
        if request.absent:
            yield from departure.refusals(package, seen, request.consent)
        elif wrong := impossible(package, seen, means[package.name]):
            yield wrong
        elif means[package.name] == SUBSCRIPTION:
            yield from refusals(package, seen)
        elif means[package.name] != CHART:
            yield from extension.refusals(package, seen)
        if not request.absent:
            yield from precedence.refusals(package, request.packages, seen)


def _denied(cluster: Cluster, request: Request, seen: OperatorsSeen, means: Mapping[str, str]) -> Iterator[str]:
    """Yield what the credential may not do of all that this run has to do."""
    for package in request.packages:
        ways = rights.to_install(package, seen, means[package.name]), rights.to_remove(package, seen, request.consent)
        wanted = ways[request.absent]
        if lacks := rights.refused([str(one) for one in cluster.denied([Permission(**right) for right in wanted])]):
            yield f"{package.name}: {lacks}"


def _next(cluster: Cluster, request: Request, package: Package, means: str) -> Next:
    seen = _looked(cluster, request)
    if request.absent:
        due = departure.decide(package, seen, request.consent)
        return replace(due, notices=tuple(_unknown_crds(request, package))) if due.done and means == CHART else due
    if means == CHART:
        return Next(notices=(f"{package.name}: {package.deprecated}",) if package.deprecated else ())
    return subscribed.decide(package, request.packages, seen) if means == SUBSCRIPTION else extension.decide(package, seen)


def _unknown_crds(request: Request, package: Package) -> Iterator[str]:
    if request.consent.crds and not package.crds:
        yield f"{package.name}: no chart says which CRDs it brings, so they stay. To remove them too, name them in crds."


def _state_of(package: Package, seen: OperatorsSeen, means: str) -> dict[str, Any]:
    """Return what is installed of a package."""
    live = seen.subscription(package)
    csv = str(status(live or {}).get("installedCSV") or "")
    return {"package": package.name, "namespace": package.namespace, "api": means, "csv": csv, "version": installed_version(seen.extension(package) or {})}


def _release(package: Package) -> dict[str, Any]:
    """Return the Helm release of a package, as the module releases takes it."""
    chart = package.chart
    wanted = {"name": chart["name"], "namespace": package.namespace, "chart": chart["ref"], "values": chart.get("values") or {}}
    return {**wanted, "repository": chart.get("repository") or "", "version": chart.get("version") or package.version}
