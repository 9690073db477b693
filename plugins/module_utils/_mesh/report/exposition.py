# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate in Prometheus' text format, for a node exporter that reads files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..trust.expiry import moment
from .estate import SYNCED, UNREACHED

Sample = tuple[Mapping[str, str], float]
Cluster = Mapping[str, Any]


def exposition(estate: Mapping[str, Any]) -> str:
    """Return the metrics. A cluster that was not reached has mesh_cluster_unreached only: what nobody read has no value."""
    read = [one for one in estate["clusters"] if one["verdict"] != UNREACHED]
    families = [
        _family("mesh_report_generated_seconds", "When the estate was read, in seconds since 1970.", [({}, moment(estate["generated"]).timestamp())]),
        _per_cluster("mesh_cluster_unreached", "1 if nothing could be read of the cluster.", estate["clusters"], lambda one: one["verdict"] == UNREACHED),
        _per_cluster("mesh_cluster_findings", "How much differs from the inventory.", read, lambda one: len(one["findings"])),
        _per_cluster("mesh_cluster_notices", "How much works now and will not for long.", read, lambda one: len(one["notices"])),
        _per_cluster("mesh_links", "Clusters that this one has to discover, or does.", read, lambda one: len(one["links"])),
        _per_cluster("mesh_links_synced", "Those of them that every control plane pod has synced.", read, _synced),
        _per_cluster("mesh_proxies_behind", "Proxies that have not accepted what they were sent last.", read, lambda one: one["proxies"]["behind"]),
        _family("mesh_proxies", "Proxies by the revision that serves them.", _proxies(read)),
        *_replicas("mesh_control_plane_replicas", "Replicas of a control plane", "control_planes", ("revision", "version"), read),
        *_replicas("mesh_gateway_replicas", "Replicas of a gateway between networks", "gateways", ("namespace", "name"), read),
        _family("mesh_root_not_after_seconds", "When the root of the cluster expires, in seconds since 1970.", _ends(estate, "root")),
        _family("mesh_intermediate_not_after_seconds", "When the CA of the cluster expires, in seconds since 1970.", _ends(estate, "intermediate")),
        _family("mesh_version_supported_until_seconds", "When the support of a running version ends, if that is known.", _support(estate)),
    ]
    return "".join(line + "\n" for family in families for line in family)


def _family(name: str, said: str, samples: Iterable[Sample]) -> list[str]:
    """Return the lines of a metric; none if it has no sample."""
    lines = [f"{name}{_labels(labels)} {_number(value)}" for labels, value in samples]
    return [f"# HELP {name} {said}", f"# TYPE {name} gauge", *lines] if lines else []


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _whose(one: Cluster) -> dict[str, str]:
    return {"cluster": one["name"], "mesh": one["mesh"], "site": one["site"]}


def _per_cluster(name: str, said: str, clusters: Sequence[Cluster], count: Callable[[Cluster], float]) -> list[str]:
    return _family(name, said, [(_whose(one), float(count(one))) for one in clusters])


def _synced(one: Cluster) -> int:
    return sum(state == SYNCED for state in one["links"].values())


def _proxies(clusters: Sequence[Cluster]) -> list[Sample]:
    return [({**_whose(one), "revision": revision}, count) for one in clusters for revision, count in one["proxies"]["revisions"].items()]


def _replicas(name: str, said: str, kind: str, labels: Sequence[str], clusters: Sequence[Cluster]) -> list[list[str]]:
    parts = [({**_whose(one), **{label: str(part[label]) for label in labels}}, part) for one in clusters for part in one[kind]]
    return [
        _family(f"{name}_{state}", f"{said} that {which}.", [(whose, part[state]) for whose, part in parts])
        for state, which in (("desired", "are wanted"), ("ready", "are ready"))
    ]


def _ends(estate: Mapping[str, Any], kind: str) -> list[Sample]:
    known = {one["name"]: one for one in estate["clusters"]}
    return [
        ({**_whose(known[name]), "fingerprint": one["fingerprint"]}, moment(one["not_after"]).timestamp())
        for one in estate["certificates"] if one["kind"] == kind for name in one["clusters"]
    ]  # fmt: skip


def _support(estate: Mapping[str, Any]) -> list[Sample]:
    known = {one["name"]: one for one in estate["clusters"]}
    return [
        ({**_whose(known[name]), "version": row["version"]}, moment(row["supported_until"]).timestamp())
        for row in estate["versions"] if row["supported_until"] for name in row["clusters"]
    ]  # fmt: skip
