# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up estates of any size, as `status` reads them: mostly healthy, with something of each kind that can be wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import ReleaseLine, Versions
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.estate import estate

NOW = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
SITES = ("frankfurt", "dublin", "eu-cloud-1", "ashburn", "singapore", "sao-paulo")
_PODS = ((1, 30), (1, 34))
VERSIONS = {"istio": Versions("Istio", date(2026, 11, 26), (
    ReleaseLine((1, 31), date(2026, 8, 31), _PODS, until="six weeks after 1.33.0"),
    ReleaseLine((1, 30), date(2026, 5, 18), _PODS, ends=date(2027, 1, 5)),
    ReleaseLine((1, 29), date(2026, 2, 16), _PODS, ends=date(2026, 10, 12)),
), ("made up",))}  # fmt: skip


def member(name: str, **change: Any) -> Member:
    return Member(name, **{"mesh": "shop", "provider": "istio", "site": "frankfurt", "network": "lan", **change})


def facts(name: str, peers: list[str], **change: Any) -> dict[str, Any]:
    """What mesh_info returns of a healthy cluster."""
    pods = [f"istiod-stable-{each}" for each in "ab"]
    healthy: dict[str, Any] = {
        "findings": [], "notices": [], "links": peers, "answered": pods, "unanswered": [], "served_by": "", "kept": [], "faults": [],
        "planes": [{"revision": "stable", "version": "1.31.2", "desired": 2, "ready": 2, "reason": "", "lasting": False}],
        "remotes": [{"pod": pod, "cluster": peer, "status": "synced"} for pod in pods for peer in peers],
        "gateways": [{"name": "east-west", "namespace": "istio-system", "network": "lan", "desired": 2, "ready": 2, "addresses": ["198.18.0.33"],
                      "reason": "", "lasting": False}],
        "proxies": proxies(12, "stable", "1.31.2"),
        "followed": {"revisions": {"stable": {"namespaces": 4, "proxies": 12}}, "turned": 0, "pinned": 0, "leaders": []},
        "trust": {"root": certificate("CN=shop root", "shop", "2036-11-18T12:00:00Z"),
                  "intermediate": certificate(f"CN={name} intermediate", name, "2028-11-20T12:00:00Z")},
    }  # fmt: skip
    return {**healthy, **change}


def proxies(number: int, revision: str, version: str, stale: int = 0) -> list[dict[str, Any]]:
    return [{"name": f"web-{at}", "namespace": "shop", "version": version, "revision": revision, "stale": ["route"] if at < stale else []}
            for at in range(number)]  # fmt: skip


def certificate(subject: str, seed: str, not_after: str) -> dict[str, Any]:
    return {"subject": subject, "issuer": "CN=shop root", "fingerprint": sha256(seed.encode()).hexdigest(), "not_after": not_after}


def two() -> tuple[dict[str, Any], list[Member]]:
    """Two clusters on networks of their own, all well."""
    members = [member("east", site="onprem", network="dc1"), member("west", site="cloud", network="vpc")]
    return {"east": {"site": "onprem", **facts("east", ["west"])}, "west": {"site": "cloud", **facts("west", ["east"])}}, members


def many(number: int) -> tuple[dict[str, Any], list[Member]]:
    """Clusters of two meshes at six sites, a fifth of them in the second mesh. Every eleventh differs from the inventory in some way, one is lost."""
    members = [_one_of_many(at, number) for at in range(number)]
    read: dict[str, Any] = {}
    lost = members[number // 2].name
    for at, own in enumerate(members):
        peers = [one.name for one in members if one.mesh == own.mesh and one.name != own.name]
        read[own.name] = _lost(own) if own.name == lost else _read(at, own, peers, lost) if own.serves else _remote(own)
    return read, members


def _one_of_many(at: int, number: int) -> Member:
    site = SITES[at * len(SITES) // number]
    mesh = "payments" if at % 5 == 4 else "shop"
    name = f"{site}-{mesh}-{at:02}" if at % 17 else f"{site}-{mesh}-{at:02}-with-a-name-that-is-rather-long"
    role = {"role": "remote", "primary": f"{site}-{mesh}-{at - 1:02}"} if at % 20 == 13 else {}
    return member(name, mesh=mesh, site=site, network=f"{site}-{'b' if at % 3 == 2 else 'a'}", **role)


def _lost(own: Member) -> str:
    return f"{own.name}: the API server at https://192.0.2.40:6443 did not answer within 10 s. Check that this machine reaches it."


def _remote(own: Member) -> dict[str, Any]:
    return facts(own.name, [], planes=[], remotes=[], answered=[], served_by=own.primary)


def _read(at: int, own: Member, peers: list[str], lost: str) -> dict[str, Any]:
    said = facts(own.name, peers, proxies=proxies(20 + at * 37 % 900, "stable", "1.31.2"))
    ends = "2036-11-18T12:00:00Z" if own.mesh == "shop" else "2027-01-15T12:00:00Z"
    said["trust"] = {**said["trust"], "root": certificate(f"CN={own.mesh} root", own.mesh, ends)}
    if lost in peers:
        said["remotes"] = [{**one, "status": "timeout" if one["cluster"] == lost and at % 7 == 3 else one["status"]} for one in said["remotes"]]
        look = f"check whether this cluster reaches {lost}'s API server, and whether mesh_api_ca must name its CA"
        said["findings"] = [f"{own.name}: istiod-stable-a has not synced the cluster {lost} (its status is timeout); {look}."] if at % 7 == 3 else []
    if at % 11 == 5:
        said["findings"] += [f"{own.name}: the gateway istio-system/east-west has 0 of 2 replicas ready: the image cannot be pulled."]
        said["gateways"] = [{**said["gateways"][0], "ready": 0, "addresses": []}]
    if at % 13 == 2:
        said["planes"] = [{**said["planes"][0], "revision": "blue", "version": "1.29.4"}, {**said["planes"][0], "revision": "green"}]
        said["proxies"] = [*proxies(140 + at, "blue", "1.29.4", stale=9), *proxies(60, "green", "1.31.2")]
        said["notices"] = [f"{own.name}: Istio 1.29 has been out of support since 2026-10-12; choose a supported version: 1.30 or 1.31 (as of 2026-11-26)."]
    if at % 19 == 4:
        said["planes"] = [{**said["planes"][0], "version": "1.30.3"}]
        said["trust"]["intermediate"] = certificate(f"CN={own.name} intermediate", own.name, "2026-12-05T12:00:00Z")
    return said


def made(number: int) -> dict[str, Any]:
    """The estate of so many clusters."""
    read, members = two() if number == 2 else many(number)
    return estate(read, members, VERSIONS, NOW)
