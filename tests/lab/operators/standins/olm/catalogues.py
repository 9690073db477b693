# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CatalogSources, and the packages that they offer.

OLM asks a catalogue over gRPC and serves PackageManifests by an aggregated API server. Here the catalogue is a ConfigMap beside it, and PackageManifests
are objects of a CRD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ..catalogue import Catalogue, Package
from ..objects import Object, Write, create, delete, made, name, space, status, to_status


def turn(sources: Sequence[Object], contents: Mapping[tuple[str, str], Catalogue | None], manifests: Sequence[Object], now: float) -> Iterator[Write]:
    """OLM pkg/controller/registry/grpc/source.go: CONNECTING, then READY; TRANSIENT_FAILURE while nobody answers."""
    wanted = {}
    for live in sources:
        content = contents.get((space(live), name(live)))
        state = (status(live).get("connectionState") or {}).get("lastObservedState")
        target = "TRANSIENT_FAILURE" if content is None else "READY" if state in ("CONNECTING", "READY") else "CONNECTING"
        if state != target:
            address = f"{name(live)}.{space(live)}.svc:50051"
            connected = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield to_status(live, connectionState={"address": address, "lastConnect": connected, "lastObservedState": target})
        for package in (content or {}).values() if target == "READY" else ():
            wanted[space(live), package.name] = manifest(live, package)
    have = {(space(one), name(one)): one for one in manifests}
    yield from (delete(one) for key, one in have.items() if key not in wanted)
    for key, one in wanted.items():
        if key not in have:
            yield create({field: value for field, value in one.items() if field != "status"})
        elif status(have[key]) != one["status"]:
            yield to_status(have[key], **one["status"])


def manifest(source: Object, package: Package) -> Object:
    """OLM pkg/package-server/apis/operators/v1/packagemanifest_types.go."""
    channels = []
    for channel in package.channels:
        bundles = package.channel(channel)
        newest = [{"name": one.name, "version": one.version} for one in reversed(bundles)]
        channels.append({"name": channel, "currentCSV": bundles[-1].name, "entries": newest})
    told = {"catalogSource": name(source), "catalogSourceNamespace": space(source), "packageName": package.name, "defaultChannel": package.default}
    return {**made("PackageManifest", package.name, space(source), {}), "status": {**told, "channels": channels}}
