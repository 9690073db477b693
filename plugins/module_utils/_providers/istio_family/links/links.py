# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Links` for Istio. A token of the reader account in the source becomes a remote secret in the consumer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...._mesh.links.entrance import Entrance
from ...._mesh.links.link import Grant, Issued, Lacking, Link, Linked, Offer, Seen
from ...._mesh.objects.change import Ref, digest
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers
from . import remote_secret, sight
from .remote_secret import Credential

# istiod watches its remote secrets. A version that does not count changes has taken a changed one after so many seconds.
_SETTLES = 10.0
_REMEDY = "Check that the Secret's service account exists and that the cluster's token controller runs."


def offer(link: Link, entrance: Entrance, generation: int = 0) -> Look[Offer]:
    """Offer the newest token that is filled in, so that the result of a rotation stays. The API server fills in the Secret of a new token."""

    def judge(live: Live, _answers: Answers) -> Offer:
        tokens = [one for one in _tokens(live) if generation in (0, remote_secret.generation(one))]
        read = (remote_secret.credential(link.source, entrance.server, entrance.tls_server_name, one) for one in reversed(tokens))
        filled = [credential for credential in read if credential]
        if filled:
            return Offer(content=_content(replace(filled[0], ca=entrance.ca(filled[0].ca))))
        missing = [] if tokens else [remote_secret.account(link.namespace, generation or 1)]
        name = [*tokens, *missing][-1]["metadata"]["name"]
        lacking = Lacking(f"the Secret {link.namespace}/{name} got no token", _REMEDY)
        return Offer(missing, lacking, _content(Credential(link.source, entrance.server, b"", b"", "")))

    return Look([remote_secret.tokens(link.namespace)], judge)


def _tokens(live: Live) -> list[Any]:
    return sorted(filter(remote_secret.generation, live.get("Secret", ())), key=remote_secret.generation)


def _content(credential: Credential) -> dict[str, bytes]:
    return {
        "server": credential.server.encode(),
        "tls_server_name": credential.tls_server_name.encode(),
        "ca": credential.ca,
        "token": credential.token,
    }


def accept(link: Link, offer: Offer) -> list[dict[str, Any]]:
    """Return the remote secret."""
    server, tls_server_name, ca, token = (offer.content.get(part, b"") for part in ("server", "tls_server_name", "ca", "token"))
    return [remote_secret.link(Credential(link.source, server.decode(), ca, token, tls_server_name.decode()), link.namespace)]


def there(namespace: str, source: str = "") -> Look[list[Linked]]:
    """Find the remote secrets, whoever made them."""

    def judge(live: Live, _answers: Answers) -> list[Linked]:
        return [_linked(one, source) for one in live.get("Secret", ())]

    return Look([remote_secret.linking(source, namespace) if source else remote_secret.links(namespace)], judge)


def _linked(secret: Any, source: str) -> Linked:
    meta = secret["metadata"]
    token = remote_secret.token(secret, source) if source else b""
    ref = Ref("v1", "Secret", meta["name"], meta["namespace"])
    return Linked(ref, source or remote_secret.linked(secret), remote_secret.ours(secret), secret, _digest(token))


def _digest(token: bytes) -> str:
    return digest(token.decode(errors="replace")) if token else ""


def grants(namespace: str) -> Look[list[Grant]]:
    """Return nothing: all consumers of a cluster share the token of its reader account."""
    return Look((), _no_grants)


def _no_grants(_live: Live, _answers: Answers) -> list[Grant]:
    return []


def credentials(namespace: str) -> Look[list[Issued]] | None:
    """Find the tokens of the reader account."""

    def judge(live: Live, _answers: Answers) -> list[Issued]:
        return [one for secret in live.get("Secret", ()) for one in _issued(secret)]

    return Look([remote_secret.tokens(namespace)], judge)


def _issued(secret: Any) -> Iterable[Issued]:
    generation, stray, meta = remote_secret.generation(secret), remote_secret.stray(secret), secret["metadata"]
    if generation or stray:
        filled = remote_secret.credential("", "", "", secret)
        ref = Ref("v1", "Secret", meta["name"], meta["namespace"])
        yield Issued(ref, generation, str(meta["creationTimestamp"]), _digest(filled.token) if filled else "", stray)


def sights(link: Link) -> Look[Seen]:
    """Look at the source through every istiod of every revision."""

    def judge(live: Live, answers: Answers) -> Seen:
        return Seen(sight.sights(link.consumer, link.source, live, answers), sight.needs(live), sight.planes(live), _SETTLES)

    return Look(sight.reads(link.namespace), judge, sight.questions)


def permissions(namespace: str, restart: bool = False) -> list[dict[str, str]]:
    """Return the rights for replacing tokens and for looking through istiod; with `restart`, also those for restarting control planes."""
    wanted: Iterable[tuple[str, str, str]] = [
        *(("", "secrets", verb) for verb in ("get", "list", "create", "patch", "delete")),
        *(("", "pods", "list"), ("", "pods/portforward", "get"), ("", "pods/portforward", "create")),
        ("apps", "deployments", "list"),
        *((("apps", "deployments", "get"), ("apps", "deployments", "patch"), ("policy", "poddisruptionbudgets", "list")) if restart else ()),
    ]
    return [{"verb": verb, "group": group, "resource": resource, "namespace": namespace} for group, resource, verb in wanted]
