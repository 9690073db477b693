# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List everything in a cluster that expires, with a verdict."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.gateways.certificates import Expires, LinkToken
from ..._mesh.objects.change import Ref
from ..._mesh.report.expiries import GATEWAY, INTERMEDIATE, ROOT, TOKEN, WEBHOOK, Expiring, Thresholds, judged, leaves
from ..._mesh.rotation.observed import Observed
from ..._mesh.trust import root_secret
from ..._pki.x509 import bundle
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..look import look
from ..rotation.observe import observe

TASK: dict[str, Any] = dict(
    argument_spec=dict(
        **MESH_OPTIONS,
        root_namespace=dict(default="meshops-system"),
        root_name=dict(default="meshops-root-ca"),
        ca_warn=dict(type="int", default=Thresholds.ca_warn),
        ca_critical=dict(type="int", default=Thresholds.ca_critical),
        leaf_warn=dict(type="int", default=Thresholds.leaf_warn),
        leaf_critical=dict(type="int", default=Thresholds.leaf_critical),
        gateway_warn=dict(type="int", default=Thresholds.gateway_warn),
        token_age=dict(type="int", default=Thresholds.token_age, no_log=False),
    ),
    prepare=complete,
)


@dataclass(frozen=True)
class Request:
    """What a task wants to know. `root` is the Secret that has the mesh's root, if the root lies in this cluster."""

    provider: str
    namespace: str
    root: Ref
    thresholds: Thresholds

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        thresholds = Thresholds(**{field.name: params[field.name] for field in fields(Thresholds)})
        return cls(params["provider"], params["namespace"], Ref("v1", "Secret", params["root_name"], params["root_namespace"]), thresholds)


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    """Look at the cluster once. Name the proxies that could not be seen, because the list lacks their certificates."""
    request, ticking = Request.of(params), clock or SystemClock()
    mesh, now, space = provider(request.provider), ticking.now(), request.namespace
    seen = observe(cluster, mesh, space, ticking)
    expires = look(cluster, mesh.gateways.expiring(space)) if mesh.stories.gateways else Expires()
    expiring = [
        *_authorities(cluster, seen, space, request.root),
        *leaves(seen.users),
        *_gateways(cluster, mesh, expires.secrets),
        *map(_token, expires.tokens),
        *(Expiring.of(WEBHOOK, where, one) for where, pem in expires.authorities for one in bundle(pem)),
    ]
    unseen = [f"{one.kind} {one.where} could not be seen: {one.fault}" for one in seen.users if one.fault]
    return {"changed": False, "certificates": judged(expiring, now, _of_mesh(request.thresholds, mesh)), "unseen": unseen[:50], "faults": list(seen.faults)}


def _of_mesh(given: Thresholds, mesh: Provider) -> Thresholds:
    """Return the thresholds for a mesh: the certificate of a workload is not late before the mesh would have renewed it."""
    return replace(given, leaf_warn=min(given.leaf_warn, mesh.defaults.leaf_left))


def _authorities(cluster: Cluster, seen: Observed, space: str, root: Ref) -> Iterator[Expiring]:
    """Yield the CA in use and all roots that it trusts, and the mesh's root and next root if this cluster stores them."""
    if seen.authority and seen.authority.certificate:
        yield Expiring.of(INTERMEDIATE, space, seen.authority.certificate)
        yield from (Expiring.of(ROOT, space, one) for one in seen.authority.roots if one.fingerprint not in seen.marks)
    refs = [root, Ref(root.api_version, root.kind, f"{root.name}-next", root.namespace)]
    for ref, secret in zip(refs, cluster.get_all(refs), strict=True):
        if secret:
            yield from (Expiring.of(ROOT, f"{ref.namespace}/{ref.name}", one) for one in bundle(root_secret.read(secret).certificate))


def _gateways(cluster: Cluster, mesh: Provider, refs: Sequence[Ref]) -> Iterator[Expiring]:
    for ref, secret in zip(refs, cluster.get_all(refs), strict=True):
        chain = bundle(mesh.gateways.served(secret).certificate) if secret else []
        if chain:
            yield Expiring.of(GATEWAY, f"{ref.namespace}/{ref.name}", chain[0])


def _token(link_token: LinkToken) -> Expiring:
    claims = _claims(link_token.token)
    made = _moment(claims.get("iat")) or (datetime.fromisoformat(link_token.created) if link_token.created else None)
    return Expiring(TOKEN, link_token.where, made, _moment(claims.get("exp")), str(claims.get("sub") or ""), str(claims.get("iss") or ""))


def _claims(token: str) -> dict[str, Any]:
    """Return the claims of a token; empty if it has none. The API server checks the signature, not this function."""
    part = [*token.split("."), "", ""][1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _moment(seconds: Any) -> datetime | None:
    """Return None for what is no moment. A Secret may hold a token that no API server made."""
    with suppress(OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None
    return None
