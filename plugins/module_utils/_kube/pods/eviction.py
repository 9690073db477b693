# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the API server to end a pod, which it does only if the disruption budgets of the pod allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.errors import MeshError
from ..._mesh.objects.change import Change, Ref
from ..http.answer import error
from ..objects.server import Server

_FORBIDDEN = 429  # that is also how a busy server answers; either way the caller asks again
_PATIENCE = 5.0


def evict(server: Server, pod: Mapping[str, Any]) -> Change | None:
    """Evict the pod that was read, and not another one of its name, which is no change. Return None if a budget does not allow it now."""
    ref, meta = Ref.of(pod), pod["metadata"]
    kind = server.discovery.find("v1", "Pod")
    if kind is None:
        raise MeshError(f"{server.name}: the API server serves no pods.")
    live = server.get(ref)
    if live is None or live["metadata"]["uid"] != meta["uid"]:  # the server itself would try for 10 s to evict a pod of another UID
        return Change(ref, "unchanged", dict(pod), dict(pod))
    options = {"preconditions": {"uid": meta["uid"]}}
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": ref.name, "namespace": ref.namespace}, "deleteOptions": options}
    query = {"dryRun": "All"} if server.dry_run else {}
    answer = server.transport.request("POST", f"{server.path(ref, kind)}/eviction", query, body, within=_PATIENCE)
    if answer.status == _FORBIDDEN:
        return None
    if answer.status in (404, 409):  # it ended meanwhile, and another pod may have its name
        return Change(ref, "unchanged", dict(pod), dict(pod))
    if not answer.ok:
        raise error(answer, server.name, f"evict {ref}")
    return Change(ref, "deleted", dict(pod), None)
