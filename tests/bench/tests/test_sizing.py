# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from meshbench import sizing
from meshbench.errors import BenchError
from meshbench.measure import weighed
from meshbench.sizing import BEGIN, END, PAGE, Size, about, merged, put, table

SOME = [Size("status", 1000, 50, 118.2, 230.0, 640.0), Size("site", 50, 10, 78.0, 130.0, 432.4), Size("status", 50, 10, 18.2, 25.6, 210.0)]


def test_a_row_has_what_both_playbooks_took_and_says_what_was_not_measured() -> None:
    lines = table(SOME, "Measured here.").splitlines()
    cells = [line.split("- ", 1)[1].strip() for line in lines if line.startswith(("   *", "     - "))]
    assert cells[6:12] == ["50", "10", "18 s", "210 MiB", "78 s", "432 MiB"]
    assert cells[12:] == ["1,000", "50", "118 s", "640 MiB", "not measured", ""]
    assert lines[0] == BEGIN and lines[-1] == END and "Measured here." in lines


def test_minutes_are_told_as_minutes() -> None:
    assert "30 min" in table([Size("site", 1000, 10, 1790.0, 3600.0, 500.0)], "")


def test_a_new_run_takes_the_place_of_the_same_run_only() -> None:
    again = Size("site", 50, 10, 70.0, 120.0, 400.0)
    assert merged([asdict(one) for one in SOME], [again]) == [SOME[0], SOME[2], again]


def test_it_is_told_where_and_beside_what_was_measured() -> None:
    one = replace(SOME[0], load=0.21, machine="a machine, 2 cores")
    assert about([one, one]).splitlines() == [
        "Measured on a machine, 2 cores, one run each, with a load of 0.2 before the start.",
        "For ``status`` one cluster in 20 was out of reach: half of them refuse connections, half do not answer.",
    ]
    busy = replace(one, load=11.4, machine="another one")
    assert about([busy, one]).startswith("Measured on another one and on a machine, 2 cores, one run each, with loads from 0.2 to 11.4 before the start.")


def test_the_page_has_the_marks_and_loses_nothing_else() -> None:
    page = PAGE.read_text(encoding="utf-8")
    new = put(page, table(SOME, "here"))
    assert new.partition(BEGIN)[0] == page.partition(BEGIN)[0] and new.partition(END)[2] == page.partition(END)[2]
    with pytest.raises(BenchError, match="has lost the marks"):
        put("A page.", "")


def test_each_size_is_kept_as_soon_as_it_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "awx.rst"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(sizing, "KEPT", tmp_path / "build/sizes.json")
    monkeypatch.setattr(sizing, "PAGE", page)
    for one in SOME:
        sizing.keep(replace(one, machine="a machine"))
    text = page.read_text(encoding="utf-8")
    assert all(cell in text for cell in ("432 MiB", "640 MiB", "210 MiB", "Measured on a machine, one run each"))
    assert "Taken over" not in text


def test_time_and_memory_come_from_one_run(tmp_path: Path) -> None:
    wall, cpu, memory = weighed([sys.executable, "-c", "import time; kept = b'x' * 30_000_000; time.sleep(0.5)"], tmp_path)
    assert wall > 0.5 and cpu > 0 and memory > 25
    with pytest.raises(BenchError, match="ended with 3: so it goes"):
        weighed([sys.executable, "-c", "import sys; print('so it goes'); sys.exit(3)"], tmp_path)
