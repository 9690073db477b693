# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics, read as Prometheus' text format is specified. No Prometheus has read them here."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.estate import estate
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.exposition import exposition
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import NOW, VERSIONS, made, two

LABEL = r'[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"'
SAMPLE = re.compile(rf"(mesh_[a-z_]+)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?\d+(?:\.\d+)?)")


def samples(text: str) -> dict[str, str]:
    """The samples by metric and labels. Every other line is a comment on the metric that follows."""
    told: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            read = SAMPLE.fullmatch(line)
            assert read, line
            key = f"{read[1]}{{{read[2] or ''}}}"
            assert key not in told, "the same series twice"
            told[key] = read[3]
    return told


@pytest.mark.parametrize("number", [2, 60, 100])
def test_each_metric_is_described_once_and_has_its_samples_together(number: int) -> None:
    text = exposition(made(number))
    assert text.endswith("\n")
    assert samples(text)
    described = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    order = [SAMPLE.fullmatch(line)[1] for line in text.splitlines() if not line.startswith("#")]  # type: ignore[index]
    assert list(dict.fromkeys(order)) == described == re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE)
    assert sum(one != other for one, other in pairwise(order)) == len(described) - 1


def test_the_ends_are_seconds_and_the_counts_are_those_of_the_estate() -> None:
    told = samples(exposition(made(2)))
    whose = 'cluster="east",mesh="shop",site="onprem"'
    assert [value for key, value in told.items() if key.startswith(f"mesh_root_not_after_seconds{{{whose}")] == ["2110622400"]
    assert told[f"mesh_cluster_unreached{{{whose}}}"] == "0"
    assert told[f"mesh_links_synced{{{whose}}}"] == told[f"mesh_links{{{whose}}}"] == "1"
    assert told[f'mesh_proxies{{{whose},revision="stable"}}'] == "12"
    assert told[f'mesh_control_plane_replicas_ready{{{whose},revision="stable",version="1.31.2"}}'] == "2"


def test_a_cluster_that_was_not_reached_has_no_other_metric() -> None:
    read, members = two()
    told = samples(exposition(estate({**read, "west": "west: silence."}, members, VERSIONS, NOW)))
    assert {key: value for key, value in told.items() if 'cluster="west"' in key} == {'mesh_cluster_unreached{cluster="west",mesh="shop",site="cloud"}': "1"}


def test_a_value_may_hold_anything() -> None:
    read, members = two()
    told = estate(read, members, VERSIONS, NOW)
    told["clusters"][0]["site"] = 'a "b" \\ c\nd'
    assert 'mesh_cluster_unreached{cluster="east",mesh="shop",site="a \\"b\\" \\\\ c\\nd"}' in samples(exposition(told))
