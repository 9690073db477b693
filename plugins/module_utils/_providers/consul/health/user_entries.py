# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which configuration entries users wrote into Consul. They are lost when its servers' data is."""

from __future__ import annotations

from collections.abc import Iterator

from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from .. import api
from ..names import SHARED, TOKENS, labelled
from ..objects.kinds import EXPORTED, KINDS, MESH, PROXY_DEFAULTS
from ..objects.ownership import PROBE, KeptEntry, kept

UNREAD = "entries that no server of Consul listed"
# What an install writes into these entries, whatever users declare.
_NEEDED = {PROXY_DEFAULTS: {"meshGateway": {"mode": "local"}}, MESH: {"peering": {"peerThroughMeshGateways": True}}}


def reads(namespace: str) -> list[Read | Ref]:
    servers = [Read(version, kind, namespace, labelled("server")) for version, kind in (("apps/v1", "StatefulSet"), ("v1", "Pod"))]
    return [*servers, *(Ref("v1", "Secret", name, namespace) for name in (TOKENS, SHARED))]


def questions(live: Live) -> list[Question]:
    token = api.token(live, api.is_secondary(live))
    return [api.get(kind, pod, f"/v1/config/{kind}", token) for pod in api.servers(live)[:1] for kind in KINDS]


def counted(live: Live, answers: Answers) -> dict[str, int]:
    """Count users' entries by kind. Where servers are and none says what it keeps, say that, because nobody knows what would be lost."""
    lists = {kind: api.listed(api.only(answers, kind)) for kind in KINDS}
    silent = any(entries is None for entries in lists.values()) and bool(live.get("Pod"))
    found = {kind: sum(1 for _one in _of_users(kind, entries or [])) for kind, entries in lists.items()}
    return {**{kind: count for kind, count in found.items() if count}, **({UNREAD: 1} if silent else {})}


def _of_users(kind: str, entries: list[dict[str, object]]) -> Iterator[KeptEntry]:
    """Yield the entries that neither a run wrote, because an inventory keeps these, nor an object in Kubernetes, which is counted itself."""
    return (one for one in kept(kind, entries) if not (one.mesh or one.by_kubernetes or _is_ours(one)))


def _is_ours(one: KeptEntry) -> bool:
    if one.entry.kind == EXPORTED:
        return all(service.get("name") == PROBE for service in one.entry.content.get("services") or ())
    return one.entry.name == PROBE or (not one.strange and one.entry.content == _NEEDED.get(one.entry.kind))
