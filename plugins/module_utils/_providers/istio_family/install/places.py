# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Istio's charts and images are, which of these places shut down, and what in a cluster still names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from ...._mesh.install import supply
from ...._mesh.install.supply import Gone, RetiredReference
from ...._mesh.question import Read

REPOSITORY = "https://blob.istio.io/istio-release/charts"
OCI = "oci://ghcr.io/istio/release/charts"
HUB = "docker.io/istio"

# Istio 1.31's upgrade notes name the hours. The last day is told as "December 2026" only; after the last of these nothing is promised.
_OUTAGES = (
    (datetime(2026, 9, 15, 15, tzinfo=UTC), datetime(2026, 9, 15, 16, tzinfo=UTC)),
    (datetime(2026, 10, 13, 15, tzinfo=UTC), datetime(2026, 10, 13, 18, tzinfo=UTC)),
    (datetime(2026, 11, 17, 15, tzinfo=UTC), datetime(2026, 11, 17, 21, tzinfo=UTC)),
    (datetime(2026, 12, 8, 15, tzinfo=UTC), datetime(2026, 12, 9, 15, tzinfo=UTC)),
)
_END = "is off for a day from 8 December 2026, 15:00 UTC, and for good later in December 2026"
_SOURCE = "istio.io/latest/news/releases/1.31.x/announcing-1.31/upgrade-notes, istio.io/latest/blog/2026/retirement-of-gcp"


def _gone(place: str, instead: str) -> Gone:
    return Gone(place, date(2026, 12, 8), _END, instead, (1, 30), _OUTAGES, _SOURCE)


# The longer place first where one lies inside another.
GONE = (
    _gone("istio-release.storage.googleapis.com", "blob.istio.io/istio-release"),
    _gone("gcr.io/istio-release/charts", OCI.removeprefix("oci://")),
    _gone("gcr.io/istio-release", HUB),
    _gone("registry.istio.io", HUB),
)
_PROXY_IMAGE = "sidecar.istio.io/proxyImage"


def reads(namespace: str) -> list[Read]:
    """Read all workloads, the pods that istiod injected, and the templates with which it injects sidecars."""
    return [
        Read("apps/v1", "Deployment"),
        Read("apps/v1", "DaemonSet"),
        Read("apps/v1", "StatefulSet"),
        Read("v1", "Pod", labels="service.istio.io/canonical-name"),
        Read("v1", "ConfigMap", namespace, "istio.io/rev"),
    ]


def named(live: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[RetiredReference]:
    """Return each object that names a place that shuts down, once for each such place."""
    of_workloads = [
        one
        for kind in ("Deployment", "DaemonSet", "StatefulSet", "Pod")
        for workload in live.get(kind, ())
        for one in _of_pods(kind, workload, workload if kind == "Pod" else (workload.get("spec") or {}).get("template") or {})
    ]
    templates = [config for config in live.get("ConfigMap", ()) if config["metadata"]["name"].startswith("istio-sidecar-injector")]
    return [*of_workloads, *(one for config in templates for one in _of_template(config))]


def _of_pods(kind: str, owner: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[RetiredReference]:
    spec = pod.get("spec") or {}
    images = [str(each.get("image") or "") for part in ("initContainers", "containers") for each in spec.get(part) or []]
    annotation = ((pod.get("metadata") or {}).get("annotations") or {}).get(_PROXY_IMAGE)
    return _once(kind, owner, ((supply.match(image, GONE), image) for image in [*images, *([str(annotation)] if annotation else [])]))


def _of_template(config: Mapping[str, Any]) -> Iterator[RetiredReference]:
    texts = (str(text) for text in (config.get("data") or {}).values())
    return _once("injection template", config, (pair for text in texts for pair in supply.inside(text, GONE)))


def _once(kind: str, owner: Mapping[str, Any], pairs: Iterable[tuple[Gone | None, str]]) -> Iterator[RetiredReference]:
    metadata, seen = owner["metadata"], set()
    for place, text in pairs:
        if place and place.place not in seen:
            seen.add(place.place)
            yield RetiredReference(place.place, kind, f"{metadata.get('namespace')}/{metadata['name']}", text)
