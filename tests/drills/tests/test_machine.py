# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

from meshdrill import machine

BEFORE = machine.read("cpu  100 10 40 800 50 0 0 0 7 0\ncpu0 1 1 1\n", "some avg10=1.00 avg60=1.00 avg300=1.00 total=1000000\nfull avg10=0.00 total=5\n", 10.0)
AFTER = machine.read("cpu  160 10 60 810 50 0 0 10 7 0\ncpu0 1 1 1\n", "some avg10=9.00 avg60=1.00 avg300=1.00 total=1250000\nfull avg10=0.00 total=9\n", 11.0)


def test_what_the_kernel_counts_becomes_shares_of_the_time_between() -> None:
    assert machine.between(BEFORE, AFTER) == machine.Use(busy=80.0, stolen=10.0, waiting=25.0)


def test_a_kernel_that_does_not_count_who_waits() -> None:
    without = machine.read("cpu  160 10 60 810 50 0 0 10 7 0\n", "", 11.0)
    assert machine.between(BEFORE, without) == machine.Use(busy=80.0, stolen=10.0, waiting=None)
    assert machine.told(machine.Use(1.5, 0.0, None), machine.Use(80.0, 10.0, 25.0)) == (
        "the machine's cores: 1.5 % busy and 0 % stolen in the quiet time; "
        "80 % busy and 10 % stolen, somebody waiting for one 25 % of the time during the drill")


def test_this_machine_works_while_it_is_made_to() -> None:
    begin, end = machine.now(), time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    use = machine.between(begin, machine.now())
    assert 0 < use.busy <= 100
