# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc shows of a module, with its fragments, is true for this collection."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import ARGUMENTS
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gate import Reading
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import PlaneState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

MODULES = sorted(path.stem for path in CHECKOUT.glob("plugins/modules/*.py") if path.stem != "__init__")
READING = [name for name in MODULES if name.endswith("_info") or name == "probe"]


KINDS: dict[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (float, int), "dict": (dict,), "list": (list,), "raw": (object,)}


@pytest.fixture(scope="module")
def shown() -> dict[str, dict[str, Any]]:
    program = str(Path(sys.executable).with_name("ansible-doc"))
    names = [f"meshops.lifecycle.{name}" for name in MODULES]
    done = subprocess.run([program, "--json", "-t", "module", *names], capture_output=True, text=True, timeout=120, check=True)
    return {name.rpartition(".")[2]: page for name, page in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def pages(shown: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: page["doc"] for name, page in shown.items()}


def unlike(where: str, told: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the samples of a value that is returned, and of its parts."""
    for name, part in (told.get("contains") or {}).items():
        yield from unlike(f"{where}.{name}", part)
    if "sample" not in told:
        if not told.get("contains"):
            yield f"{where} has no sample"
    elif not _is(told["sample"], told["type"]):
        yield f"the sample of {where} is no {told['type']}"
    elif told["type"] == "list" and not all(_is(one, told["elements"]) for one in told["sample"]):
        yield f"the sample of {where} has an element that is no {told['elements']}"


def _is(value: object, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))


@pytest.mark.parametrize("name", MODULES)
def test_whatever_a_module_returns_is_shown_by_a_sample_of_its_type(shown: dict[str, Any], name: str) -> None:
    assert [fault for value, told in shown[name]["return"].items() for fault in unlike(value, told)] == []


def test_what_a_role_reads_of_a_result_can_be_read_of_its_sample(shown: dict[str, Any]) -> None:
    """The same code reads the results of a run."""
    told = {name: {value: part.get("sample") for value, part in page["return"].items()} for name, page in shown.items()}
    parts = {name: part["sample"] for name, part in shown["cutover_gate"]["return"]["reading"]["contains"].items()}
    reading = Reading.of({**parts, "before": {}})
    assert (reading.probes[0].answered, reading.gates[0].value) == (49, "0.0004")
    for name in ("cutover", "cutover_info"):
        state = ClusterState.of(json.loads(told[name]["state"]))
        assert (state.spaces[0].following.revision, state.workloads[0].made) == ("stable", {"stable": 2})
    assert PlaneState.of(json.loads(told["cutover_plane"]["state"])).opened("blue")[0].replicas == 2
    assert Standing.of(told["rotation_info"]["unread"]).cluster == "far"


@pytest.mark.parametrize(("told", "fault"), [
    ({"type": "str"}, "it has no sample"),
    ({"type": "int", "sample": True}, "the sample of it is no int"),
    ({"type": "str", "sample": 131}, "the sample of it is no str"),
    ({"type": "list", "elements": "dict", "sample": ["east"]}, "the sample of it has an element that is no dict"),
    ({"type": "dict", "contains": {"part": {"type": "float"}}}, "it.part has no sample"),
])  # fmt: skip
def test_a_sample_that_is_not_there_or_of_another_type_is_seen(told: dict[str, Any], fault: str) -> None:
    assert list(unlike("it", told)) == [fault]


def test_what_only_reads_has_no_diff_and_asks_no_dry_run(pages: dict[str, Any]) -> None:
    modes = {name: pages[name]["attributes"] for name in READING}
    assert {name: mode["diff_mode"]["support"] for name, mode in modes.items()} == dict.fromkeys(READING, "N/A")
    assert [name for name, mode in modes.items() if "dry run" in str(mode)] == []
    assert len(READING) >= 6


@pytest.mark.parametrize("name", MODULES)
def test_a_connection_is_described_as_it_is_made(pages: dict[str, Any], name: str) -> None:
    options = pages[name]["options"]
    assert "Has no effect" in str(options["persist_config"]["description"])
    assert "attempt to load the default" not in str(options["kubeconfig"]["description"])
    assert options["kubeconfig"]["type"] == "raw"
    assert "O(context)" in str(options["kubeconfig"]["description"])


def test_connections_are_described_here_alone() -> None:
    """Galaxy shows a page only if it needs no other collection for it. `ansible-test sanity` compares the options with those that the modules take."""
    sources = {name: (CHECKOUT / f"plugins/modules/{name}.py").read_text("utf-8") for name in MODULES}
    assert [name for name, text in sources.items() if "kubernetes.core.k8s_auth_options" in text] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_page_leads_on(pages: dict[str, Any], name: str) -> None:
    assert pages[name].get("seealso"), "name the module that reads what this one writes, or the role that calls it"


def test_options_of_a_connection_are_those_of_the_modules(pages: dict[str, Any]) -> None:
    """Names, types, elements and aliases, the parts of proxy_headers too."""
    told = pages["cluster_info"]["options"]
    for option, spec in ARGUMENTS.items():
        page = told[option]
        assert (page["type"], page.get("elements"), page.get("aliases")) == (spec.get("type", "str"), spec.get("elements"), spec.get("aliases")), option
        assert set(page.get("suboptions") or {}) == set(spec.get("options") or {}), option


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("plugins/filter/*.yml")), ids=lambda path: path.stem)
def test_the_page_of_a_filter_leads_on_and_shows_what_it_returns(path: Path) -> None:
    page = yaml.safe_load(path.read_text("utf-8"))
    assert page["DOCUMENTATION"]["seealso"]
    assert list(unlike(path.stem, page["RETURN"]["_value"])) == []
