# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the page about entries are what a run takes, and Consul would accept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.keeper import Keeper
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import completed
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

PAGE = CHECKOUT / "docs" / "docsite" / "rst" / "consul_entries.rst"
BLOCK = re.compile(r"^ *\.\. code-block:: yaml\n\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)


def examples() -> Iterator[Any]:
    for number, block in enumerate(BLOCK.findall(PAGE.read_text(encoding="utf-8"))):
        (values,) = yaml.safe_load(dedent(block)).values()
        if values["entries"].get("declared"):
            yield pytest.param(values, id=f"example-{number}")


def test_there_are_examples() -> None:
    assert len(list(examples())) >= 6


@pytest.mark.parametrize("values", list(examples()))
def test_an_example_is_accepted_and_a_second_run_finds_nothing_to_do(values: dict[str, Any]) -> None:
    wish, keeper = replace(PEER, values=values), Keeper()
    assert completed(wish, keeper)
    assert len(keeper.log) == len(values["entries"]["declared"])
    assert keeper.refused == []
