# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation of istiod's CA has to be allowed to do."""

from __future__ import annotations

from collections.abc import Iterable

from ..trust import trust
from .patches import previous
from .trust_users import WORKLOADS as _WORKLOADS


def seeing(namespace: str) -> list[dict[str, str]]:
    """What it takes to see all of this. A port is forwarded by a GET that becomes a WebSocket; newer API servers ask for `create` too."""
    everywhere = [("", "namespaces", "list"), ("", "configmaps", "list"), ("", "pods", "list"), ("", "pods", "get")]
    everywhere += [("", "pods/portforward", "get"), ("", "pods/portforward", "create")]
    inside = [("", "secrets", "get"), ("apps", "deployments", "list")]
    return [*_rights(everywhere), *({**right, "namespace": namespace} for right in _rights(inside))]


def _rights(wanted: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]


def rotating(namespace: str, restart: bool, recover: bool) -> list[dict[str, str]]:
    """What it takes to write and refresh, and to see who follows; `restart` where workloads may be restarted.

    With `recover` proxies are refreshed too, wherever they are.
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
