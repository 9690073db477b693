# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.file import VARIABLES
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.spelling import TEXTS, misspelt
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT


@pytest.mark.parametrize(("given", "meant"), [
    ("mesh_versoin", "mesh_version"), ("mesh_netwrok", "mesh_network"), ("mesh_trustdomain", "mesh_trust_domain"), ("mesh-network", "mesh_network"),
    ("Mesh_Network", "mesh_network"), ("meshname", "mesh_name"), ("mesh_kubes", "mesh_kube"), ("mesh_cluster_uuid", "mesh_cluster_uid"),
])  # fmt: skip
def test_a_typing_error_is_a_fault_with_what_is_meant(given: str, meant: str) -> None:
    told = f"nothing reads the variable {given}; did you mean {meant}? If it is one of your own, list it in mesh_own_variables"
    assert misspelt([given, "mesh_name", "ansible_host"], VARIABLES) == ([told], [])


def test_variables_of_ones_own_are_only_told() -> None:
    assert misspelt(["mesh_oncall", "mesh_cost_centre", "meshing", "mesh_network"], VARIABLES) == ([], ["mesh_cost_centre", "mesh_oncall"])


def test_what_is_said_to_be_ones_own_is_not_told() -> None:
    assert misspelt(["mesh_names", "mesh_oncall"], VARIABLES, ["mesh_names", "mesh_oncall"]) == ([], [])


def test_what_a_run_leaves_behind_is_let_pass() -> None:
    """An automation platform passes the artifacts of a run on as extra variables."""
    left = re.findall(r"^ {6}(mesh_[a-z_]+):", "".join(path.read_text("utf-8") for path in CHECKOUT.glob("roles/*/tasks/*.yml")), re.MULTILINE)
    assert "mesh_status" in left
    assert misspelt([*left, "mesh_hosts"], VARIABLES) == ([], [])


def test_every_text_is_a_variable() -> None:
    assert set(TEXTS) <= VARIABLES
