# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Kubernetes and proxies go with each version of a mesh, and how long it is supported. An unknown version is reported, never refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..few_names import few

Minor = tuple[int, int]
_BEGINS = re.compile(r"v?(\d+)\.(\d+)(?![\d])")
_VARIANTS = ("distroless", "debug")
_RELEASE = re.compile(r"v?\d+\.\d+(\.(\d+|[x*]))?")
_SHOWN = 3


@dataclass(frozen=True)
class VersionLimits:
    """What a mesh version requires of its clusters. Versions are (major, minor)."""

    kubernetes_min: tuple[int, int]
    kubernetes_max: tuple[int, int] | None = None
    kubelet_skew: int = 3
    clock_skew_seconds: float = 30.0
    mesh: str = "this mesh"
    gateway_api: tuple[int, int] | None = None


@dataclass(frozen=True)
class ReleaseLine:
    """One minor version. `ends` is the day on which its support ends; None if that day is not known yet.

    `kubernetes` are the lowest and the highest minor version that it was tested with. `proxy` and `gateway_api` (the lowest version of
    its CRDs) are None if no source names them.
    """

    minor: Minor
    released: date
    kubernetes: tuple[Minor, Minor]
    ends: date | None = None
    until: str = ""
    proxy: Minor | None = None
    gateway_api: Minor | None = None


@dataclass(frozen=True)
class Versions:
    """A mesh's versions as known on the day `read`, the newest first.

    A proxy may be up to `proxy_skew` minor versions older than its control plane, and never newer.
    """

    mesh: str
    read: date
    lines: Sequence[ReleaseLine]
    sources: Sequence[str]
    proxy_skew: int = 1

    def line(self, version: str) -> ReleaseLine | None:
        wanted = minor(version)
        return next((line for line in self.lines if line.minor == wanted), None)


def minor(version: str) -> Minor | None:
    """Return the minor version of 1.31, v1.31.2 or 1.31.2-distroless; None for a text that is no version, such as latest."""
    match = _BEGINS.match(version)
    return (int(match[1]), int(match[2])) if match else None


def of_charts(version: str) -> str:
    """Return the version of the charts that install an image of this version: 1.31.2 for 1.31.2-distroless, which is the same release in another image."""
    release, _dash, variant = version.partition("-")
    return release if variant in _VARIANTS and _RELEASE.fullmatch(release) else version


def plain(version: str) -> Minor | None:
    """Return the minor version of an upstream release; None for a vendor's or a private build, which has more after the numbers."""
    return minor(version) if _RELEASE.fullmatch(version) else None


def dotted(version: Minor) -> str:
    return f"{version[0]}.{version[1]}"


def limits(table: Versions, version: str) -> VersionLimits:
    """Return what a version requires. For a version that is not in the table, these are the lower bounds of the nearest one that is."""
    wanted, line = minor(version), table.line(version)
    if line:
        # The table gets old: later patches of the newest version may support a newer Kubernetes.
        highest = None if line is table.lines[0] else line.kubernetes[1]
        return VersionLimits(line.kubernetes[0], highest, mesh=f"{table.mesh} {dotted(line.minor)}", gateway_api=line.gateway_api)
    nearest = table.lines[0] if wanted and wanted > table.lines[0].minor else table.lines[-1]
    return VersionLimits(nearest.kubernetes[0], mesh=f"{table.mesh} {dotted(wanted)}" if wanted else table.mesh, gateway_api=nearest.gateway_api)


def notices(table: Versions, version: str, kubernetes: Minor | None, today: date) -> list[str]:
    """Return notices about a version's support, as half sentences."""
    wanted, line = minor(version), table.line(version)
    if wanted is None:
        return []
    newest, oldest = table.lines[0], table.lines[-1]
    if line is None and wanted > newest.minor:
        known = f"this collection knows versions up to {dotted(newest.minor)}, as of {table.read}"
        return [f"{table.mesh} {dotted(wanted)} is unknown ({known}), so its support and the newest Kubernetes that it supports were not checked"]
    if line is None:
        return [f"{table.mesh} {dotted(wanted)} is out of support, like every version before {dotted(oldest.minor)}; {_choose(table, today)}"]
    return [*_support(table, line, today), *_untested(table, line, kubernetes)]


def _support(table: Versions, line: ReleaseLine, today: date) -> list[str]:
    if line.ends is None or today < line.ends:
        return []
    return [f"{table.mesh} {dotted(line.minor)} has been out of support since {line.ends}; {_choose(table, today)}"]


def _choose(table: Versions, today: date) -> str:
    living = [dotted(line.minor) for line in reversed(table.lines) if line.ends is None or today < line.ends]
    return f"choose a supported version: {' or '.join(living)} (as of {table.read})"


def _untested(table: Versions, line: ReleaseLine, kubernetes: Minor | None) -> list[str]:
    """Return a notice if Kubernetes is newer than the newest mesh version was tested with. For older mesh versions, preflight refuses."""
    if kubernetes is None or line is not table.lines[0] or kubernetes <= line.kubernetes[1]:
        return []
    tested = f"tested with {dotted(line.kubernetes[0])} to {dotted(line.kubernetes[1])}"
    return [f"Kubernetes is {dotted(kubernetes)}, but {table.mesh} {dotted(line.minor)} was {tested} (as of {table.read})"]


def unfit(table: Versions, version: str, kubernetes: Minor | None) -> list[str]:
    """Return a notice if the running version was not tested with this Kubernetes."""
    line = table.line(version)
    if line is None or kubernetes is None or line.kubernetes[0] <= kubernetes <= line.kubernetes[1]:
        return []
    wanted = f"needs Kubernetes {dotted(line.kubernetes[0])} to {dotted(line.kubernetes[1])}"
    return [f"{table.mesh} {dotted(line.minor)} {wanted}, but this cluster has {dotted(kubernetes)}"]


def skewed(table: Versions, planes: Iterable[str], proxies: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return notices about proxies whose version no control plane of the cluster supports, one for each version."""
    serving = sorted({known for plane in planes if (known := minor(plane))})
    if not serving:
        return []
    behind: dict[Minor, list[str]] = {}
    for proxy in proxies:
        own = minor(str(proxy["version"]))
        if own and not any(_served(own, plane, table.proxy_skew) for plane in serving):
            behind.setdefault(own, []).append(f"{proxy['namespace']}/{proxy['name']}")
    shown = ", ".join(dotted(each) for each in serving)
    return [_skew(table, own, names, shown, own > serving[-1]) for own, names in sorted(behind.items())]


def _served(proxy: Minor, plane: Minor, most: int) -> bool:
    return proxy[0] == plane[0] and 0 <= plane[1] - proxy[1] <= most


def _skew(table: Versions, own: Minor, names: Sequence[str], planes: str, newer: bool) -> str:
    which = f"{len(names)} {'proxies are' if len(names) > 1 else 'proxy is'} of {table.mesh} {dotted(own)} ({few(names, _SHOWN)})"
    rule = "must not be newer" if newer else f"may be at most {table.proxy_skew} minor version older"
    return f"{which}, but the control plane is {planes}; a proxy {rule}, so {'upgrade the control plane' if newer else 'restart these workloads'}"
