# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consul's HTTP API: the requests, which go through the API server to a server's loopback, and what their answers say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..._mesh.objects.shapes import Live, Object
from ..._mesh.question import Answers, Question
from ..._mesh.trust.root_secret import decoded
from .datacenter import PEER, SECONDARY
from .names import HTTP, SHARED, TOKENS, standing

_HEADER = "X-Consul-Token"


def servers(live: Live) -> list[Object]:
    """Return the servers that answer, in the order of their names."""
    pods = [pod for pod in live.get("Pod", ()) if ((pod["metadata"].get("labels") or {}).get("component") == "server") and ready(pod)]
    return sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))


def ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    going = pod["metadata"].get("deletionTimestamp")
    return not going and any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def token(live: Live, secondary: bool) -> str:
    """Return the token with which a run asks and orders. A secondary knows only the tokens of its primary, and the run shares one of them."""
    name, key = (SHARED, "replication") if secondary else (TOKENS, "management")
    secrets = (one for one in live.get("Secret", ()) if one["metadata"]["name"] == name)
    return decoded((next(secrets, {}).get("data") or {}).get(key)).decode()


def is_secondary(live: Live) -> bool:
    return any(standing(one) == SECONDARY for one in live.get("StatefulSet", ()))


def peers(live: Live) -> bool:
    """Tell whether servers may have peers. Those of a federation do not know of peerings, and take twelve seconds to say so."""
    return all(standing(one) in ("", PEER) for one in live.get("StatefulSet", ()))


def get(about: str, pod: Object, path: str, token: str) -> Question:
    return Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], HTTP, path, headers=_headers(token))


def put(about: str, pod: Object, path: str, token: str, body: Mapping[str, Any], method: str = "PUT") -> Question:
    text = json.dumps(body, sort_keys=True).encode()
    headers = (*_headers(token), ("Content-Type", "application/json"))
    return Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], HTTP, path, method, headers, text)


def delete(about: str, pod: Object, path: str, token: str) -> Question:
    return Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], HTTP, path, "DELETE", headers=_headers(token))


def sent(about: str, pod: Object, path: str, token: str, body: bytes) -> Question:
    """Return a request whose body is no JSON."""
    headers = (*_headers(token), ("Content-Type", "application/octet-stream"))
    return Question(about, pod["metadata"]["namespace"], pod["metadata"]["name"], HTTP, path, "PUT", headers, body)


def _headers(token: str) -> tuple[tuple[str, str], ...]:
    return ((_HEADER, token),) if token else ()


def listed(text: str | None) -> list[Any] | None:
    """Return the list in an answer; None if there is none. Go writes an empty list as null."""
    read = parsed(text)
    if text is not None and text.strip() == "null":
        return []
    return read if isinstance(read, list) else None


def mapped(text: str | None) -> dict[str, Any] | None:
    read = parsed(text)
    return read if isinstance(read, dict) else None


def parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def about(answers: Answers, name: str) -> Iterable[tuple[Question, str | None]]:
    return ((question, text) for question, text in answers.items() if question.about == name)


def only(answers: Answers, name: str) -> str | None:
    """Return the first answer about something; None if nobody answered."""
    return next((text for _question, text in about(answers, name) if text is not None), None)
