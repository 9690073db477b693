# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate as one HTML file. The model says what stands where; the templates beside this file draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..module_utils._mesh.report import link_lines, timeline, topology

_TEMPLATES = Path(__file__).parent / "templates"
_COLOURS, _PROXY_ROWS = 8, 40
_LETTER = 0.63  # of the size of a font: how wide a letter is at most, on average
_MARKS = {"ok": "✓", "sick": "✗", "unreached": "?", "warn": "!", "critical": "✗", "expired": "✗", "unknown": "?"}


def page(estate: Mapping[str, Any], products: Mapping[str, str]) -> str:
    """Return the page. `products` are the names of the kinds of mesh, as people write them."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(fitted=_fitted, told=_without_name)
    rows, revisions, rest = timeline.proxy_rows(estate["clusters"], _PROXY_ROWS)
    return environment.get_template("estate.html.j2").render(
        estate=estate,
        headline=headline(estate["summary"]),
        meshes=[_mesh(one, estate["clusters"], products) for one in estate["meshes"]],
        roots=_roots(estate["meshes"]),
        marks=_MARKS,
        width=topology.WIDTH,
        bar_width=timeline.BAR,
        spans=timeline.spans(estate["certificates"]),
        ticks=timeline.scale(estate["certificates"]),
        proxies=rows,
        revisions=revisions,
        proxies_rest=rest,
        notices=_notices(estate["clusters"]),
    )


def headline(summary: Mapping[str, Any]) -> str:
    """Return the state of the estate as one sentence."""
    total, good = summary["clusters"], summary["ok"]
    if good == total:
        return "The cluster is as the inventory wants it." if total == 1 else f"All {total} clusters are as the inventory wants them."
    parts = [f"{summary[kind]} {said}" for kind, said in (("sick", "differ"), ("unreached", "could not be reached")) if summary[kind]]
    said = " and ".join(parts) + "."
    said = said.replace("1 differ ", "1 differs ").replace("1 differ.", "1 differs.") if summary["sick"] == 1 else said
    return f"{good} of {total} clusters are as the inventory wants them; {said}"


def _mesh(mesh: Mapping[str, Any], clusters: Sequence[Mapping[str, Any]], products: Mapping[str, str]) -> dict[str, Any]:
    own = [one for one in clusters if one["mesh"] == mesh["name"]]
    picture = topology.drawn(own)
    lines, note = link_lines.drawn_links(picture)
    return {
        **mesh,
        "product": products.get(mesh["provider"], mesh["provider"]),
        "picture": picture,
        "lines": lines,
        "states": {line.state for line in lines},
        "note": note,
        "matrix": link_lines.matrix(own),
        "several_roots": len(mesh["roots"]) > 1,
    }


def _roots(meshes: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return a colour and a letter for each root, that of most clusters first."""
    prints = list(dict.fromkeys(root["fingerprint"] for mesh in meshes for root in mesh["roots"]))
    return {root: {"colour": at % _COLOURS, "letter": chr(ord("A") + at) if at < 26 else str(at + 1)} for at, root in enumerate(prints)}


def _notices(clusters: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return each notice once, with the clusters that have it."""
    names: dict[str, list[str]] = {}
    for one in sorted(clusters, key=lambda one: one["name"]):
        for notice in one["notices"]:
            names.setdefault(_without_name(notice, one["name"]), []).append(one["name"])
    return list(names.items())


def _without_name(sentence: str, cluster: str) -> str:
    """Return a sentence about a cluster whose name stands beside it already."""
    return sentence.removeprefix(f"{cluster}: ")


def _fitted(text: str, room: float, size: float) -> str:
    """Return what there is room for, in letters of a size."""
    return topology.shortened(text, max(4, int(room / (size * _LETTER))))
