# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the rights that a rotation needs on objects of this collection: the Lease, and the root if it lies in a Secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..objects.change import Ref

Right = dict[str, str]
_LEASES = "coordination.k8s.io"


def to_lease(where: Ref) -> list[Right]:
    """Return the rights to take and renew the Lease."""
    space = str(where.namespace)
    named = [{"verb": verb, "group": _LEASES, "resource": "leases", "namespace": space, "name": where.name} for verb in ("get", "update")]
    return [*named, {"verb": "create", "group": _LEASES, "resource": "leases", "namespace": space}, _to_see(space)]


def to_root(active: Ref, upcoming: Ref, replaced: bool) -> list[Right]:
    """Return the rights to read the root. If it is `replaced`, add those to make the next root beside it and to put that in its place."""
    wanted = [("get", active), *([("get", upcoming), ("patch", active), ("delete", upcoming)] if replaced else [])]
    space = str(active.namespace)
    named = [{"verb": verb, "group": "", "resource": "secrets", "namespace": space, "name": ref.name} for verb, ref in wanted]
    return [*named, *([{"verb": "create", "group": "", "resource": "secrets", "namespace": space}, _to_see(space)] if replaced else [])]


def to_renew(secrets: Iterable[Ref]) -> list[Right]:
    """Return the rights to read Secrets in a cluster and to put other values into them."""
    return [_named(verb, ref) for ref in secrets for verb in ("get", "patch")]


def to_read(secrets: Iterable[Ref]) -> list[Right]:
    return [_named("get", ref) for ref in secrets]


def to_aim(kept: Ref) -> list[Right]:
    """Return the rights to keep the aim of a rotation on the trust cluster."""
    space = str(kept.namespace)
    return [*(_named(verb, kept) for verb in ("get", "patch")), {"verb": "create", "group": "", "resource": "secrets", "namespace": space}, _to_see(space)]


def _named(verb: str, ref: Ref) -> Right:
    return {"verb": verb, "group": "", "resource": "secrets", "namespace": str(ref.namespace), "name": ref.name}


def to_make_root(root: Ref) -> list[Right]:
    """Return the rights to generate a root and to replace an expired one. Whoever installs a mesh may see and make namespaces anyway."""
    space = str(root.namespace)
    named = [{"verb": verb, "group": "", "resource": "secrets", "namespace": space, "name": root.name} for verb in ("get", "patch")]
    return [*named, {"verb": "create", "group": "", "resource": "secrets", "namespace": space}]


def _to_see(space: str) -> Right:
    """Return the right to look at a namespace before anything is made there."""
    return {"verb": "get", "group": "", "resource": "namespaces", "name": space}


def findings(asked: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return a sentence for each cluster that denies a right or that gave no answer, from the results of cluster_info."""
    known = list(asked)
    silent = [f"{name} cannot be judged: {str(result.get('msg') or 'nobody asked it').rstrip('.')}." for name, result in known if "denied" not in result]
    denied: dict[str, list[str]] = {}
    for name, result in known:
        denied.setdefault(str(result.get("name") or name), []).extend(one["sentence"] for one in result.get("denied", []))
    lacks = {name: ", ".join(dict.fromkeys(said)) for name, said in denied.items() if said}
    remedy = "Grant these rights, as docs/rbac.yml does, or use another credential."
    return [*dict.fromkeys(silent), *(f"{name}: the credential may not {what}. {remedy}" for name, what in lacks.items())]
