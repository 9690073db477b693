# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proxies use: the certificates that Consul put into the configuration of the Envoy of each sidecar and gateway.

A listener holds them itself, or names secrets that Envoy has beside its listeners. What a service trusts that peers may call stands in another place, too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...._mesh.objects.pod_owner import workload
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.rotation.trust_users import PROXY as KIND
from ...._mesh.rotation.trust_users import TrustUser
from .. import api
from ..names import ADMIN, INJECTED, NAME, PROXY
from ..trust.trust import blocks

_LISTENERS, _SECRETS = "proxy", "secrets of a proxy"
_DUMPS = {_LISTENERS: "/config_dump?resource=dynamic_listeners", _SECRETS: "/config_dump?resource=dynamic_active_secrets"}
_ACTIVE = "active_state"
_DRAINING = "draining_state"  # a listener that another one replaced: it takes no new connection, and Envoy lists it for as long as it drains, ten minutes
_TLS = "common_tls_context"
_NAMED = "sds_secret_config"  # in the names of the fields that name a secret instead of holding it
# The gateways that show certificates of Consul's CA. Those for ingress show others to their clients.
_GATEWAYS = ("mesh-gateway", "terminating-gateway")


def reads(namespace: str) -> list[Read]:
    return [Read("v1", "Pod", None, PROXY), Read("v1", "Pod", None, INJECTED), Read("v1", "Pod", namespace, f"app={NAME},component in ({','.join(_GATEWAYS)})")]


def _pods(live: Live) -> list[Object]:
    running = [pod for pod in live.get("Pod", ()) if _has_sidecar(pod) or _is_gateway(pod)]
    return [pod for pod in running if (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")]


def _has_sidecar(pod: Object) -> bool:
    return not {PROXY, INJECTED}.isdisjoint(pod["metadata"].get("labels") or {})


def _is_gateway(pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return labels.get("app") == NAME and labels.get("component") in _GATEWAYS and not _has_sidecar(pod)


def _asked(about: str, namespace: str, pod: str) -> Question:
    return Question(about, namespace, pod, ADMIN, _DUMPS[about])


def questions(live: Live) -> list[Question]:
    return [_asked(_LISTENERS, pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in _pods(live)]


def further(_live: Live, answers: Answers) -> list[Question]:
    """Ask for the secrets of each Envoy whose listeners name some."""
    return [_asked(_SECRETS, one.namespace, one.pod) for one, text in api.about(answers, _LISTENERS) if _NAMED in (text or "")]


def users(live: Live, answers: Answers, ca: bytes, key_id: str) -> Iterator[TrustUser]:
    """Yield each proxy, with what it lacks of the CA whose certificate is `ca` and whose key has the identifier `key_id`."""
    pods = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for pod in _pods(live)}
    for question, text in api.about(answers, _LISTENERS):
        pod, asked = pods[question.namespace, question.pod], _asked(_SECRETS, question.namespace, question.pod)
        secrets = answers.get(asked) if asked in answers else "{}"
        user = TrustUser(KIND, question.namespace, question.pod, workload=workload(pod))
        if text is None or secrets is None:
            yield replace(user, fault="its Envoy did not answer")
        else:
            dump, known = api.parsed(text), api.parsed(secrets)
            yield replace(user, behind=behind(dump, known, ca, key_id, _is_gateway(pod)), shown=_shown(dump, known))


def _shown(dump: Any, secrets: Any) -> bytes:
    """Return the certificates with which a proxy answers, each without those above it."""
    known = _by_name(secrets)
    return b"".join(dict.fromkeys(leaf for context in _contexts(dump) for leaf in _leaves(context, known)))


def behind(dump: Any, secrets: Any, ca: bytes, key_id: str, gateway: bool = False) -> str:
    """Return what a proxy lacks, as half a sentence. First it trusts another CA, and later it gets a certificate from it.

    A gateway that only passes on what others encrypted has no certificate, and lacks none.
    """
    contexts, known = list(_contexts(dump)), _by_name(secrets)
    if gateway and not contexts:
        return "" if any(_at_any_depth(dump, _ACTIVE)) else "has no configuration of Consul yet"
    leaves = [_leaves(context, known) for context in contexts]
    if not leaves or not all(leaves):
        return "has no certificate of Consul yet"
    if not all(ca in _trusted(context, known) for context in contexts):
        return "does not trust the new CA yet"
    return "" if all(_signed_by(leaf, key_id) for own in leaves for leaf in own) else "has no certificate of the new CA yet"


def _contexts(dump: Any) -> Iterator[Any]:
    """Yield the TLS of each filter chain, but for those of listeners that drain."""
    return _at_any_depth(dump, _TLS)


def _leaves(context: Any, known: Mapping[str, Any]) -> list[bytes]:
    parts = [context, *_secrets_of(context, "tls_certificate_sds_secret_configs", known)]
    return [own[0] for part in parts for text in _texts(part, "certificate_chain") if (own := blocks(text))]


def _trusted(context: Any, known: Mapping[str, Any]) -> set[bytes]:
    """Return what a filter chain trusts. One that peers may use has a bundle for each trust domain, its own among them."""
    parts = [context, *_secrets_of(context, "validation_context_sds_secret_config", known)]
    return {block for part in parts for name in ("trusted_ca", "trust_bundle") for text in _texts(part, name) for block in blocks(text)}


def _secrets_of(context: Any, name: str, known: Mapping[str, Any]) -> list[Any]:
    listed = [each for one in _at_any_depth(context, name) for each in (one if isinstance(one, list) else [one])]
    return [known.get(str(one.get("name"))) for one in listed if isinstance(one, dict)]


def _by_name(secrets: Any) -> dict[str, Any]:
    """Return the secrets of an Envoy. It hides their keys."""
    listed = secrets.get("configs") if isinstance(secrets, dict) else None
    return {str(one.get("name")): one.get("secret") for one in listed or () if isinstance(one, dict)}


def _texts(part: Any, name: str) -> Iterator[bytes]:
    """Yield each text that stands inline under a name."""
    for inline in _at_any_depth(part, name):
        if isinstance(inline, dict) and isinstance(inline.get("inline_string"), str):
            yield inline["inline_string"].encode()


def _at_any_depth(part: Any, name: str) -> Iterator[Any]:
    """Yield what has a name, at any depth, but for what drains."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == name:
                yield value
            elif key != _DRAINING:
                yield from _at_any_depth(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _at_any_depth(value, name)


def _signed_by(leaf: bytes, key_id: str) -> bool:
    """Tell whether a certificate names the key as its issuer's. Consul writes the identifier of the key into each certificate that it signs."""
    try:
        content = base64.b64decode(b"".join(leaf.splitlines()[1:-1]))
        return bytes.fromhex(key_id.replace(":", "")) in content if key_id else True
    except (binascii.Error, ValueError):
        return False
