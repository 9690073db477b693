# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a whole object, if it has not changed since it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.errors import Refused
from ..._mesh.objects.change import Ref
from . import fields, owned
from .server import Server

_APPLY = "application/apply-patch+yaml"


def replace(server: Server, manifest: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """Return the written object; None if it has changed or is gone since it was read.

    With `before`, the object as it was read, fields that we applied stay applied by us.
    Also None if our write was stored but its answer was lost: the repeat then meets the new version. So callers read again.
    """
    ref = Ref.of(manifest)
    kind = server.discovery.find(ref.api_version, ref.kind)
    if kind is None or not (manifest["metadata"].get("resourceVersion") and manifest["metadata"].get("uid")):
        raise Refused(f"{server.name}: {ref} cannot be replaced: it was not read from this cluster.")
    query = {"fieldManager": fields.MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if server.dry_run else {})}
    wish = owned.wish_of(manifest, before) if before else None
    if wish:
        answer = server.transport.request("PATCH", server.path(ref, kind), {**query, "force": "true"}, wish, content_type=_APPLY)
    else:
        answer = server.transport.request("PUT", server.path(ref, kind), query, fields.normal(manifest))
    # An object that was recreated under the same name has another UID, which is a conflict too.
    if answer.status in (404, 409):
        return None
    return dict(server.accepted(answer, f"replace {ref}").json())
