# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Links` for Consul: a peering of two datacenters. The one whose name sorts last gives a token, and the other one establishes the peering.

One peering serves both directions, so that only one of the two links makes it. Datacenters of a federation see each other without links.
"""

from __future__ import annotations

from typing import Any

from ...._mesh.links.entrance import Entrance
from ...._mesh.links.link import Grant, Issued, Lacking, Link, Linked, Offer, Seen
from ...._mesh.objects.change import Ref, digest
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest
from ...._mesh.question import Answers, Read
from ...._mesh.trust.root_secret import decoded, encoded
from .. import api
from ..names import labelled
from . import peer_secret, peering, sight

_FEDERATED = "federated"
_REMEDY = "Check that a server of Consul is ready there, and read its log."


def offer(link: Link, entrance: Entrance, generation: int = 0) -> Look[Offer]:
    """Offer a token, which a server of the source makes and a Secret of the source keeps. A link in the other direction needs nothing."""
    reads: list[Read | Ref] = [peer_secret.offered(link), Read("apps/v1", "StatefulSet", link.namespace, labelled("server"))]

    def judge(live: Live, _answers: Answers) -> Offer:
        if not api.peers(live):
            return Offer(content={_FEDERATED: b"yes"})
        if not gives(link):
            return Offer()
        secret = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == peer_secret.offered(link).name), None)
        token = decoded(((secret or {}).get("data") or {}).get(peer_secret.TOKEN))
        name = f"{link.namespace}/{peer_secret.offered(link).name}"
        lacking = None if token else Lacking(f"the Secret {name} got no peering token", _REMEDY)
        missing = [] if secret else [peer_secret.manifest(peer_secret.offered(link), link.consumer, peer_secret.OFFERED)]
        return Offer(missing, lacking, {peer_secret.TOKEN: token}, peering.fills(link), peering.establishes(link))

    return Look(reads, judge)


def gives(link: Link) -> bool:
    """Return whether the source gives the token for this pair of datacenters."""
    return link.source > link.consumer


def accept(link: Link, offer: Offer) -> list[Manifest]:
    """Return the Secret with the token, and nothing where no peering is made by this link."""
    if _FEDERATED in offer.content or not gives(link):
        return []
    data = {peer_secret.TOKEN: encoded(offer.content.get(peer_secret.TOKEN, b""))}
    return [{**peer_secret.manifest(peer_secret.accepted(link), link.source, peer_secret.LABEL), "data": data}]


def there(namespace: str, source: str = "") -> Look[list[Linked]]:
    """Find the Secrets of peerings."""

    def judge(live: Live, _answers: Answers) -> list[Linked]:
        return [_linked(one, bool(source)) for one in live.get("Secret", ())]

    selector = f"{peer_secret.LABEL}={source}" if source else peer_secret.LABEL
    return Look([Read("v1", "Secret", namespace, selector, metadata_only=not source)], judge)


def _linked(secret: Any, asked: bool) -> Linked:
    meta = secret["metadata"]
    token = decoded((secret.get("data") or {}).get(peer_secret.TOKEN)) if asked else b""
    ref = Ref("v1", "Secret", meta["name"], meta["namespace"])
    source = str(meta["labels"][peer_secret.LABEL])
    ends = peering.ends(str(meta["namespace"]), source)
    return Linked(ref, source, peer_secret.ours(secret), secret, digest(token.decode()) if token else "", ends)


def grants(namespace: str) -> Look[list[Grant]]:
    """Find the Secrets with tokens that servers made. A peering ends on both sides: a token is used up, so its Secret alone holds nobody off."""

    def judge(live: Live, _answers: Answers) -> list[Grant]:
        return [_grant(one) for one in live.get("Secret", ())]

    return Look([Read("v1", "Secret", namespace, peer_secret.OFFERED, metadata_only=True)], judge)


def _grant(secret: Any) -> Grant:
    meta = secret["metadata"]
    consumer, ref = str(meta["labels"][peer_secret.OFFERED]), Ref("v1", "Secret", meta["name"], meta["namespace"])
    return Grant(ref, consumer, peer_secret.ours(secret), secret, peering.ends(str(meta["namespace"]), consumer))


def credentials(namespace: str) -> Look[list[Issued]] | None:
    """Return None: a peering has one token, which is used up when the peering is established."""
    return None


def sights(link: Link) -> Look[Seen]:
    """Look at the source through every server of the consumer."""
    return Look(sight.reads(link.namespace), lambda live, answers: Seen(sight.sights(link, live, answers)), sight.questions)


def permissions(namespace: str, restart: bool = False) -> list[dict[str, str]]:
    """Return the rights for making and seeing peerings."""
    wanted = [
        *(("", "secrets", verb) for verb in ("get", "list", "create", "patch", "delete")),
        *(("", "pods", "list"), ("", "pods/portforward", "get"), ("", "pods/portforward", "create"), ("apps", "statefulsets", "list")),
    ]
    return [{"verb": verb, "group": group, "resource": resource, "namespace": namespace} for group, resource, verb in wanted]
