# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what: the ACL policies and tokens of a datacenter. The secret part of each token was chosen before anything ran."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...._mesh.install.due import DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.trust.root_secret import decoded
from .. import api, datacenter
from ..names import SHARED, TOKENS

_OURS = "meshops.lifecycle"


@dataclass(frozen=True)
class Policy:
    name: str
    rules: str

    @property
    def description(self) -> str:
        """Return a description that tells rules apart, because Consul lists policies without their rules."""
        return f"{_OURS} {hashlib.sha256(self.rules.encode()).hexdigest()[:12]}"


def _prefix(kind: str, policy: str) -> str:
    return f'{kind}_prefix "" {{\n  policy = "{policy}"\n}}'


def _rules(*rules: str) -> str:
    return "\n".join(rules) + "\n"


_READS = (_prefix("service", "read"), _prefix("node", "read"), _prefix("agent", "read"))
AGENT = Policy("meshops-agent", _rules(_prefix("node", "write"), _prefix("agent", "read"), _prefix("service", "read")))
GATEWAY = Policy("meshops-gateway", _rules('mesh = "write"', 'peering = "read"', 'service "mesh-gateway" {\n  policy = "write"\n}', *_READS))
_INTENTIONS = 'service_prefix "" {\n  policy = "read"\n  intentions = "read"\n}'
# A run asks a secondary with this token, and tells its agents to reload.
REPLICATION = Policy("meshops-replication", _rules('acl = "write"', 'operator = "write"', _INTENTIONS, _prefix("node", "write"), _prefix("agent", "write")))
_HIDDEN = "<hidden>"  # what Consul shows of a value to those who may not write tokens
_NEEDS = {"agent": (TOKENS, AGENT), "gateway": (TOKENS, GATEWAY), "replication": (SHARED, REPLICATION)}


def policies(wish: ControlPlane) -> list[Policy]:
    """Return the policies that are written here. A secondary gets those of its primary."""
    wanted = {datacenter.SECONDARY: (), datacenter.PRIMARY: (AGENT, GATEWAY, REPLICATION), datacenter.PEER: (AGENT, GATEWAY)}
    return list(wanted[datacenter.kind(wish)])


def tokens(wish: ControlPlane) -> list[str]:
    return ["agent", "gateway", *(["replication"] if datacenter.kind(wish) == datacenter.PRIMARY else [])]


def accessor(wish: ControlPlane, name: str, value: str = "") -> str:
    """Return the public identifier of a token, by which a later run finds it. A token that a rotation brought has one that its value gives it.

    Consul keeps the value of a token for as long as the token lives, so that another value is another token.
    """
    return datacenter.uuid(wish.mesh, wish.cluster, "token", name, *([value] if value else []))


def described(cluster: str, name: str) -> str:
    return f"{_OURS} {cluster} {name}"


def orders(wish: ControlPlane, live: Live, pod: Object, token: str, there: tuple[Sequence[Object], Sequence[Object]]) -> list[DueOrder]:
    """Return what is missing or different. Policies come before the tokens that name them. `there` are the policies and the tokens that Consul lists."""
    known_policies, known_tokens = ({str(one.get(key)): one for one in entries} for key, entries in zip(("Name", "AccessorID"), there, strict=True))
    due = [*_policies(wish, pod, token, known_policies)]
    return due or [*_tokens(wish, live, pod, token, known_tokens)]


def _policies(wish: ControlPlane, pod: Object, token: str, known: Mapping[str, Object]) -> Iterator[DueOrder]:
    for policy in policies(wish):
        live = known.get(policy.name)
        if live is None or live.get("Description") != policy.description:
            path = f"/v1/acl/policy/{live['ID']}" if live else "/v1/acl/policy"
            body = {"Name": policy.name, "Description": policy.description, "Rules": policy.rules}
            yield DueOrder(f"the policy {policy.name}", api.put("order", pod, path, token, body))


def _tokens(wish: ControlPlane, live: Live, pod: Object, token: str, known: Mapping[str, Object]) -> Iterator[DueOrder]:
    for name in tokens(wish):
        secret, policy = _NEEDS[name]
        value = _value(live, secret, name)
        public = _public(wish, name, value, known)
        there = known.get(public)
        if value and (there is None or [one.get("Name") for one in there.get("Policies") or ()] != [policy.name]):
            path = f"/v1/acl/token/{public}" if there else "/v1/acl/token"
            yield DueOrder(f"the token of the {name}", api.put("order", pod, path, token, body(wish, name, value, policy.name, public)))


def _public(wish: ControlPlane, name: str, value: str, known: Mapping[str, Object]) -> str:
    """Return the identifier of the token with this value. The first one may have another value: that of an install whose data the servers still have."""
    rotated, first = accessor(wish, name, value), accessor(wish, name)
    held = str((known.get(first) or {}).get("SecretID") or "")
    return rotated if rotated in known or held not in ("", _HIDDEN, value) else first


def _value(live: Live, secret: str, key: str) -> str:
    held = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == secret), {})
    return decoded((held.get("data") or {}).get(key)).decode()


def body(wish: ControlPlane, name: str, value: str, policy: str, public: str) -> dict[str, Any]:
    """Return a token. A secondary's own tokens are local, because global ones can only be written in the primary."""
    local = datacenter.kind(wish) == datacenter.SECONDARY
    return {"AccessorID": public, "SecretID": value, "Description": described(wish.cluster, name), "Policies": [{"Name": policy}], "Local": local}


def policy_of(name: str) -> str:
    return _NEEDS[name][1].name
