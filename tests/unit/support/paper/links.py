# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The links of the mesh of paper: the source keeps an account with a token for each consumer, which gets three objects.

One of them names the source's gateway and its identity, so that nothing can be linked before both are known there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.entrance import Entrance
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Grant, Issued, Lacking, Link, Linked, Offer, Seen
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.sight import Sight
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref, digest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Live, Manifest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded

GATEWAY, IDENTITY = "paper-gateway", "paper-identity"
_LINK, _FOR = "paper/link", "paper/for"
_OURS = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}
# In the order in which they are removed: without the first one nobody uses the others.
_KINDS = ("ConfigMap", "ServiceAccount", "Secret")
_GRANTS = ("ServiceAccount", "Secret")


def offer(link: Link, entrance: Entrance, generation: int = 0) -> Look[Offer]:
    """Offer an account, its token, which a controller of the source fills in, and the address and identity of the source."""
    account, token = f"paper-for-{link.consumer}", f"paper-for-{link.consumer}-token"
    label = {_FOR: link.consumer}
    wanted = [_object("ServiceAccount", account, link, label), _object("Secret", token, link, label, type="paper/token")]

    def judge(live: Live, _answers: Answers) -> Offer:
        here = {(kind, one["metadata"]["name"]): one for kind, objects in live.items() for one in objects}
        content = {
            "address": _address(here.get(("Service", GATEWAY), {})),
            "identity": str((here.get(("ConfigMap", IDENTITY), {}).get("data") or {}).get("identity") or "").encode(),
            "token": decoded((here.get(("Secret", token), {}).get("data") or {}).get("token")),
        }
        holder = {"address": ("Service", GATEWAY), "identity": ("ConfigMap", IDENTITY), "token": ("Secret", token)}
        lacks = [f"the {holder[what][0]} {link.namespace}/{holder[what][1]} got no {what}" for what, part in content.items() if not part]
        lacking = Lacking(" and ".join(lacks), "Look after the paper mesh there.") if lacks else None
        return Offer([one for one in wanted if (one["kind"], one["metadata"]["name"]) not in here], lacking, content)

    places = (("Service", GATEWAY), ("ConfigMap", IDENTITY), ("ServiceAccount", account), ("Secret", token))
    return Look([Ref("v1", kind, name, link.namespace) for kind, name in places], judge)


def _address(service: Mapping[str, Any]) -> bytes:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
    return str(ingress[0].get("ip") or "").encode()


def _object(kind: str, name: str, link: Link, labels: Mapping[str, str] | None = None, **parts: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": link.namespace, "labels": {**_OURS, **(labels or {})}}, **parts}


def accept(link: Link, offer: Offer) -> list[Manifest]:
    name, label = f"paper-link-{link.source}", {_LINK: link.source}
    where = {part: offer.content.get(part, b"").decode() for part in ("address", "identity")}
    return [
        _object("Secret", name, link, label, type="Opaque", data={"token": encoded(offer.content.get("token", b""))}),
        _object("ServiceAccount", name, link, label),
        _object("ConfigMap", name, link, label, data={"source": link.source, **where}),
    ]


def there(namespace: str, source: str = "") -> Look[list[Linked]]:
    def judge(live: Live, _answers: Answers) -> list[Linked]:
        return [_linked(kind, one, bool(source)) for kind in _KINDS for one in live.get(kind, ())]

    selector = f"{_LINK}={source}" if source else _LINK
    return Look([Read("v1", kind, namespace, selector, metadata_only=not source) for kind in _KINDS], judge)


def _linked(kind: str, one: Mapping[str, Any], asked: bool) -> Linked:
    meta, token = one["metadata"], decoded((one.get("data") or {}).get("token")) if kind == "Secret" and asked else b""
    ours = all((meta.get("labels") or {}).get(key) == value for key, value in _OURS.items())
    ref = Ref("v1", kind, meta["name"], meta["namespace"])
    return Linked(ref, meta["labels"][_LINK], ours, one, digest(token.decode()) if token else "")


def grants(namespace: str) -> Look[list[Grant]]:
    """Without its account a consumer is let in no more, so that goes first."""

    def judge(live: Live, _answers: Answers) -> list[Grant]:
        return [_grant(kind, one["metadata"], one) for kind in _GRANTS for one in live.get(kind, ())]

    return Look([Read("v1", kind, namespace, _FOR, metadata_only=True) for kind in _GRANTS], judge)


def _grant(kind: str, meta: Mapping[str, Any], live: Mapping[str, Any]) -> Grant:
    ours = all(meta["labels"].get(key) == value for key, value in _OURS.items())
    return Grant(Ref("v1", kind, meta["name"], meta["namespace"]), meta["labels"][_FOR], ours, live)


def credentials(namespace: str) -> Look[list[Issued]] | None:
    """None, because an account has only one token, and a new one ends the old one."""
    return None


def sights(link: Link) -> Look[Seen]:
    def judge(live: Live, _answers: Answers) -> Seen:
        known = [one for one in live.get("ConfigMap", ()) if (one.get("data") or {}).get("address")]
        return Seen([Sight(link.consumer, "paper-plane", synced=bool(known))])

    return Look([Read("v1", "ConfigMap", link.namespace, f"{_LINK}={link.source}")], judge)


def permissions(namespace: str, restart: bool = False) -> list[dict[str, str]]:
    wanted = [(resource, verb) for resource in ("configmaps", "serviceaccounts", "secrets") for verb in ("get", "list", "create", "patch", "delete")]
    return [{"verb": verb, "group": "", "resource": resource, "namespace": namespace} for resource, verb in [*wanted, ("services", "get")]]


def world(namespace: str, cluster: str, address: str) -> list[Manifest]:
    """The objects of a source that only the source knows: a gateway with an address, and an identity."""
    link = Link(cluster, "", namespace)
    gateway = _object("Service", GATEWAY, link, spec={"ports": [{"port": 4143}], "type": "LoadBalancer"})
    return [
        {**gateway, "status": {"loadBalancer": {"ingress": [{"ip": address}]}}},
        _object("ConfigMap", IDENTITY, link, data={"identity": f"gateway.{namespace}.{cluster}.paper"}),
    ]
