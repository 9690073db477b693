# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down when requests begin to be lost. That proxies and istiods answer these questions was tried by hand in the lab."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from meshdrill import onset
from meshdrill.ledger import Request


class Estate:
    """Clusters with a pod of each label, of which one question has no answer."""

    def get(self, cluster: str, *words: str) -> dict[str, Any]:
        return {"items": [{"metadata": {"name": f"{words[-1].rpartition('=')[2]}-{cluster}"}}]}

    def kubectl(self, cluster: str, *words: str) -> str:
        if words[-1] == "/debug/clusterz":
            raise AssertionError("it has just gone")
        return f"{cluster}: {words[-1]}"


def lost(number: int, flow: str = "across-pooled", outcome: str = "503 no") -> list[Request]:
    return [Request(flow, 1.0, 0.1, outcome) for _one in range(number)]


@pytest.mark.parametrize(("requests", "flows"), [
    (lost(20), ["across-pooled"]),
    (lost(19) + lost(19, "inside-pooled"), []),
    (lost(500, outcome="200"), []),
])  # fmt: skip
def test_a_few_losses_are_no_stretch(requests: list[Request], flows: list[str]) -> None:
    assert onset.many_lost(requests) == flows


def test_what_clients_and_control_planes_know_is_written_down_once_for_a_stretch(tmp_path: Path) -> None:
    course = onset.Onset(Estate(), ("east", "west"), tmp_path)  # type: ignore[arg-type]
    assert [course.look(lost(30), now) for now in (100.0, 130.0, 161.0)] == [True, False, True]
    there = {file.name: file.read_text() for file in (tmp_path / "100").iterdir()}
    of_istiods = {f"{one}-istiod-{one}-{what}" for one in ("east", "west") for what in (*onset.OF_ISTIOD, "log")}
    assert set(there) == {"flows", "east-client-east-endpoints", *of_istiods}
    assert there["flows"] == "across-pooled\n" and there["west-istiod-west-clusterz"] == "it has just gone"
    assert not course.look(lost(5), 500.0)
    for now in range(1000, 2000, 100):
        course.look(lost(30), float(now))
    assert len(list(tmp_path.iterdir())) == onset.MOST


def test_it_follows_the_records_of_the_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(onset, "EVERY", 0.01)
    (tmp_path / "ledgers").mkdir()
    record = tmp_path / "ledgers" / "client"
    line = "across-pooled 1000000 1000 503 no\n"
    record.write_text(line.replace("across", "inside") * 100)  # what was lost before does not count
    course = onset.Onset(Estate(), ("east",), tmp_path / "onset")  # type: ignore[arg-type]
    with onset.watching(course, tmp_path / "ledgers"):
        with record.open("a") as more:
            more.write(line * 30)
        end = time.monotonic() + 20
        while not course.written and time.monotonic() < end:
            time.sleep(0.01)
    assert (tmp_path / "onset" / f"{course.written[0]:.0f}" / "flows").read_text() == "across-pooled\n"
    assert len(course.written) == 1 and len(list((tmp_path / "onset").iterdir())) == 1
