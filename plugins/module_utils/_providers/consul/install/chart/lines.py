# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of HashiCorp's chart: which version of Consul each belongs to, and which chart a wish gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ....._mesh.errors import Refused
from ....._mesh.install.versions import Minor, dotted, minor, plain
from ....._mesh.install.wish import ControlPlane
from ...settings import VERSION, Settings

_PARTS = 3  # of a version that names one release


@dataclass(frozen=True)
class ChartLine:
    """A line of the chart. `newest` is its newest version that was read, with the version of Consul that it installs by itself.

    The control plane of consul-k8s and consul-dataplane have the version of the chart. `envoy` is the version of Envoy that the chart names beside them.
    """

    line: Minor
    consul: Minor
    newest: str
    installs: str
    released: date
    envoy: str


READ, SOURCE = date(2026, 11, 27), "hashicorp/consul-k8s, charts/consul/Chart.yaml at the tags v1.8.16, v1.9.11 and v2.0.3"
LINES: Sequence[ChartLine] = (
    ChartLine((2, 0), (2, 0), "2.0.3", "2.0.3", date(2026, 8, 12), "1.38.3"),
    ChartLine((1, 9), (1, 22), "1.9.11", "1.22.7", date(2026, 8, 11), "1.38.3"),
    ChartLine((1, 8), (1, 21), "1.8.16", "1.21.5", date(2026, 8, 12), "1.38.3"),
)


@dataclass(frozen=True)
class Chosen:
    """The chart of a cluster: its version, the line whose keys it has, and the version of Consul that it is to install."""

    version: str
    line: Minor
    consul: str


def choose(wish: ControlPlane, settings: Settings) -> Chosen:
    """Return the chart. Its version is given, or the newest known one that belongs to the wished version of Consul. Refuse a chart of another Consul."""
    wished, given = wish.version.removeprefix("v") or VERSION, settings.chart.version.removeprefix("v")
    own = next((one for one in LINES if one.consul == minor(wished)), None)
    if not given:
        if own is None:
            raise Refused(f"{wish.cluster}: {_unknown(wished)}. Set mesh_values.chart.version to the version of a chart that installs it.")
        return Chosen(own.newest, own.line, wished if _exact(wished) else own.installs)
    by_chart = next((one for one in LINES if one.line == minor(given)), None)
    if plain(given) is None or not _exact(given) or (by_chart and by_chart is not own) or (own and by_chart is None):
        raise Refused(f"{wish.cluster}: {_apart(given, wished, by_chart, own)}. Correct mesh_values.chart.version or mesh_version.")
    return Chosen(given, (by_chart or LINES[0]).line, wished if _exact(wished) or by_chart is None else by_chart.installs)


def _exact(version: str) -> bool:
    return len(version.split(".")) >= _PARTS


def _unknown(consul: str) -> str:
    known = ", ".join(dotted(one.consul) for one in reversed(LINES))
    return f"no chart of Consul {consul} is known; as of {READ} this collection knows those of {known}"


def _apart(given: str, wished: str, by_chart: ChartLine | None, own: ChartLine | None) -> str:
    said = f"mesh_values.chart.version is {given}"
    if plain(given) is None or not _exact(given):
        return f"{said}, which is no version of a chart, such as {LINES[0].newest}"
    if by_chart:
        return f"{said}, and that chart belongs to Consul {dotted(by_chart.consul)}, but mesh_version asks for Consul {wished}"
    return f"{said}, but Consul {wished} belongs to the charts {dotted(own.line) if own else ''}"
