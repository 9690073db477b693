# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proxies use: the certificates that Consul put into the configuration of each Envoy."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question
from ...._mesh.rotation.trust_users import PROXY as KIND
from ...._mesh.rotation.trust_users import TrustUser
from .. import api
from ..names import ADMIN, INJECTED, PROXY
from ..trust.trust import blocks

_DUMP = "/config_dump?resource=dynamic_listeners"
_DRAINING = "draining_state"  # a listener that another one replaced: it takes no new connection, and Envoy lists it for as long as it drains, ten minutes


def _pods(live: Live) -> list[Object]:
    running = [pod for pod in live.get("Pod", ()) if not {PROXY, INJECTED}.isdisjoint(pod["metadata"].get("labels") or {})]
    return [pod for pod in running if (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")]


def questions(live: Live) -> list[Question]:
    return [Question("proxy", pod["metadata"]["namespace"], pod["metadata"]["name"], ADMIN, _DUMP) for pod in _pods(live)]


def users(live: Live, answers: Answers, ca: bytes, key_id: str) -> Iterator[TrustUser]:
    """Yield each proxy, with what it lacks of the CA whose certificate is `ca` and whose key has the identifier `key_id`."""
    for question, text in api.about(answers, "proxy"):
        fault = "" if text is not None else "its Envoy did not answer"
        yield TrustUser(KIND, question.namespace, question.pod, fault=fault, behind="" if fault else behind(api.parsed(text), ca, key_id))


def behind(dump: Any, ca: bytes, key_id: str) -> str:
    """Return what a proxy lacks, as half a sentence. First it trusts another CA, and later it gets a certificate from it."""
    trusted = {block for text in _texts(dump, "trusted_ca") for block in blocks(text)}
    leaves = [own[0] for text in _texts(dump, "certificate_chain") if (own := blocks(text))]
    if not leaves:
        return "has no certificate of Consul yet"
    if ca not in trusted:
        return "does not trust the new CA yet"
    return "" if all(_signed_by(leaf, key_id) for leaf in leaves) else "has no certificate of the new CA yet"


def _texts(dump: Any, name: str) -> Iterator[bytes]:
    """Yield each text that stands inline under a name, at any depth, but for listeners that drain."""
    if isinstance(dump, dict):
        inline = dump.get(name)
        if isinstance(inline, dict) and isinstance(inline.get("inline_string"), str):
            yield inline["inline_string"].encode()
        for key, value in dump.items():
            yield from () if key == _DRAINING else _texts(value, name)
    elif isinstance(dump, list):
        for value in dump:
            yield from _texts(value, name)


def _signed_by(leaf: bytes, key_id: str) -> bool:
    """Tell whether a certificate names the key as its issuer's. Consul writes the identifier of the key into each certificate that it signs."""
    try:
        content = base64.b64decode(b"".join(leaf.splitlines()[1:-1]))
        return bytes.fromhex(key_id.replace(":", "")) in content if key_id else True
    except (binascii.Error, ValueError):
        return False
