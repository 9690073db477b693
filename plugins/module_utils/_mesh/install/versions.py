# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of a mesh go with what, and until when they are supported. A version that the table does not know is told as unknown, never refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Minor = tuple[int, int]
_BEGINS = re.compile(r"v?(\d+)\.(\d+)(?![\d])")
_RELEASE = re.compile(r"v?\d+\.\d+(\.(\d+|[x*]))?")
_SHOWN = 3


@dataclass(frozen=True)
class VersionLimits:
    """What a mesh version asks of its clusters. Versions are (major, minor)."""

    kubernetes_min: tuple[int, int]
    kubernetes_max: tuple[int, int] | None = None
    kubelet_skew: int = 3
    clock_skew_seconds: float = 30.0
    mesh: str = "this mesh"
    gateway_api: tuple[int, int] | None = None


@dataclass(frozen=True)
class ReleaseLine:
    """One minor version. `ends` is the day from which nothing is mended in it any more, None while that day is not named yet.

    `kubernetes` are the lowest and the highest minor that it was tested with. `envoy` and `gateway_api` (the least version of its CRDs)
    are None where no source was found.
    """

    minor: Minor
    released: date
    kubernetes: tuple[Minor, Minor]
    ends: date | None = None
    until: str = ""
    envoy: Minor | None = None
    gateway_api: Minor | None = None


@dataclass(frozen=True)
class Versions:
    """What was known of a mesh's versions on the day `read`, the newest first.

    A proxy may be `proxy_skew` minors older than its control plane, and never newer.
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
    """Of 1.31, v1.31.2 or 1.31.2-distroless; None of what is no version, such as latest."""
    found = _BEGINS.match(version)
    return (int(found[1]), int(found[2])) if found else None


def plain(version: str) -> Minor | None:
    """The minor of a release as upstream names it; None of a vendor's or one's own, which has more behind the numbers."""
    return minor(version) if _RELEASE.fullmatch(version) else None


def dotted(version: Minor) -> str:
    return f"{version[0]}.{version[1]}"


def limits(table: Versions, version: str) -> VersionLimits:
    """What a version asks of Kubernetes and the Gateway API. Of one that the table does not know only lower bounds are: those of its nearest neighbour."""
    wanted, line = minor(version), table.line(version)
    if line:
        # A table grows old, and of the newest version it is the upper bound that grows.
        highest = None if line is table.lines[0] else line.kubernetes[1]
        return VersionLimits(line.kubernetes[0], highest, mesh=f"{table.mesh} {dotted(line.minor)}", gateway_api=line.gateway_api)
    nearest = table.lines[0] if wanted and wanted > table.lines[0].minor else table.lines[-1]
    return VersionLimits(nearest.kubernetes[0], mesh=f"{table.mesh} {dotted(wanted)}" if wanted else table.mesh, gateway_api=nearest.gateway_api)


def notices(table: Versions, version: str, kubernetes: Minor | None, today: date) -> list[str]:
    """What is to be known of a version, as half sentences."""
    wanted, line = minor(version), table.line(version)
    if wanted is None:
        return []
    newest, oldest = table.lines[0], table.lines[-1]
    if line is None and wanted > newest.minor:
        known = f"this collection knows versions up to {dotted(newest.minor)}, as of {table.read}"
        return [f"{table.mesh} {dotted(wanted)} is unknown here ({known}), so nothing is said of its support and of the newest Kubernetes that it takes"]
    if line is None:
        return [f"{table.mesh} {dotted(wanted)} is out of support, as is everything before {dotted(oldest.minor)}; {_choose(table, today)}"]
    return [*_support(table, line, today), *_untested(table, line, kubernetes)]


def _support(table: Versions, line: ReleaseLine, today: date) -> list[str]:
    if line.ends is None or today < line.ends:
        return []
    return [f"{table.mesh} {dotted(line.minor)} is out of support since {line.ends}; {_choose(table, today)}"]


def _choose(table: Versions, today: date) -> str:
    living = [dotted(line.minor) for line in reversed(table.lines) if line.ends is None or today < line.ends]
    return f"{' and '.join(living)} {'are' if len(living) > 1 else 'is'} supported, as far as was known on {table.read}"


def _untested(table: Versions, line: ReleaseLine, kubernetes: Minor | None) -> list[str]:
    """Beyond the newest version's upper bound: beyond that of others preflight refuses."""
    if kubernetes is None or line is not table.lines[0] or kubernetes <= line.kubernetes[1]:
        return []
    tested = f"tested with {dotted(line.kubernetes[0])} to {dotted(line.kubernetes[1])}"
    return [f"Kubernetes is {dotted(kubernetes)}, and {table.mesh} {dotted(line.minor)} was {tested}, as far as was known on {table.read}"]


def unfit(table: Versions, version: str, kubernetes: Minor | None) -> list[str]:
    """Of what runs already: a Kubernetes that it was not tested with."""
    line = table.line(version)
    if line is None or kubernetes is None or line.kubernetes[0] <= kubernetes <= line.kubernetes[1]:
        return []
    wanted = f"wants Kubernetes {dotted(line.kubernetes[0])} to {dotted(line.kubernetes[1])}"
    return [f"{table.mesh} {dotted(line.minor)} {wanted}, and this is {dotted(kubernetes)}"]


def skewed(table: Versions, planes: Iterable[str], proxies: Iterable[Mapping[str, Any]]) -> list[str]:
    """Proxies that no control plane of the cluster may serve, by their versions."""
    serving = sorted({known for plane in planes if (known := minor(plane))})
    if not serving:
        return []
    found: dict[Minor, list[str]] = {}
    for proxy in proxies:
        own = minor(str(proxy["version"]))
        if own and not any(_served(own, plane, table.proxy_skew) for plane in serving):
            found.setdefault(own, []).append(f"{proxy['namespace']}/{proxy['name']}")
    told = ", ".join(dotted(each) for each in serving)
    return [_said(table, own, names, told, own > serving[-1]) for own, names in sorted(found.items())]


def _served(proxy: Minor, plane: Minor, most: int) -> bool:
    return proxy[0] == plane[0] and 0 <= plane[1] - proxy[1] <= most


def _said(table: Versions, own: Minor, names: Sequence[str], planes: str, newer: bool) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    which = f"{len(names)} {'proxies are' if len(names) > 1 else 'proxy is'} of {table.mesh} {dotted(own)} ({', '.join(names[:_SHOWN])}{more})"
    rule = "may not be newer than it" if newer else f"may be {table.proxy_skew} minor version older than it"
    return f"{which} while the control plane is {planes}; a proxy {rule}, so {'bring the control plane up' if newer else 'restart these workloads'}"
