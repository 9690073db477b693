# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the rights that a run needs to write, so that one that lacks any is refused before the first write.

What a run reads shows by itself whether it may. Operands are left out: a removal begins with them, so a right that is missing there stops it in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .backend import EXTENSION, SUBSCRIPTION
from .departure import RemovalScope, definitions
from .owner import foreign
from .package import Package
from .seen import OperatorsSeen

Right = dict[str, str]
_V0, _V1 = "operators.coreos.com", "olm.operatorframework.io"


def to_install(package: Package, seen: OperatorsSeen, api: str) -> Iterator[Right]:
    """Yield the rights to bring a package to its pin. What belongs to somebody else is not written, and Helm asks for itself."""
    live = seen.subscription(package) if api == SUBSCRIPTION else seen.extension(package)
    if api not in (SUBSCRIPTION, EXTENSION) or (live and foreign(live)):
        return
    if package.namespace not in seen.namespaces:
        yield from ({"verb": verb, "group": "", "resource": "namespaces"} for verb in ("create", "patch"))
    if api == EXTENSION:
        yield from ({"verb": verb, "group": _V1, "resource": "clusterextensions"} for verb in ("create", "patch"))
        return
    kinds = ["subscriptions", *([] if seen.groups_in(package.namespace) else ["operatorgroups"])]
    yield from (_within(package, verb, kind) for kind in kinds for verb in ("create", "patch"))
    if not package.automatic:
        yield _within(package, "patch", "installplans")


def to_remove(package: Package, seen: OperatorsSeen, consent: RemovalScope) -> Iterator[Right]:
    """Yield the rights to remove what is there of a package, besides its operands."""
    if seen.subscription(package):
        yield _within(package, "delete", "subscriptions")
    if seen.csvs_of(package):
        yield _within(package, "delete", "clusterserviceversions")
    if seen.extensions_of(package.name):
        yield {"verb": "delete", "group": _V1, "resource": "clusterextensions"}
    elif consent.crds and definitions(package, seen):
        yield {"verb": "delete", "group": "apiextensions.k8s.io", "resource": "customresourcedefinitions"}


def _within(package: Package, verb: str, resource: str) -> Right:
    return {"verb": verb, "group": _V0, "resource": resource, "namespace": package.namespace}


def refused(denied: Sequence[str]) -> str:
    """Return what a credential lacks as a sentence; empty if nothing."""
    named = ", ".join(dict.fromkeys(denied))
    return f"the credential may not {named}. Grant these rights, as docs/rbac.yml does, or use another credential." if denied else ""
