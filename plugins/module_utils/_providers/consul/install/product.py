# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is due in Consul itself when its servers are up: access, and how requests leave a datacenter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from .. import api, datacenter
from ..names import SHARED, TOKENS, labelled
from . import access, former

_ASKED = {"policies": "/v1/acl/policies", "tokens": "/v1/acl/tokens", "proxy-defaults": "/v1/config/proxy-defaults", "mesh": "/v1/config/mesh"}


def due(wish: ControlPlane) -> Look[Due]:
    reads: list[Read | Ref] = [Read("v1", "Pod", wish.namespace, labelled("server")), *(Ref("v1", "Secret", name, wish.namespace) for name in (TOKENS, SHARED))]
    return Look(reads, partial(_due, wish), partial(_questions, wish))


def _secondary(wish: ControlPlane) -> bool:
    return datacenter.kind(wish) == datacenter.SECONDARY


def _questions(wish: ControlPlane, live: Live) -> list[Question]:
    """Ask one server: the answers of all of them are those of their leader."""
    token = api.token(live, _secondary(wish))
    ready = api.servers(live)[:1]
    asked = [api.get(about, pod, path, token) for pod in ready for about, path in _ASKED.items()]
    return [*asked, *(question for pod in ready for question in former.questions(wish, pod, token))]


def _due(wish: ControlPlane, live: Live, answers: Answers) -> Due:
    ready = api.servers(live)
    if not ready:
        return Due(fault="no server of Consul is ready")
    lists = {about: api.listed(api.only(answers, about)) for about in _ASKED}
    silent = sorted(about for about, entries in lists.items() if entries is None)
    if silent:
        return Due(fault=f"the server {ready[0]['metadata']['name']} did not list its {' and '.join(silent)}{former.denied(wish, answers, silent)}")
    if refusal := former.refusal(wish, live, answers):
        return Due(refusal=refusal)
    token = api.token(live, _secondary(wish))
    known = {about: entries or [] for about, entries in lists.items()}
    orders = access.orders(wish, live, ready[0], token, (known["policies"], known["tokens"]))
    if not orders and not _secondary(wish):
        orders = _entries(wish, ready[0], token, known)
    return Due(orders=orders)


def _entries(wish: ControlPlane, pod: Object, token: str, known: dict[str, list[Any]]) -> list[DueOrder]:
    """Return the configuration that a datacenter needs before others reach it. What users set beside it, or instead of it, stays."""
    wanted: list[tuple[str, str, str, dict[str, Any]]] = [("proxy-defaults", "global", "MeshGateway", {"Mode": "local"})]
    if datacenter.kind(wish) == datacenter.PEER:
        wanted.append(("mesh", "mesh", "Peering", {"PeerThroughMeshGateways": True}))
    orders = []
    for kind, name, part, value in wanted:
        live: dict[str, Any] = next((one for one in known[kind] if one.get("Name", name) == name), {})
        if _lacks(live.get(part) or {}, value):
            path, body = f"/v1/config?cas={live.get('ModifyIndex', 0)}", _merged(live, kind, name, part, value)
            orders.append(DueOrder(f"the entry {kind}", api.put("order", pod, path, token, body)))
    return orders


def _lacks(live: dict[str, Any], value: dict[str, Any]) -> bool:
    return any(live.get(key) in (None, "", False) for key in value)


def _merged(live: dict[str, Any], kind: str, name: str, part: str, value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: entry for key, entry in live.items() if key not in ("CreateIndex", "ModifyIndex", "Hash")}
    return {**kept, "Kind": kind, **({} if kind == "mesh" else {"Name": name}), part: {**(live.get(part) or {}), **value}}


def wanted_secrets(names: Sequence[str], namespace: str) -> list[Ref]:
    return [Ref("v1", "Secret", name, namespace) for name in names]
