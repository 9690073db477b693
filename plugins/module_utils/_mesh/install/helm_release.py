# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a wished Helm release with Helm's own record, and say whether Helm has work to do."""

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
    """A chart value whose live setting stays, whoever made it: a label of the object `ref` shows it. `value` names it."""

    value: str
    ref: Ref
    label: str

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Kept:
        ref = Ref(entry["api_version"], entry["kind"], entry["name"], entry.get("namespace") or None)
        return cls(entry["value"], ref, entry["label"])

    def as_dict(self) -> dict[str, Any]:
        where = {"api_version": self.ref.api_version, "kind": self.ref.kind, "name": self.ref.name}
        return {"value": self.value, "label": self.label, **where, **({"namespace": self.ref.namespace} if self.ref.namespace else {})}


@dataclass(frozen=True)
class Release:
    """A chart as Helm should install it. `version` is None if the source fixes the version (a directory).

    `shared` says that all revisions of a control plane in the cluster use this release.
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
    def of(cls, entry: Mapping[str, Any]) -> Release:
        return cls(**{**entry, "kept": Kept.of(entry["kept"]) if entry.get("kept") else None})

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
        """Whether an operation of Helm runs, or was killed. Helm refuses any other operation until this one is settled."""
        return self.status.startswith("pending") or self.half_removed

    @property
    def half_removed(self) -> bool:
        """Whether an uninstall runs, or was killed. Some objects of the release may be gone."""
        return self.status == "uninstalling"


def read_record(secret: Mapping[str, Any]) -> Record:
    """Return the release that one of Helm's Secrets holds (base64 of base64 of gzip of JSON)."""
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
        raise MeshError(f"Helm's record in the Secret {name} cannot be decoded ({error.__class__.__name__}). Look at it with `helm history`.") from error


def failed(secret: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same record with the status failed, so that Helm accepts any operation. The record still lists what is installed."""
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
    """Return the newest record of a release."""
    return max((r for r in records if r.name == name), key=lambda r: r.revision, default=None)


def due(release: Release, record: Record | None) -> str | None:
    """Return why Helm has work to do, in a few words; None if the record already matches the wish."""
    if record is None:
        return "not installed"
    if record.status != "deployed":
        return f"its last operation ended as {record.status}"
    if release.version and not _meets(record.chart_version, release.version):
        return f"chart {record.chart_version} -> {release.version}"
    changes = differences(record.values, release.values)
    return "; ".join(changes) if changes else None


def _meets(version: str, wished: str) -> bool:
    """Return whether a chart has the wished version. Every patch of 1.29 meets '1.29'. Helm alone judges its version ranges."""
    if any(sign in wished for sign in "<>=~^*|, "):
        return True
    parts = wished.lstrip("v").split(".")
    return version.lstrip("v").split(".")[: len(parts)] == parts


_MISSING = object()


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the differences of two sets of values, sorted by path: 'server.replicas 1 -> 2'."""
    changed: list[str] = []
    for key in sorted(set(before) | set(after), key=str):
        here = f"{path}{key}"
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if all(side is _MISSING or isinstance(side, Mapping) for side in (old, new)):
            changed += differences(before.get(key, {}), after.get(key, {}), f"{here}.")
        elif old != new:
            changed.append(f"{here} {_shown(here, old)} -> {_shown(here, new)}")
    return changed


_SENSITIVE = ("key", "password", "secret", "token", "credential")


def _shown(path: str, value: Any) -> str:
    """Return a value short enough for a line. Hide a value whose path sounds secret, and dictionaries, which may hold such values."""
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
