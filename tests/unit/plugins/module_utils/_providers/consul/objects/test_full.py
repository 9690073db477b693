# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries that have each field are read without a fault, and no field is missing among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import entries
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.kinds import KINDS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.shapes import FieldShape
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.full import FULL
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.keeper import Keeper
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import completed, with_entries

# Without a meaning beside the others: `jsonFormat` stands instead of `textFormat`, and of an override the name is enough.
ABSENT = {"proxy-defaults.accessLogs.jsonFormat", "service-defaults.upstreamConfig.defaults.name", "service-defaults.upstreamConfig.defaults.peer"}


def fields(shape: FieldShape, place: str) -> Iterator[str]:
    if shape.enterprise:
        return
    for name, part in shape.fields.items():
        yield from fields(part, f"{place}.{name}")
    if shape.item:
        yield from fields(shape.item, place)
    if not shape.fields and not shape.item:
        yield place


def used(shape: FieldShape, value: Any, place: str) -> Iterator[str]:
    if shape.fields:
        for name, part in value.items():
            yield from used(shape.fields[name], part, f"{place}.{name}")
    elif shape.item:
        for part in value.values() if isinstance(value, dict) else value:
            yield from used(shape.item, part, place)
    else:
        yield place


def test_each_field_stands_in_some_entry() -> None:
    wish = with_entries(*FULL)
    there = {place for entry in entries.judged(wish, Settings.of(wish).entries) for place in used(KINDS[entry.kind].shape, entry.content, entry.kind)}
    assert {place for kind in KINDS.values() for place in fields(kind.shape, kind.name)} - there == ABSENT


def test_all_of_them_are_written_once() -> None:
    assert completed(with_entries(*FULL), keeper := Keeper())
    assert len(keeper.log) == len(FULL)
    assert keeper.refused == []
