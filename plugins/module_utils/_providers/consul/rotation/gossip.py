# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the key with which agents gossip. Consul keeps a keyring on each node: all know the new key before any uses it, and the former one goes last.

One request acts on all pools: the LAN pool of each datacenter, and the WAN pool of all servers of a federation. The primary of a federation sends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import SETTLE, Step, StepPlace
from ...._mesh.trust.prepared import RANDOM, Drawn, PreparedSecret
from .. import api
from ..members import down
from ..names import SHARED, TOKENS, labelled

GOSSIP = "gossip"
_KEYRING = "/v1/operator/keyring"
_MEMBERS = {"LAN": "/v1/agent/members", "WAN": "/v1/agent/members?wan=1"}
Pool = Mapping[str, Any]


def renews(namespace: str, _cluster: str) -> list[PreparedSecret]:
    return [PreparedSecret(Ref("v1", "Secret", SHARED, namespace), (Drawn(GOSSIP, RANDOM),), shared=True)]


@dataclass(frozen=True)
class _Pools:
    """What a server says of the keyrings. In a secondary nobody is asked for keys, because the answer of the primary names all pools.

    `key` is the one with which the rotation ends.
    """

    key: str = field(repr=False)
    settled: bool
    server: Object | None = None
    token: str = field(default="", repr=False)
    keyrings: Sequence[Pool] | None = field(default=None, repr=False)
    secondary: bool = False
    away: Sequence[str] = ()
    silent: Sequence[str] = ()

    def lacking(self, field_name: str) -> list[str]:
        """Return each pool in which not every node has the key among its `Keys`, or among its `PrimaryKeys`."""
        word = "uses" if field_name == "PrimaryKeys" else "has"
        counts = ((_name(pool), int((pool.get(field_name) or {}).get(self.key) or 0), int(pool.get("NumNodes") or 0)) for pool in self.keyrings or ())
        return [f"{name}: {there} of {nodes} nodes {word if there == 1 else word.replace('has', 'have').replace('uses', 'use')} the new key"
                for name, there, nodes in counts if not nodes or there < nodes]  # fmt: skip

    def former(self) -> list[str]:
        return sorted({key for pool in self.keyrings or () for key in pool.get("Keys") or {}} - {self.key})

    def order(self, what: str, method: str, key: str) -> list[DueOrder]:
        if self.server is None or self.secondary:
            return []
        return [DueOrder(what, api.put("order", self.server, _KEYRING, self.token, {"Key": key}, method))]


def _name(pool: Pool) -> str:
    return "the WAN pool" if pool.get("WAN") else f"the LAN pool of {pool.get('Datacenter')}"


def _pools(live: Live, answers: Answers) -> _Pools:
    secret = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == SHARED), None)
    ready, secondary = api.servers(live), api.is_secondary(live)
    wanted = {about: api.listed(api.only(answers, about)) for about in (*_MEMBERS, *([] if secondary else ["keyring"]))}
    silent = [f"no server said which {_SAID[about]} there are" for about, said in wanted.items() if not said]
    away = [f"the node {name} of the {pool} pool is down" for pool in _MEMBERS for name in down(wanted[pool] or ())]
    keyrings = wanted.get("keyring")
    if keyrings:
        silent += [f"the LAN pool of {name} did not tell its keys" for name in _absent(keyrings, wanted["WAN"] or ())]
    return _Pools(
        renewed.wanted(secret, GOSSIP).decode(),
        renewed.is_settled(secret, GOSSIP),
        next(iter(ready), None),
        api.token(live, secondary),
        keyrings,
        secondary,
        away,
        silent if ready else ["no server of Consul is ready"],
    )


_SAID = {"LAN": "members of its LAN pool", "WAN": "members of its WAN pool", "keyring": "keys"}


def _absent(keyrings: Sequence[Pool], members: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each datacenter with servers in the WAN pool whose own pool is not among the answers."""
    told = {str(pool.get("Datacenter")) for pool in keyrings if not pool.get("WAN")}
    yield from sorted({str((one.get("Tags") or {}).get("dc")) for one in members if (one.get("Tags") or {}).get("dc")} - told)


def _questions(live: Live) -> list[Question]:
    secondary = api.is_secondary(live)
    asked = {**_MEMBERS, **({} if secondary else {"keyring": _KEYRING})}
    return [api.get(about, pod, path, api.token(live, secondary)) for pod in api.servers(live)[:1] for about, path in asked.items()]


def _reads(place: StepPlace) -> list[Read | Ref]:
    return [
        Read("apps/v1", "StatefulSet", place.namespace, labelled("server")),
        Read("v1", "Pod", place.namespace, labelled("server")),
        *(Ref("v1", "Secret", name, place.namespace) for name in (TOKENS, SHARED)),
    ]


def _installed(live: Live, answers: Answers) -> Due:
    """Return what lacks until all nodes know the key. A node that is down would never hear what others say with it."""
    pools = _pools(live, answers)
    lacking = pools.lacking("Keys")
    orders = pools.order("the new gossip key in all keyrings", "POST", pools.key) if lacking else []
    return Due(orders=orders, lags=[*pools.silent, *lacking, *pools.away])


def _used(live: Live, answers: Answers) -> Due:
    before = _installed(live, answers)
    if before.lags:
        return Due(lags=before.lags)
    pools = _pools(live, answers)
    lacking = pools.lacking("PrimaryKeys")
    return Due(orders=pools.order("the use of the new gossip key", "PUT", pools.key) if lacking else [], lags=lacking)


def _removed(live: Live, answers: Answers) -> Due:
    """Return the former keys. They stay while a Secret has one of them, because a new node would start with it and never join."""
    before = _used(live, answers)
    if before.lags:
        return Due(lags=before.lags)
    pools = _pools(live, answers)
    if not pools.settled:
        return Due(lags=[f"the Secret {SHARED} still holds the former key"] if pools.former() or pools.secondary else [])
    orders = [order for key in pools.former() for order in pools.order(f"the end of the former gossip key {_digest(key)}", "DELETE", key)]
    return Due(orders=orders, lags=[f"{_name(pool)} still knows a former key" for pool in pools.keyrings or () if set(pool.get("Keys") or {}) - {pools.key}])


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


STEPS = (
    Step("install", "add the new gossip key to the keyring of every node", lambda place: Look(_reads(place), _installed, _questions)),
    Step("use", "gossip with the new key", lambda place: Look(_reads(place), _used, _questions)),
    SETTLE,
    Step("remove", "take the former keys out of every keyring", lambda place: Look(_reads(place), _removed, _questions), returns=False),
)


def permissions(namespace: str) -> list[dict[str, str]]:
    """Return the rights: to find the servers, to ask them, and to read the tokens with which they are asked."""
    wanted = [("", "pods", "list"), ("", "pods/portforward", "get"), ("", "pods/portforward", "create"), ("apps", "statefulsets", "list")]
    rights = [{"verb": verb, "group": group, "resource": resource, "namespace": namespace} for group, resource, verb in wanted]
    return [*rights, *({"verb": "get", "group": "", "resource": "secrets", "namespace": namespace, "name": name} for name in (TOKENS, SHARED))]
