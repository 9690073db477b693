# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make manifests that were exported with `kubectl get -o yaml` fit to be written to a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Refused
from .change import Ref

# Fields that an API server sets. They are wrong in another cluster or for a recreated object.
_SAID_BY_SERVERS = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"})
_LEAVING = frozenset({"deletionTimestamp", "deletionGracePeriodSeconds"})
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def as_wishes(cluster: str, manifests: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the manifests without the fields that the API server sets. Refuse a manifest whose object would be deleted at once."""
    return [_as_wish(cluster, manifest) for manifest in manifests]


def _as_wish(cluster: str, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = manifest.get("metadata")
    if not isinstance(meta, Mapping):
        return manifest
    annotations = meta.get("annotations")
    if _SAID_BY_SERVERS.isdisjoint(meta) and _LEAVING.isdisjoint(meta) and not (annotations and LAST_APPLIED in annotations):
        return manifest
    _refuse(cluster, manifest, meta)
    return {**manifest, "metadata": said_by_people(meta)}


def said_by_people(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of an object without what the API server and kubectl have written into it."""
    kept = {key: value for key, value in meta.items() if key not in _SAID_BY_SERVERS}
    if annotations := kept.get("annotations"):
        kept["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    return {key: value for key, value in kept.items() if key != "annotations" or value}


def _refuse(cluster: str, manifest: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    if not _LEAVING.isdisjoint(meta):
        raise Refused(f"{cluster}: {Ref.of(manifest)} was being deleted when it was exported (it has a deletionTimestamp). Leave it out, or take that out.")
    owners = meta.get("ownerReferences") or ()
    if meta.get("uid") and owners:
        whose = f"{owners[0].get('kind')} {owners[0].get('name')}"
        raise Refused(
            f"{cluster}: {Ref.of(manifest)} was exported with its owner, {whose}, by the UID that this had there. Where no such object is, the manifest's "
            "would be deleted again at once. Bring the owner instead, or take ownerReferences out."
        )
