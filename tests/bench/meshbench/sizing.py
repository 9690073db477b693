# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench-sizes: what `status` and `site` without changes take on 50, 200 and 1,000 stub clusters, for the table on the page AWX.

What was measured before stays in build/sizes.json and in the table, so that sizes can be measured one after the other, each on an idle machine: what else
computes there is in the figures, and the line below the table says with which load they began.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from meshlab.errors import LabError

from .errors import BenchError
from .estates import GREEN, ONE_IN, STATUS, estate, lead_away, nobody, shown, unreached
from .machine import load, machine
from .measure import weighed
from .sites import Site, names, settled

CHECKOUT = Path(__file__).resolve().parents[3]
KEPT = CHECKOUT / "build" / "sizes.json"
PAGE = CHECKOUT / "docs/docsite/rst/awx.rst"
BEGIN, END = ".. sizes: written by make bench-sizes", ".. sizes: end"
PLAYBOOKS = {"site": "meshops.lifecycle.site", "status": STATUS}


@dataclass(frozen=True)
class Size:
    """One run: seconds, CPU seconds, MiB of all processes at their peak. `load` is that of the machine before the first run of its measurement."""

    playbook: str
    clusters: int
    forks: int
    wall: float
    cpu: float
    memory: float
    load: float = 0.0
    machine: str = ""


def measured(site: Site, playbook: str, count: int, forks: int, gone: Sequence[str]) -> Size:
    command = [*site.command(PLAYBOOKS[playbook], count, forks), *([GREEN] if playbook == "status" else [])]
    found = Size(playbook, count, forks, *weighed(command, site.folder))
    text = (site.folder / "out").read_text(encoding="utf-8")
    settled(text, count)
    if playbook == "status":
        shown(text, gone)
    return found


def sizes(folder: Path, wanted: Sequence[str], counts: Sequence[int], forks: Sequence[int]) -> Iterator[Size]:
    """`site` needs all clusters and comes first; for `status` one in twenty is out of reach."""
    with estate(folder, max(counts)) as site, nobody() as ports:
        for playbook in (name for name in PLAYBOOKS if name in wanted):
            if playbook == "status":
                lead_away(site, unreached(names(max(counts))), ports)
            for count in counts:
                for each in forks:
                    yield measured(site, playbook, count, each, unreached(names(count)))


def about(found: Sequence[Size]) -> str:
    """Where and beside what the rows of the table were measured, and what is the same in all of them."""
    loads = sorted({f"{one.load:.1f}" for one in found}, key=float)
    beside = f"a load of {loads[0]}" if len(loads) == 1 else f"loads from {loads[0]} to {loads[-1]}"
    gone = f"For ``status`` one cluster in {ONE_IN} was out of reach: half of them refuse connections, half do not answer."
    machines = " and on ".join(dict.fromkeys(one.machine for one in found if one.machine)) or "a machine that was not noted"
    return f"Measured on {machines}, one run each, with {beside} before the start.\n{gone}"


def table(found: Sequence[Size], about: str) -> str:
    """The table of the page, a row for each number of clusters and forks."""
    by_row: dict[tuple[int, int], dict[str, Size]] = {}
    for one in found:
        by_row.setdefault((one.clusters, one.forks), {})[one.playbook] = one
    header = ("Clusters", "Forks", "``status``", "memory", "``site``, nothing to change", "memory")
    rows = [(f"{count:,}", str(forks), *_cells(of.get("status")), *_cells(of.get("site"))) for (count, forks), of in sorted(by_row.items())]
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (header, *rows):
        lines += [f"   {'*' if not place else ' '} - {cell}" for place, cell in enumerate(row)]
    return "\n".join([BEGIN, "", *lines, "", about, "", END])


def _cells(one: Size | None) -> tuple[str, str]:
    return (_spoken(one.wall), f"{one.memory:.0f} MiB" if one.memory else "") if one else ("not measured", "")


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def put(page: str, new: str) -> str:
    """The page with the table between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError("The page AWX has lost the marks between which its table of sizes stands.")
    return before + new + after


def merged(kept: Sequence[Mapping[str, object]], found: Sequence[Size]) -> list[Size]:
    """What was kept, with what was found in place of the same runs."""
    old = [Size(**one) for one in kept]  # type: ignore[arg-type]
    here = {(one.playbook, one.clusters, one.forks) for one in found}
    return [*(one for one in old if (one.playbook, one.clusters, one.forks) not in here), *found]


def keep(one: Size) -> None:
    """Put it beside what was measured before, in the file and on the page: the next size may fail after an hour."""
    everything = merged(json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else [], [one])
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps([asdict(each) for each in everything], indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), table(everything, about(everything))), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="meshbench.sizing", description=__doc__)
    parser.add_argument("--clusters", default="50 200 1000")
    parser.add_argument("--forks", default="10 50")
    parser.add_argument("--playbooks", default="site status")
    options = parser.parse_args()
    before = load()
    try:
        with tempfile.TemporaryDirectory(prefix="meshbench-") as folder:
            counts, forks = ([int(one) for one in text.split()] for text in (options.clusters, options.forks))
            for found in sizes(Path(folder) / "sizes", options.playbooks.split(), counts, forks):
                keep(replace(found, load=before, machine=machine()))
                print(found, flush=True)
    except (BenchError, LabError) as error:
        print(f"bench-sizes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
