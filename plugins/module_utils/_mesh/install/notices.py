# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warn of what works today but not for long: registries that shut down, versions out of support. A warning stops no run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from . import gateway_api, supply, versions
from .helm_release import Release
from .supply import Gone
from .versions import Minor, Versions

Found = Mapping[str, Any]


@dataclass(frozen=True)
class SupportData:
    """A mesh's known versions and closing registries, and today's date. Nodes are led to a mirror of the places in `led`."""

    gone: Sequence[Gone]
    versions: Versions
    today: date
    led: Sequence[str] = ()


def before(name: str, releases: Sequence[Release], image: str, version: str, cluster: Found, known: SupportData) -> tuple[list[str], list[str]]:
    """Judge a cluster before the first write. Return what the install cannot get any more, as half sentences, and notices, as sentences."""
    inventory = supply.wished([*_given(releases), *([("mesh_probe_image", image)] if image else [])], known.gone, known.led)
    refused, warned = supply.refusals(inventory, known.gone, versions.minor(version), known.today)
    warned += versions.notices(known.versions, version, kubernetes(cluster), known.today)
    warned += gateway_api.notices(cluster.get("crds") or [])
    return refused, _sentences(name, [*warned, *_running(cluster.get("supply"), known), *(cluster.get("stray") or ())])


def running(name: str, planes: Iterable[Found], proxies: Iterable[Found], images: Found | None, version: Minor | None, known: SupportData) -> list[str]:
    """Return notices about what runs in a cluster, as sentences."""
    tags = list(dict.fromkeys(str(plane["version"]) for plane in planes))
    texts = [each for tag in tags for each in [*versions.notices(known.versions, tag, None, known.today), *versions.unfit(known.versions, tag, version)]]
    texts += versions.skewed(known.versions, tags, proxies)
    return _sentences(name, [*texts, *_running(images, known)])


def kubernetes(cluster: Found) -> Minor | None:
    """Return the Kubernetes version from cluster_info's result."""
    version = cluster.get("version") or {}
    return (int(version["major"]), int(version["minor"])) if version.get("major") else None


def _given(releases: Sequence[Release]) -> Iterator[tuple[str, str]]:
    for release in releases:
        chart = release.chart.rpartition("/")[2]
        yield "the place of the charts", release.repository or release.chart.rpartition("/")[0]
        for path, text in supply.strings(release.values):
            yield f"the value {chart}.{path}", text


def _running(images: Found | None, known: SupportData) -> list[str]:
    if not images:
        return []
    texts = supply.running(images["named"], known.gone, known.led)
    if images["unread"]:
        texts.append(f"the credential may not list {', '.join(images['unread'])}, so their images were not checked")
    return texts


def _sentences(name: str, texts: Iterable[str]) -> list[str]:
    return [f"{name}: {text}." for text in dict.fromkeys(texts)]
