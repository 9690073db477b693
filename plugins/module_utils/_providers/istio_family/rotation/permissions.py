# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the rights that a rotation of istiod's CA needs."""

from __future__ import annotations

from collections.abc import Iterable

from ..trust import trust
from .patches import previous
from .trust_users import WORKLOADS as _WORKLOADS


def seeing(namespace: str) -> list[dict[str, str]]:
    """Return the rights to see everything. A GET that becomes a WebSocket forwards a port; newer API servers require `create` too."""
    everywhere = [("", "namespaces", "list"), ("", "configmaps", "list"), ("", "pods", "list"), ("", "pods", "get")]
    everywhere += [("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
    inside = [("", "secrets", "get"), ("apps", "deployments", "list")]
    return [*_rights(everywhere), *({**right, "namespace": namespace} for right in _rights(inside))]


def _rights(wanted: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]


def rotating(namespace: str, restart: bool, recover: bool) -> list[dict[str, str]]:
    """Return the rights to write, to refresh, and to see what follows. With `restart`, add those to restart workloads.

    With `recover`, the rotation also refreshes proxies in every namespace.
    """
    own, former = trust.objects(namespace)[0].name, previous(namespace).name
    here = [("", "secrets", "patch", own), ("", "secrets", "create", ""), ("", "secrets", "delete", former), ("", "pods", "patch", "")]
    wide = [("", "configmaps", "get"), ("", "configmaps", "patch")]
    wide += [("", "pods", "patch")] if recover else []
    if restart:
        wide += [("apps", f"{kind.lower()}s", verb) for kind in _WORKLOADS for verb in ("get", "patch")]
        wide += [("policy", "poddisruptionbudgets", "list")]
    everywhere = [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wide]
    inside = [{"verb": verb, "group": group, "resource": resource, "namespace": namespace, **({"name": name} if name else {})}
              for group, resource, verb, name in here]  # fmt: skip
    return [*seeing(namespace), *everywhere, *inside]
