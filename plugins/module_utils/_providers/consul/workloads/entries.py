# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Config entries without which a service is not called as its wish says: its protocol, who may call it, and which peers know of it.

A run only adds what is missing. What users set, such as a denied caller, stays, and what they declare as a whole set is refused rather than completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.due import DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Object
from ...._mesh.workloads.service_wish import Caller, ServiceSet, ServiceWish
from .. import api, datacenter
from ..objects.ownership import OWNER, PROBE

DEFAULTS, INTENTIONS, EXPORTED = KINDS = ("service-defaults", "service-intentions", "exported-services")
_BOOKKEEPING = ("CreateIndex", "ModifyIndex", "Hash")
_ALL = "default"  # the name of the only entry of exported services
Entry = dict[str, Any]


def wanted(wish: ControlPlane, services: ServiceSet) -> bool:
    """Return whether a set asks for entries. Those of a secondary are its primary's."""
    return datacenter.kind(wish) != datacenter.SECONDARY and any(one.protocol or one.callers for one in services.services)


def orders(wish: ControlPlane, services: ServiceSet, pod: Object, token: str, known: Mapping[str, Sequence[Object]]) -> Iterator[DueOrder]:
    """Yield one order for each entry that lacks something. An entry that somebody else changes meanwhile is not overwritten."""
    for kind, name, complete in _needs(wish, services):
        live: Object = next((one for one in known[kind] if one.get("Name") == name), {})
        kept = {key: value for key, value in live.items() if key not in _BOOKKEEPING}
        made = complete(kept)
        if made != kept:
            _require_free(wish, services, kind, name, live)
            body = {**made, "Kind": kind, "Name": name}
            yield DueOrder(f"the entry {kind} {name}", api.put("order", pod, f"/v1/config?cas={live.get('ModifyIndex', 0)}", token, body))


def _require_free(wish: ControlPlane, services: ServiceSet, kind: str, name: str, live: Object) -> None:
    """Refuse to complete an entry of a declared set: the next run would take back what this one adds. The set keeps what the probe needs."""
    if OWNER in (live.get("Meta") or {}) and any(one.service != PROBE for one in services.services):
        raise Refused(
            f"{wish.cluster}: the entry {kind}/{name} is declared in mesh_values.entries, and lacks what mesh_workloads says in protocol or callers. "
            "Declare it there, and leave protocol and callers out of mesh_workloads."
        )  # fmt: skip


def _needs(wish: ControlPlane, services: ServiceSet) -> Iterator[tuple[str, str, Callable[[Entry], Entry]]]:
    """Yield each entry by its kind and name, with what completes it. Protocols come first: Consul judges others by them."""
    for service in services.services:
        if service.protocol:
            yield DEFAULTS, service.service, lambda live, one=service: {**live, "Protocol": live.get("Protocol") or one.protocol}  # type: ignore[misc]
    for service in services.services:
        if service.callers:
            yield INTENTIONS, service.service, lambda live, one=service: _allowed(wish, one, live)  # type: ignore[misc]
    if not datacenter.federated(wish) and any(_peers(wish, one) for one in services.services):
        yield EXPORTED, _ALL, lambda live: _exported(wish, services, live)


def _allowed(wish: ControlPlane, service: ServiceWish, live: Entry) -> Entry:
    """Add the callers that the intention does not name yet."""
    sources = list(live.get("Sources") or ())
    there = {(str(one.get("Name")), str(one.get("Peer") or "")) for one in sources}
    added = {(one["Name"], one.get("Peer", "")): one for one in (_source(wish, caller) for caller in service.callers)}
    lacking = [one for name, one in added.items() if name not in there]
    return {**live, "Sources": [*sources, *lacking]} if lacking else live


def _source(wish: ControlPlane, caller: Caller) -> dict[str, str]:
    """Return a caller. In a federation a service is the same in all datacenters."""
    peer = {} if datacenter.federated(wish) or caller.cluster in ("", wish.cluster) else {"Peer": caller.cluster}
    return {"Name": caller.service, "Action": "allow", **peer}


def _peers(wish: ControlPlane, service: ServiceWish) -> list[str]:
    return sorted({one.cluster for one in service.callers} - {"", wish.cluster})


def _exported(wish: ControlPlane, services: ServiceSet, live: Entry) -> Entry:
    """Let the peers whose services may call know of the service."""
    there = [dict(one) for one in live.get("Services") or ()]
    changed = False
    for service in services.services:
        own: dict[str, Any] = next((one for one in there if one.get("Name") == service.service), {"Name": service.service, "Consumers": []})
        known = {str(one.get("Peer") or "") for one in own["Consumers"]}
        if lacking := [{"Peer": peer} for peer in _peers(wish, service) if peer not in known]:
            there = [*(one for one in there if one.get("Name") != service.service), {**own, "Consumers": [*own["Consumers"], *lacking]}]
            changed = True
    return {**live, "Services": there} if changed else live
