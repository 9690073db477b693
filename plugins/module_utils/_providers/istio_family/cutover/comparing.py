# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two revisions of istiod were installed with, and the configuration of users that both have to accept."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from ...._mesh.cutover.comparison import Comparison, PlaneSettings, Rehearsal
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.question import Answers, Read
from ..health.observation import CONFIGURATION
from ..rotation.connected import running
from ..rotation.trust_users import BUNDLE_KEY, control_planes
from ..trust.trust import CONFIG_MAP
from .injection import REV

_OWN = ("defaultConfig.discoveryAddress",)
_IDENTITY = {"mesh ID": ("meshID",), "network": ("network",), "cluster name": ("multiCluster", "clusterName")}
_VALIDATOR = "validation.istio.io"


def compared(namespace: str, target: str, former: str) -> Look[Comparison]:
    """Look at both revisions, and at all that users configured."""
    reads = [
        Read("v1", "ConfigMap", namespace),
        Read("apps/v1", "Deployment", namespace, "app=istiod"),
        Read("v1", "Pod", namespace, "app=istiod"),
        *(Read(version, kind) for version, kind in CONFIGURATION),
    ]
    return Look(reads, partial(_compared, target, former))


def _suffixed(name: str, revision: str) -> str:
    return name if revision == "default" else f"{name}-{revision}"


def _mesh(revision: str) -> str:
    return _suffixed("istio", revision)


def _injector(revision: str) -> str:
    return _suffixed("istio-sidecar-injector", revision)


def _compared(target: str, former: str, live: Live, _answers: Answers) -> Comparison:
    objects = [_rehearsal(kind, one, target, former) for _version, kind in CONFIGURATION for one in live.get(kind, ())]
    bundles = [str((one.get("data") or {}).get(BUNDLE_KEY) or "") for one in live.get("ConfigMap", ()) if one["metadata"]["name"] == CONFIG_MAP]
    return Comparison(_settings(live, target), _settings(live, former), objects, _VALIDATOR, "\n".join(bundles).encode())


def _settings(live: Live, revision: str) -> PlaneSettings:
    maps = {one["metadata"]["name"]: one.get("data") or {} for one in live.get("ConfigMap", ())}
    given = _json(maps.get(_injector(revision), {}).get("values")).get("global") or {}
    images = [str(container["image"]) for one in _of(live, "Deployment", revision) for container in one["spec"]["template"]["spec"]["containers"]]
    return PlaneSettings(
        revision,
        maps.get(_mesh(revision), {}).get("mesh"),
        {name: str(_below(given, path) or "") for name, path in _IDENTITY.items()} if given else {},
        tuple(dict.fromkeys([*images, *_proxy_image(given)])),
        tuple(greeting for _user, greeting in control_planes({"Pod": [pod for pod in _of(live, "Pod", revision) if running(pod)]})),
        _OWN,
    )


def _of(live: Live, kind: str, revision: str) -> list[Object]:
    return [one for one in live.get(kind, ()) if (one["metadata"].get("labels") or {}).get(REV) == revision]


def _json(text: str | None) -> dict[str, Any]:
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _below(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _proxy_image(given: Mapping[str, Any]) -> list[str]:
    """As istiod makes it of hub, image, tag and variant; an image with a slash is complete."""
    image = str(_below(given, ("proxy", "image")) or "proxyv2")
    if "/" in image:
        return [image]
    hub, tag = given.get("hub"), str(given.get("tag") or "")
    variant = str(_below(given, ("proxy", "variant")) or given.get("variant") or "")
    suffix = f"-{variant}" if variant not in ("", "default") and not tag.endswith(f"-{variant}") else ""
    return [f"{hub}/{image}:{tag}{suffix}"] if hub and tag else []


def _rehearsal(kind: str, one: Object, target: str, former: str) -> Rehearsal:
    meta = one["metadata"]
    return Rehearsal(f"{kind} {meta['namespace']}/{meta['name']}", _read_by(one, target), _read_by(one, former))


def _read_by(one: Object, revision: str) -> Manifest:
    """A copy under a name that the server chooses, which only the webhook of this revision validates."""
    meta = one["metadata"]
    labels = {**(meta.get("labels") or {}), REV: revision}
    named = {"generateName": f"{meta['name'][:40].rstrip('.-')}-", "namespace": meta["namespace"], "labels": labels}
    return {"apiVersion": one["apiVersion"], "kind": one["kind"], "metadata": named, "spec": copy.deepcopy(one.get("spec") or {})}
