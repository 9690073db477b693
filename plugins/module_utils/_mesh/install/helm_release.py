# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm releases: what is wished, what Helm's own records say, and whether there is work to do."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import MeshError
from ..objects.change import Ref

RECORD_TYPE = "helm.sh/release.v1"


@dataclass(frozen=True)
class Kept:
    """A value that stays what a label of a live object says, whoever set it: it is given only where nothing says so yet."""

    value: str
    ref: Ref
    label: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Kept:
        ref = Ref(told["api_version"], told["kind"], told["name"], told.get("namespace") or None)
        return cls(told["value"], ref, told["label"])

    def as_dict(self) -> dict[str, Any]:
        where = {"api_version": self.ref.api_version, "kind": self.ref.kind, "name": self.ref.name}
        return {"value": self.value, "label": self.label, **where, **({"namespace": self.ref.namespace} if self.ref.namespace else {})}


@dataclass(frozen=True)
class Release:
    """A chart as it should be installed. `version` is None where the source itself decides (a directory).

    `shared` says that all revisions of a control plane in the cluster use it.
    """

    name: str
    namespace: str
    chart: str
    repository: str | None = None
    version: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    shared: bool = False
    kept: Kept | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Release:
        return cls(**{**told, "kept": Kept.of(told["kept"]) if told.get("kept") else None})

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": self.namespace,
            "chart": self.chart,
            "repository": self.repository,
            "version": self.version,
            "values": dict(self.values),
            **({"shared": True} if self.shared else {}),
            **({"kept": self.kept.as_dict()} if self.kept else {}),
        }


@dataclass(frozen=True)
class Record:
    """One revision of a release as Helm stored it. `secret` is the name of the Secret that holds it."""

    name: str
    revision: int
    status: str
    chart_version: str
    values: Mapping[str, Any]
    secret: str

    @property
    def pending(self) -> bool:
        """Helm was, or is, at work on it: it refuses any other operation until this is settled."""
        return self.status.startswith("pending") or self.half_removed

    @property
    def half_removed(self) -> bool:
        """Helm was, or is, uninstalling it: some of its objects may be gone."""
        return self.status == "uninstalling"


def read_record(secret: Mapping[str, Any]) -> Record:
    """The release in one of Helm's Secrets (base64 of base64 of gzip of JSON)."""
    body = _unpacked(secret)
    chart = body.get("chart", {}).get("metadata", {})
    return Record(
        name=body["name"],
        revision=int(body["version"]),
        status=body.get("info", {}).get("status", "unknown"),
        chart_version=str(chart.get("version", "")),
        values=body.get("config") or {},
        secret=secret["metadata"]["name"],
    )


def _unpacked(secret: Mapping[str, Any]) -> dict[str, Any]:
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        return dict(json.loads(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed))
    except (KeyError, ValueError, TypeError, OSError, EOFError, binascii.Error, zlib.error) as error:
        name = secret.get("metadata", {}).get("name", "")
        raise MeshError(f"The Helm record Secret {name} cannot be read ({error.__class__.__name__}); look at it with: helm history.") from error


def failed(secret: Mapping[str, Any]) -> dict[str, Any]:
    """The same record with the status failed, from which Helm can be told anything. It still lists what is installed."""
    body = _unpacked(secret)
    body["info"] = {**body.get("info", {}), "status": "failed"}
    packed = gzip.compress(json.dumps(body).encode(), mtime=0)
    metadata = secret["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": {"status": "failed"}},
        "data": {"release": base64.b64encode(base64.b64encode(packed)).decode()},
    }


def latest(records: Iterable[Record], name: str) -> Record | None:
    """The newest record of a release."""
    return max((r for r in records if r.name == name), key=lambda r: r.revision, default=None)


def due(release: Release, record: Record | None) -> str | None:
    """Why Helm has work to do, in a few words; None where the record already is what is wished."""
    if record is None:
        return "not installed"
    if record.status != "deployed":
        return f"its last operation ended as {record.status}"
    if release.version and not _meets(record.chart_version, release.version):
        return f"chart {record.chart_version} -> {release.version}"
    changes = differences(record.values, release.values)
    return "; ".join(changes) if changes else None


def _meets(version: str, wished: str) -> bool:
    """Whether a chart's version is the one wished: '1.29' takes every patch of 1.29; what else Helm's ranges say is left to Helm."""
    if any(sign in wished for sign in "<>=~^*|, "):
        return True
    parts = wished.lstrip("v").split(".")
    return version.lstrip("v").split(".")[: len(parts)] == parts


_MISSING = object()


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """Where two sets of values differ: 'pilot.replicas 1 -> 2', sorted by path."""
    found: list[str] = []
    for key in sorted(set(before) | set(after), key=str):
        here = f"{path}{key}"
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if all(side is _MISSING or isinstance(side, Mapping) for side in (old, new)):
            found += differences(before.get(key, {}), after.get(key, {}), f"{here}.")
        elif old != new:
            found.append(f"{here} {_shown(here, old)} -> {_shown(here, new)}")
    return found


_SENSITIVE = ("key", "password", "secret", "token", "credential")


def _shown(path: str, value: Any) -> str:
    """A value short enough for a line; one whose path sounds secret is not shown, nor what may hold such a one."""
    if value is _MISSING:
        return "(unset)"
    if any(word in path.lower() for word in _SENSITIVE):
        return "(hidden)"
    if isinstance(value, Mapping):
        return "(a dictionary)"
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        return f"(a list of {len(value)})"
    text = json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
