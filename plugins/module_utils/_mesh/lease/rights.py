# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation has to be allowed to do with what is our own and no mesh's: the Lease, and the root where it lies in a Secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..objects.change import Ref

Right = dict[str, str]
_LEASES = "coordination.k8s.io"


def to_lease(where: Ref) -> list[Right]:
    """Somebody has to hold it."""
    space = str(where.namespace)
    named = [{"verb": verb, "group": _LEASES, "resource": "leases", "namespace": space, "name": where.name} for verb in ("get", "update")]
    return [*named, {"verb": "create", "group": _LEASES, "resource": "leases", "namespace": space}, _to_see(space)]


def to_root(active: Ref, upcoming: Ref, replaced: bool) -> list[Right]:
    """To read it; where it is `replaced`, to make another one beside it and put that in its place."""
    wanted = [("get", active), *([("get", upcoming), ("patch", active), ("delete", upcoming)] if replaced else [])]
    space = str(active.namespace)
    named = [{"verb": verb, "group": "", "resource": "secrets", "namespace": space, "name": ref.name} for verb, ref in wanted]
    return [*named, *([{"verb": "create", "group": "", "resource": "secrets", "namespace": space}, _to_see(space)] if replaced else [])]


def to_make_root(root: Ref) -> list[Right]:
    """To generate it where there is none, and to replace it where it has expired; who installs a mesh may see and make namespaces anyway."""
    space = str(root.namespace)
    named = [{"verb": verb, "group": "", "resource": "secrets", "namespace": space, "name": root.name} for verb in ("get", "patch")]
    return [*named, {"verb": "create", "group": "", "resource": "secrets", "namespace": space}]


def _to_see(space: str) -> Right:
    """Before anything is made in a namespace."""
    return {"verb": "get", "group": "", "resource": "namespaces", "name": space}


def findings(asked: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """A sentence for each cluster in which something is not allowed, or of which nobody knows; from what cluster_info returned of it."""
    known = list(asked)
    silent = [f"{name} cannot be judged: {str(result.get('msg') or 'it was not asked').rstrip('.')}." for name, result in known if "denied" not in result]
    denied: dict[str, list[str]] = {}
    for name, result in known:
        denied.setdefault(str(result.get("name") or name), []).extend(one["sentence"] for one in result.get("denied", []))
    told = {name: ", ".join(dict.fromkeys(said)) for name, said in denied.items() if said}
    return [*dict.fromkeys(silent), *(f"{name}: the credential may not {said}; grant it these rights or use another one." for name, said in told.items())]
