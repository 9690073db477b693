# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity of a workload: a token that may be its service and nothing else, in a Secret of its own, with the CA of the agents.

Nobody keeps a list of these tokens. Each is derived from a key that only the cluster knows, so that every run finds the same one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.install.due import DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.trust.root_secret import decoded, encoded
from ...._mesh.workloads.service_wish import SET, ServiceSet, ServiceWish
from .. import api, datacenter
from ..names import AGENT_TLS, TOKENS

CA, TOKEN = "ca.crt", "token"
KEY = "workloads"  # in the Secret with the tokens


def secret_name(service: ServiceWish) -> str:
    return f"{service.service}-consul"


def secret_ref(service: ServiceWish) -> Ref:
    return Ref("v1", "Secret", secret_name(service), service.namespace)


def lacks(live: Live) -> str:
    """Return which Secret of the install lacks what identities are made of, as half a sentence; empty if none does."""
    known = {f"{TOKENS} lacks {KEY}": _value(live, TOKENS, KEY), f"{AGENT_TLS} lacks {CA}": _value(live, AGENT_TLS, CA)}
    return next((f"the Secret {what}, which the role trust writes" for what, value in known.items() if not value), "")


def secrets(wish: ControlPlane, services: ServiceSet, live: Live) -> list[Manifest]:
    """Return the Secrets that are missing or different."""
    there = {(one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in live.get("Secret", ())}
    made = [_secret(wish, services, one, live) for one in services.services]
    return [one for one in made if not _same(there.get((one["metadata"]["namespace"], one["metadata"]["name"])), one)]


def _same(live: Object | None, wanted: Manifest) -> bool:
    known: Mapping[str, Any] = live or {}
    label = ((known.get("metadata") or {}).get("labels") or {}).get(SET)
    return bool((known.get("data") or {}) == wanted["data"] and label == wanted["metadata"]["labels"][SET])


def _secret(wish: ControlPlane, services: ServiceSet, service: ServiceWish, live: Live) -> Manifest:
    data = {CA: encoded(_value(live, AGENT_TLS, CA)), TOKEN: encoded(secret_id(wish, service, live).encode())}
    meta = {"name": secret_name(service), "namespace": service.namespace, "labels": {"app.kubernetes.io/managed-by": "meshops.lifecycle", SET: services.name}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}


def secret_id(wish: ControlPlane, service: ServiceWish, live: Live) -> str:
    """Return the secret part of a token. Who knows it learns nothing of the key or of another token."""
    return derived(_value(live, TOKENS, KEY), wish.mesh, wish.cluster, service.namespace, service.service)


def derived(key: bytes, mesh: str, cluster: str, namespace: str, service: str) -> str:
    """Return the secret part of the token that a service has under a key."""
    words = "\n".join((mesh, cluster, namespace, service)).encode()
    return datacenter.uuid(hmac.new(key, words, hashlib.sha256).hexdigest())


def accessor(wish: ControlPlane, service: ServiceWish, live: Live) -> str:
    """Return the public part. It follows the secret one, because a token cannot get another secret: with another key come new tokens."""
    return public(secret_id(wish, service, live))


def public(secret: str) -> str:
    return datacenter.uuid("accessor", secret)


def orders(wish: ControlPlane, services: ServiceSet, live: Live, pod: Object, known: Sequence[Object]) -> Iterator[DueOrder]:
    """Yield what makes the tokens that are missing, or that may be something else."""
    there = {str(one.get("AccessorID")): one for one in known}
    token = api.token(live, datacenter.kind(wish) == datacenter.SECONDARY)
    for service in services.services:
        name = accessor(wish, service, live)
        found = there.get(name)
        if found is None or not _is_service(found, service.service):
            path, body = f"/v1/acl/token/{name}" if found else "/v1/acl/token", _body(wish, services, service, live)
            yield DueOrder(f"the token of the service {service.namespace}/{service.service}", api.put("order", pod, path, token, body))


def _is_service(token: Object, service: str) -> bool:
    identities = [one.get("ServiceName") for one in token.get("ServiceIdentities") or ()]
    return identities == [service] and not token.get("Policies") and not token.get("Roles")


def _body(wish: ControlPlane, services: ServiceSet, service: ServiceWish, live: Live) -> dict[str, Any]:
    """Return a token. The description tells a later run whose it is.

    In a federation a sidecar asks other datacenters with it, so it is no local one: a secondary passes the request on to its primary.
    """
    return body(secret_id(wish, service, live), described(wish, services.name, service), service.service)


def body(secret: str, description: str, service: str) -> dict[str, Any]:
    known = {"AccessorID": public(secret), "SecretID": secret}
    return {**known, "Description": description, "ServiceIdentities": [{"ServiceName": service}], "Local": False}


def described(wish: ControlPlane, name: str, service: ServiceWish) -> str:
    return f"{of_set(wish, name)}{service.namespace}/{service.service}"


def of_set(wish: ControlPlane, name: str) -> str:
    """Return how the descriptions of all tokens of a set begin."""
    return f"{of_cluster(wish.cluster)}{name}: "


def of_cluster(cluster: str) -> str:
    """Return how the descriptions of the tokens of all services of a cluster begin."""
    return f"meshops.lifecycle {cluster} workloads "


def _value(live: Live, name: str, key: str) -> bytes:
    held = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == name), {})
    return decoded((held.get("data") or {}).get(key))
