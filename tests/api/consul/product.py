# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the servers and agents of Consul in the datacenters of a federation, as far as an install and its rotations see them.

It was written from Consul's documentation, and not compared with a real one: tests/consul holds the same requests against that.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import (
    AGENT_TLS,
    CONNECT_CA,
    GATEWAY,
    SERVER,
    SERVER_TLS,
    SHARED,
    TOKENS,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.agents import Agent, Agents

Object = dict[str, Any]
Held = Callable[[str, str], bytes]  # the value of a key of a Secret of the install; empty if there is none
PORTS = {"server": (8300, 8501, 8503), "client": (8501, 8503)}
SIDECAR = "sidecar"  # what a pod with an Envoy of its own is here
_HEADER = "X-Consul-Token"
_FOR_MANAGEMENT = {"Policies": [{"Name": "global-management"}], "Description": "Initial Management Token"}


@dataclass(frozen=True)
class Asked:
    """A request as it reaches a pod."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, request: bytes) -> Asked:
        head, _gap, body = request.partition(b"\r\n\r\n")
        (method, path, _version), *lines = [line.split(" ", 2) for line in head.decode().split("\r\n")]
        return cls(method, path, tuple((name[:-1].title(), " ".join(rest)) for name, *rest in lines), body)

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")


@dataclass
class Datacenter:
    """What one datacenter keeps, with so many `servers`. `held` reads the Secrets of its cluster.

    `used` is the certificate at each port of a pod, `tokens_of` what pods started with. Of a secondary, `primary` is the datacenter that decides.
    """

    name: str
    held: Held
    servers: int = 3
    primary: Datacenter | None = None
    pods: dict[str, str] = field(default_factory=dict)  # the component of each pod that runs
    leader: str = ""
    policies: dict[str, Object] = field(default_factory=dict)
    tokens: dict[str, Object] = field(default_factory=dict)
    entries: dict[str, Object] = field(default_factory=dict)
    roots: list[Object] = field(default_factory=list)
    agents: Agents | None = None
    used: dict[str, dict[int, tuple[bytes, bytes]]] = field(default_factory=dict)
    tokens_of: dict[str, dict[str, str]] = field(default_factory=dict)
    envoys: dict[str, str] = field(default_factory=dict)  # the certificate that the Envoy of each pod with a sidecar has
    leaf: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def decides(self) -> Datacenter:
        return self.primary or self

    @property
    def known(self) -> dict[str, Object]:
        return {**self.decides.tokens, **self.tokens}

    def starts(self, pod: str, component: str) -> None:
        """Start a pod, which reads its Secrets. The first server to start finds no data."""
        self.pods[pod] = component
        if component == "server":
            self.leader = self.leader if self.leader in self.pods else pod
            self._first_data()
        if component in PORTS:
            self.loads(pod, component)
        if component == SIDECAR:
            self.envoys[pod] = self.decides.leaf
        self.tokens_of[pod] = {name: self.held(SHARED if name == "replication" else TOKENS, name).decode() for name in self._reads(component)}
        self.everybody_is_known()

    def _reads(self, component: str) -> tuple[str, ...]:
        if component != "server":
            return {"client": ("agent",), "mesh-gateway": ("gateway",)}.get(component, ())
        return ("agent", "replication") if self.primary else ("agent", "management")

    def ends(self, pod: str) -> None:
        self.pods.pop(pod, None)
        self.envoys.pop(pod, None)
        if self.leader == pod:
            self.leader = next((one for one, component in self.pods.items() if component == "server"), "")

    def _first_data(self) -> None:
        if self.agents is not None:
            return
        key, servers = self.held(SHARED, "gossip").decode(), [f"{SERVER}-{number}" for number in range(self.servers)]
        self.agents = self.decides.agents or Agents({"": {}}, {})
        self.agents.pools[self.name] = {node: Agent({key}, key) for node in (*servers, "node-0")}
        self.agents.pools[""] |= {f"{node}.{self.name}": Agent({key}, key) for node in servers}
        self.agents.expected = {**self.agents.expected, self.name: "known"}
        if not self.primary:
            first = self.held(TOKENS, "management").decode()
            self.tokens["first"] = {"AccessorID": "first", "SecretID": first, **_FOR_MANAGEMENT}
            self.signs_with(self.held(CONNECT_CA, "chain.pem"), self.held(CONNECT_CA, "ca.key"))

    def signs_with(self, line: bytes, key: bytes) -> None:
        own = x509.bundle(line)[0]
        for one in self.roots:
            one["Active"] = False
        listed = [one for one in self.roots if one["RootCert"] != line.decode()]
        self.roots = [{"Active": True, "RootCert": line.decode(), "SigningKeyID": str(own.ski), "Name": own.subject}, *listed]
        ca = Material(trust.blocks(line)[0], key)
        self.leaf = issue.new_leaf(ca, ["web"], "consul", "P-256", datetime.now(UTC), 3).certificate.decode()

    def dump(self, pod: str) -> Object:
        """Return what an Envoy says of its listener. It trusts all roots at once, and has a certificate of a new CA when it is asked again.

        That of a gateway between the datacenters of a federation passes on what others encrypted.
        """
        if self.pods.get(pod) == "mesh-gateway":
            return {"configs": [{"name": "default", "active_state": {"listener": {"filter_chains": [{"filters": [{"name": "sni_cluster"}]}]}}}]}
        has, self.envoys[pod] = self.envoys[pod], self.decides.leaf
        trusted = "".join(str(one["RootCert"]) for one in self.decides.roots)
        context = {"tls_certificates": [{"certificate_chain": {"inline_string": has}}], "validation_context": {"trusted_ca": {"inline_string": trusted}}}
        return {"configs": [{"name": "public_listener", "active_state": {"listener": {"filter_chains": [{"common_tls_context": context}]}}}]}

    def loads(self, pod: str, component: str) -> None:
        self.used[pod] = dict.fromkeys(PORTS[component], self._pair(SERVER_TLS if component == "server" else AGENT_TLS))

    def _pair(self, secret: str) -> tuple[bytes, bytes]:
        """Return a certificate and its key. Both are read one after the other, and a run may write between."""
        while True:
            certificate, key = self.held(secret, "tls.crt"), self.held(secret, "tls.key")
            if self.held(secret, "tls.crt") == certificate:
                return certificate, key

    def everybody_is_known(self) -> None:
        """Note who uses a token that Consul does not know any more. A secondary learns of tokens from its primary."""
        values = {one["SecretID"] for one in self.known.values()}
        lost = [(pod, name) for pod, own in self.tokens_of.items() for name, value in own.items() if pod in self.pods and value not in values]
        self.problems += [f"{self.name}: {pod} uses a token for {name} that Consul does not know" for pod, name in lost if self.made(name)]

    def made(self, name: str) -> bool:
        """Tell whether the token was there at all: pods start before the run makes it, and ask again until it is there."""
        return any(str(one.get("Description")).endswith(f"{self.name} {name}") for one in self.known.values()) or name == "management"


class Product:
    """All datacenters."""

    def __init__(self, datacenters: Mapping[str, Datacenter]) -> None:
        self.datacenters, self.lock = dict(datacenters), threading.RLock()

    def answer(self, name: str, pod: str, request: bytes) -> bytes:
        asked = Asked.of(request)
        with self.lock:
            status, said = self._said(self.datacenters[name], pod, asked)
        text = said if isinstance(said, bytes) else json.dumps(said).encode()
        return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(text)) + text

    def _said(self, here: Datacenter, pod: str, asked: Asked) -> tuple[int, Any]:
        path, _mark, query = asked.path.partition("?")
        if path == "/v1/status/leader":
            return 200, "192.0.2.1:8300"
        if path == "/config_dump":  # of the pod's Envoy, which asks for no token
            return 200, here.dump(pod)
        if dict(asked.headers).get(_HEADER) not in {one["SecretID"] for one in here.known.values()}:
            return 403, b"ACL not found"
        for prefix, does in _WAYS.items():
            if path.startswith(prefix):
                return does(self, here, pod, asked, path.removeprefix(prefix).strip("/"), query)
        return 404, f"nothing at {path}".encode()

    def _policies(self, here: Datacenter, _pod: str, asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        known = here.decides.policies
        if asked.method == "GET":
            return 200, list(known.values())
        body = asked.json
        known[body["Name"]] = {"ID": f"id-of-{body['Name']}", **{key: body[key] for key in ("Name", "Description")}}
        return 200, {}

    def _tokens(self, here: Datacenter, _pod: str, asked: Asked, name: str, _query: str) -> tuple[int, Any]:
        if asked.method == "GET":
            return 200, [{key: value for key, value in one.items() if key != "SecretID"} for one in here.known.values()]
        if asked.method == "DELETE":
            for kept in (here.tokens, here.decides.tokens):
                kept.pop(name, None)
        else:
            body, policies = asked.json, {"global-management", *here.decides.policies}
            if not {one["Name"] for one in body.get("Policies") or ()} <= policies:
                return 500, b"no such policy"
            if not name and body["AccessorID"] in here.known:
                return 500, b"AccessorID is already in use"
            (here.tokens if body.get("Local") else here.decides.tokens)[body["AccessorID"]] = body
        for one in self.datacenters.values():
            one.everybody_is_known()
        return 200, True

    def _entries(self, here: Datacenter, _pod: str, asked: Asked, kind: str, query: str) -> tuple[int, Any]:
        known = here.decides.entries
        if asked.method == "GET":
            return 200, [one for name, one in known.items() if name.startswith(f"{kind}/")] or None
        body = asked.json
        name = f"{body['Kind']}/{body.get('Name') or body['Kind']}"
        if query != f"cas={known.get(name, {}).get('ModifyIndex', 0)}":
            return 200, False
        known[name] = {**body, "CreateIndex": 3, "ModifyIndex": 7}
        return 200, True

    def _keyring(self, here: Datacenter, _pod: str, asked: Asked, _name: str, query: str) -> tuple[int, Any]:
        assert here.agents
        text = here.agents.answer(here.name, _plain(asked, "/v1/operator/keyring"))
        if text is None:
            return 500, b"not every node answered"
        pools = json.loads(text) if asked.method == "GET" else text
        return 200, [one for one in pools if one["Datacenter"] == here.name and not one["WAN"]] if query else pools

    def _members(self, here: Datacenter, _pod: str, asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        assert here.agents
        return 200, json.loads(here.agents.answer(here.name, _plain(asked, asked.path)) or "[]")

    def _reload(self, here: Datacenter, pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        here.loads(pod, here.pods[pod])
        return 200, b""

    def _itself(self, here: Datacenter, pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        raft = {"state": "Leader" if pod == here.leader else "Follower", "applied_index": "5000"}
        config = {"Datacenter": here.name, "PrimaryDatacenter": here.decides.name if here.primary else ""}
        return 200, {"Config": config, "DebugConfig": {"PrimaryGateways": []}, "Stats": {"raft": raft}}

    def _servers(self, here: Datacenter) -> list[Object]:
        same = {"SerfStatus": "alive", "Voter": True, "LastTerm": 3, "LastIndex": 5000, "Healthy": True}
        return [{"Name": pod, "Node": pod, "Leader": pod == here.leader, **same} for pod, component in sorted(here.pods.items()) if component == "server"]

    def _health(self, here: Datacenter, _pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        return 200, {"Servers": self._servers(here)}

    def _transfer(self, here: Datacenter, _pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        here.leader = next(one["Name"] for one in self._servers(here) if one["Name"] != here.leader)
        return 200, {"Success": True}

    def _roots(self, here: Datacenter, _pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        return 200, {"Roots": here.decides.roots}

    def _configuration(self, here: Datacenter, _pod: str, asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        if here.primary:
            return 500, b"only the primary has it"
        config = asked.json["Config"]
        here.signs_with(config["RootCert"].encode(), config["PrivateKey"].encode())
        return 200, True

    def _nothing(self, _here: Datacenter, _pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        return 200, []

    def _replication(self, _here: Datacenter, _pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        return 200, {"Enabled": True, "Running": True, "LastSuccess": "2026-11-27T08:00:00Z"}

    def _services(self, _here: Datacenter, _pod: str, _asked: Asked, _name: str, _query: str) -> tuple[int, Any]:
        return 200, {"consul": [], GATEWAY: []}


def _plain(asked: Asked, path: str) -> Asked:
    return Asked(asked.method, path, ((_HEADER, "known"),), asked.body)


_WAYS: dict[str, Callable[..., tuple[int, Any]]] = {
    "/v1/acl/polic": Product._policies, "/v1/acl/tokens": Product._tokens, "/v1/acl/token": Product._tokens, "/v1/acl/replication": Product._replication,
    "/v1/config": Product._entries, "/v1/operator/keyring": Product._keyring, "/v1/agent/members": Product._members, "/v1/agent/reload": Product._reload,
    "/v1/agent/self": Product._itself, "/v1/operator/autopilot/health": Product._health, "/v1/operator/raft/configuration": Product._health,
    "/v1/operator/raft/transfer-leader": Product._transfer, "/v1/connect/ca/roots": Product._roots, "/v1/connect/ca/configuration": Product._configuration,
    "/v1/connect/intentions": Product._nothing, "/v1/catalog/services": Product._services, "/v1/internal/federation-states": Product._replication,
}  # fmt: skip


def faults(here: Datacenter) -> Iterator[str]:
    """Yield what is not as it has to be once nothing is under way: what is used is what the Secrets hold, and nothing of before is left."""
    yield from here.problems
    values = {name: here.held(SHARED if name == "replication" else TOKENS, name).decode() for name in ("management", "agent", "gateway", "replication")}
    for pod, own in here.tokens_of.items():
        yield from (f"{pod} uses another token for {name} than the Secret holds" for name, value in own.items() if value != values[name])
    for pod, ports in here.used.items():
        secret = SERVER_TLS if here.pods[pod] == "server" else AGENT_TLS
        shown, trusted = here.held(secret, "tls.crt"), here.held(secret, "ca.crt")
        yield from (f"{pod} shows another certificate at {port}" for port, (certificate, _key) in ports.items() if certificate != shown)
        yield from () if x509.issued_by(shown, trusted) and len(x509.bundle(trusted)) == 1 else [f"{secret} does not trust its own CA alone"]
    yield from (f"{pod} has a certificate of a former CA" for pod, has in here.envoys.items() if has != here.decides.leaf)
    key = here.held(SHARED, "gossip").decode()
    for pool in (here.agents or Agents({}, {})).pools.values():
        yield from (f"{node} gossips with other keys" for node, agent in pool.items() if (agent.keys, agent.primary) != ({key}, key))
    if [one["RootCert"] for one in here.decides.roots[:1]] != [here.decides.held(CONNECT_CA, "chain.pem").decode()]:
        yield "Consul signs with another CA than the Secret holds"


def kept(here: Datacenter) -> Object:
    """Return what the datacenter keeps, without what differs from run to run."""
    own = here.tokens.values()
    tokens = sorted((str(one.get("Description")), str(one.get("Policies") or one.get("ServiceIdentities")), bool(one.get("Local"))) for one in own)
    entries = {name: {key: value for key, value in one.items() if not key.endswith("Index")} for name, one in here.entries.items()}
    return {"policies": here.policies, "tokens": tokens, "entries": entries}


def value(secret: Object | None, key: str) -> bytes:
    return decoded(((secret or {}).get("data") or {}).get(key))
