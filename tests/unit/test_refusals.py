# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook shows a refusal of a filter as one sentence, before any cluster is asked, and not as the trace of a template."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.tests.paper.registered import with_paper
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran, ran

TRACES = ("<<< caused by >>>", "Error while resolving value", "Finalization of task args", "The filter plugin", "Error processing keyword")
KNOWN = ", ".join(sorted([*PROVIDERS, "paper"]))
KUBE = {"host": "https://127.0.0.1:9", "api_key": "token-of-nobody"}


@dataclass(frozen=True)
class Case:
    """A mesh of `<name>-east` and `<name>-west`; the role is run for east."""

    role: str
    said: str
    east: dict[str, Any] = field(default_factory=dict)
    west: dict[str, Any] = field(default_factory=dict)


NOBODY = "{0}: the inventory has no cluster of this name with a mesh_name and a mesh_kube."
UNREAD = "-west: mesh_network cannot be read: 'nowhere' is undefined. Define for this host every variable that mesh_network uses."
UNREAD_KUBE = "-west: mesh_kube cannot be read: 'nowhere' is undefined. Define for this host every variable that mesh_kube uses."
LIMITED = (
    "The mesh {0} is not rotated: {0}-west cannot be judged: it is not part of this run, and a rotation takes all clusters of the mesh; "
    "run it without --limit."
)
UNDEFINED = {"mesh_network": "{{ nowhere }}"}
EXCLUDED = {"rotate_exclude_acknowledged": True}
CASES = {
    "trust-misspelt": Case("trust", NOBODY.format("eas"), {"mesh_trust_cluster": "eas"}),
    "trust-unset": Case("trust", "mesh_trust_cluster is not set. Name the cluster of the mesh that keeps its root CA as a Secret.", {"mesh_trust_cluster": ""}),
    "trust-text": Case("trust", "mesh_root has to be a dictionary", {"mesh_root": '{"source": "generated"}'}),
    "trust-token": Case("trust", f"trust-token{UNREAD_KUBE}", {"mesh_trust_cluster": "trust-token-west"}, {"mesh_kube": {"host": "{{ nowhere }}"}}),
    "federate-unread": Case("federate", f"federate-unread{UNREAD}", {}, UNDEFINED),
    "verify-unread": Case("verify", f"verify-unread{UNREAD}", {}, UNDEFINED),
    "status-unread": Case("status", f"status-unread{UNREAD}", {}, UNDEFINED),
    "gateways-unread": Case("gateways", f"gateways-unread{UNREAD}", {}, UNDEFINED),
    "gateways-charts": Case("gateways", "gateways-charts-east: mesh_charts needs a source", {"mesh_charts": {"source": "directory"}}),
    "plane-unread": Case("control_plane", f"plane-unread{UNREAD}", {}, UNDEFINED),
    "plane-revision": Case("control_plane", "plane-revision-east: ", {"mesh_revision": "Not_A_Label"}),
    "plane-primary": Case("control_plane", NOBODY.format("eas"), {"mesh_role": "remote", "mesh_primary": "eas"}),
    "plane-mesh": Case("control_plane", f"mesh_provider is 'konsul', but the known providers are {KNOWN}. Correct mesh_provider.", {"mesh_provider": "konsul"}),
    "status-mesh": Case("status", f"mesh_provider is 'konsul', but the known providers are {KNOWN}. Correct mesh_provider.", {"mesh_provider": "konsul"}),
    "trust-mesh": Case("trust", f"mesh_provider is 'konsul', but the known providers are {KNOWN}. Correct mesh_provider.", {"mesh_provider": "konsul"}),
    "rotate-limited": Case("rotate", LIMITED.format("rotate-limited")),
    "rotate-planned": Case("rotate", LIMITED.format("rotate-planned"), {"rotate_plan": True}),
    "rotate-links": Case("rotate", LIMITED.format("rotate-links"), {"rotate": "links"}),
    "rotate-former": Case("rotate", LIMITED.format("rotate-former"), {"rotate": "remote_secrets"}),
    "rotate-nothing-served": Case("rotate", "The provider paper has no gateways.", {"mesh_provider": "paper", "rotate": "gateways"}),
    "rotate-one-credential": Case("rotate", "With the provider paper, a cluster never has two valid credentials, so a rotation without interruption "
                                  "is impossible.", {"mesh_provider": "paper", "rotate": "links"}),
    "rotate-of-others": Case("rotate", "The provider istio has no rotation of the kind gossip. It has root, intermediate, links, gateways.",
                             {"rotate": "gossip"}),
    "rotate-misspelt": Case("rotate", NOBODY.format("eas"), {"mesh_trust_cluster": "eas"}),
    "rotate-unread": Case("rotate", f"rotate-unread{UNREAD}", {}, UNDEFINED),
    "rotate-token": Case("rotate", f"rotate-token-west cannot be judged: rotate-token{UNREAD_KUBE}", {}, {"mesh_kube": {"host": "{{ nowhere }}"}}),
    "rotate-typo": Case("rotate", "rotate_exclude names wset, which the mesh rotate-typo does not have; it has rotate-typo-east, rotate-typo-west.",
                        {"rotate_exclude": "wset", **EXCLUDED}),
    "rotate-nobody": Case("rotate", "rotate-nobody-east: rotate_exclude leaves no cluster of its mesh.",
                          {"rotate_exclude": "rotate-nobody-east,rotate-nobody-west", **EXCLUDED}),
    "teardown-typo": Case("teardown", NOBODY.format("eas"), {"mesh_trust_cluster": "eas"}),
}  # fmt: skip


PLAY = {
    "hosts": [f"{name}-east" for name in CASES], "gather_facts": False, "connection": "local",
    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    "module_defaults": {"group/meshops.lifecycle.mesh": "{{ groups['all'] | meshops.lifecycle.mesh_connection(hostvars, inventory_hostname) }}"},
    "tasks": [{"ansible.builtin.include_role": {"name": "meshops.lifecycle.{{ tried }}"}}],
}  # fmt: skip


def host(name: str, place: str, given: dict[str, Any]) -> dict[str, Any]:
    usual = {"mesh_name": name, "mesh_network": "lan", "mesh_kube": KUBE, "mesh_trust_cluster": f"{name}-{place}", "tried": CASES[name].role}
    return {f"{name}-{place}": {**usual, **given}}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("refused")
    hosts = {key: value for name, case in CASES.items() for place in ("east", "west") for key, value in host(name, place, getattr(case, place)).items()}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"vars": {"rotate": "root"}, "hosts": hosts}}))
    (folder / "play.yml").write_text(yaml.safe_dump([PLAY]))
    return ran(str(folder / "play.yml"), "-i", str(folder / "inventory.yml"), home=folder, **with_paper())


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_is_one_sentence_and_comes_before_any_cluster_is_asked(told: Ran, name: str) -> None:
    fatal = re.findall(rf"^fatal: \[{name}-east\]: FAILED! => (.*)$", told.output, re.MULTILINE)
    said = ["".join(json.loads(line)["msg"]) for line in fatal]
    assert [sentence.count(CASES[name].said) for sentence in said] == [1], told.output


def test_no_trace_of_a_template_is_told_and_no_cluster_asked(told: Ran) -> None:
    assert told.code == 2
    assert not [words for words in (*TRACES, "127.0.0.1:9") if words in told.output]
