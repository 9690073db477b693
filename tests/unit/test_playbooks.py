# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks on inventories that also serve other purposes, run by ansible-playbook. No cluster answers."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran, ran
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

PLAYBOOKS = sorted(path for path in CHECKOUT.glob("playbooks/*.yml") if path.name != "clusters.yml")
MACHINES = {
    "ansible_connection": "ssh", "ansible_host": "192.0.2.10", "ansible_user": "ops", "ansible_become": True, "ansible_become_exe": "/nowhere/sudo",
    "ansible_python_interpreter": "/nowhere/python", "ansible_shell_type": "powershell", "ansible_shell_executable": "/nowhere/sh",
}  # fmt: skip
NOBODY = {"mesh_kube": {"host": "https://127.0.0.1:9", "api_key": "{{ tokens[inventory_hostname] }}"}, "tokens": {"east": "token-of-east"}}
SHARED = {"all": {
    "vars": {**MACHINES, **NOBODY},
    "hosts": {"bastion": {"ansible_host": "192.0.2.11"}},
    "children": {"shop": {"vars": {"mesh_name": "shop", "mesh_trust_cluster": "east", "mesh_network": "lan"}, "hosts": {"east": None, "west": None}}},
}}  # fmt: skip


def play(name: str, inventory: dict[str, Any], folder: Path, *more: str) -> Ran:
    path = folder / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory))
    return ran(name, "-i", str(path), *more, home=folder)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
class TestEveryPlaybook:
    def test_goes_on_with_the_clusters(self, path: Path) -> None:
        begin, *plays = yaml.safe_load(path.read_text())
        assert begin["ansible.builtin.import_playbook"] == "clusters.yml"
        assert [one["hosts"] for one in plays] == ["{{ [mesh_hosts | default('all'), '&meshops_clusters'] | flatten }}"]

    def test_works_on_the_controller_whatever_is_said_of_machines(self, path: Path) -> None:
        (first,) = yaml.safe_load((CHECKOUT / "playbooks/clusters.yml").read_text())
        assert [one["vars"] for one in yaml.safe_load(path.read_text())[1:]] == [first["vars"]]
        assert (first["vars"]["ansible_connection"], first["vars"]["ansible_become"]) == ("local", False)


def test_the_first_play_loads_the_filters_before_ansible_forks() -> None:
    """A play's hosts are rendered by Ansible's own process. Otherwise each fork compiles the collection's filters, for each task and host."""
    (first,) = yaml.safe_load((CHECKOUT / "playbooks/clusters.yml").read_text())
    assert "meshops.lifecycle." in first["hosts"]


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_what_is_evaluated_for_each_task_and_host_comes_from_the_host_alone(path: Path) -> None:
    (_begin, one) = yaml.safe_load(path.read_text())
    told = [one["environment"], *one["module_defaults"].values()]
    assert [text for text in told if not text.startswith("{{ [inventory_hostname] | meshops.lifecycle.")] == []


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports") / "of" / "today"


@pytest.fixture(scope="module")
def status(tmp_path_factory: pytest.TempPathFactory, reports: Path) -> Ran:
    return play("status", SHARED, tmp_path_factory.mktemp("status"), "-e", "status_fail=false", "-e", f"mesh_report_dir={reports}", "-b")


class TestASharedInventory:
    def test_a_machine_is_left_out_by_name_and_does_not_fail(self, status: Ran) -> None:
        assert "Skipped, because a host without mesh_name or mesh_kube is not a cluster of a mesh: bastion." in status.output
        assert status.recap["bastion"] == {"ok": 1, "skipped": 2}

    def test_what_is_said_of_machines_does_not_reach_our_tasks(self, status: Ran) -> None:
        """Our tasks use neither ssh, sudo nor the Python of other machines. The module itself reports that no cluster answers."""
        assert "east: the API server at https://127.0.0.1:9 refuses connections" in status.output
        assert "rescued" not in status.recap["east"] and "fatal: [east]" not in status.output
        assert "failed" not in status.recap["east"]
        assert not [word for word in ("nowhere", "sudo", "192.0.2.1", "UNREACHABLE!") if word in status.output]

    def test_a_cluster_without_credential_is_named_in_the_table_and_fails_alone(self, status: Ran) -> None:
        said = "west: mesh_kube cannot be read: object of type 'dict' has no attribute 'west'."
        assert status.recap["west"] == {"ok": 1, "failed": 1}
        assert [line for line in status.output.splitlines() if line.startswith(f"× {said}")]
        assert status.code == 2

    def test_it_does_not_matter_to_a_run_without_it(self, tmp_path: Path) -> None:
        limited = play("status", SHARED, tmp_path, "-e", "status_fail=false", "--limit", "east,bastion")
        assert limited.code == 0, limited.output
        assert set(limited.recap) == {"east", "bastion"}


def test_a_run_on_machines_alone_does_nothing_and_says_so(tmp_path: Path) -> None:
    alone = play("site", SHARED, tmp_path, "--limit", "bastion")
    assert (alone.code, alone.recap) == (0, {"bastion": {"ok": 1, "skipped": 2}})
    assert "not a cluster of a mesh: bastion." in alone.output


def test_a_list_that_is_given_as_text_is_one_element(tmp_path: Path) -> None:
    run = play("rotate", SHARED, tmp_path, "-e", "rotate=root", "-e", "rotate_exclude=west", "-e", "rotate_exclude_acknowledged=false", "--limit", "east")
    assert "rotate_exclude leaves out west. The workloads there will be cut off" in run.output
    assert run.recap["east"]["failed"] == 1


def test_a_root_is_not_removed_while_clusters_sign_below_it_that_stay(tmp_path: Path) -> None:
    """West, which `--limit` leaves out. South keeps its root there. Nothing was asked of a cluster."""
    inventory = copy.deepcopy(SHARED)
    inventory["all"]["children"]["shop"]["hosts"]["south"] = {"mesh_trust_cluster": "west"}
    more = json.dumps({"tokens": dict.fromkeys(("east", "west", "south"), "a-token")})
    run = play("teardown", inventory, tmp_path, "-e", "teardown_confirm=shop", "-e", "teardown_root=true", "-e", more, "--limit", "east,south")
    said = " ".join(run.output.split())
    assert "east: teardown_root is true, but the CAs of west are below the root in Secret meshops-system/meshops-root-ca of east, and this run does not" in said
    assert "south: teardown_root is true, but west, which keeps the root, is not part of this run, so the root would stay. Nothing was removed." in said
    assert "refuses connections" not in said


class TestReports:
    """A directory for reports is made before the work, and only this user may read it. An existing one stays as it is."""

    @staticmethod
    def mode(path: Path) -> str:
        return oct(path.stat().st_mode & 0o777)

    def test_is_made_by_status_and_holds_the_file(self, status: Ran, reports: Path) -> None:
        assert (self.mode(reports), self.mode(reports / "status.json")) == ("0o700", "0o600")
        assert set(json.loads((reports / "status.json").read_text())) == {"east", "west"}

    def test_a_picture_of_the_same_facts_lies_beside_it(self, status: Ran, reports: Path) -> None:
        told = json.loads((reports / "estate.json").read_text())
        assert {(one["name"], one["mesh"], one["verdict"]) for one in told["clusters"]} == {(name, "shop", "unreached") for name in ("east", "west")}
        assert "the API server at https://127.0.0.1:9 refuses connections" in (reports / "estate.html").read_text()
        assert 'mesh_cluster_unreached{cluster="east",mesh="shop",site=""} 1' in (reports / "estate.prom").read_text()
        assert [self.mode(reports / f"estate.{kind}") for kind in ("html", "json", "prom")] == ["0o600", "0o600", "0o644"]

    def test_a_report_writes_without_failing_and_shows_what_its_query_selects(self, tmp_path: Path) -> None:
        query = json.dumps({"report_query": "clusters[].{whose: name, how: verdict}"})
        given = ("-e", "mesh_report_dir=new", "-e", f"report_metrics={tmp_path / 'm.prom'}", "-e", query)
        run = play("report", SHARED, tmp_path, *given, "--limit", "east,bastion")
        assert run.code == 0, run.output
        assert not (CHECKOUT / "playbooks/new").exists(), "a relative path begins at the inventory"
        assert '"how": "unreached"' in run.output and '"whose": "east"' in run.output
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["estate.html", "estate.json"]
        assert (tmp_path / "m.prom").read_text().startswith("# HELP mesh_report_generated_seconds ")

    def test_one_that_nobody_gets_is_refused_before_any_cluster_is_asked(self, tmp_path: Path) -> None:
        run = play("report", SHARED, tmp_path)
        assert "Nothing says where the report goes." in run.output
        assert "127.0.0.1:9" not in run.output
        assert run.code == 2

    def test_one_that_is_there_keeps_its_mode(self, tmp_path: Path) -> None:
        there = tmp_path / "there"
        there.mkdir(mode=0o755)
        run = play("rotate", SHARED, tmp_path, "-e", f"mesh_report_dir={there}", "-e", "rotate_report_threshold=never", "--limit", "east")
        assert (run.code, self.mode(there), self.mode(there / "certificates.json")) == (0, "0o755", "0o600"), run.output

    def test_what_is_no_directory_is_refused_before_any_cluster_is_asked(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        one = copy.deepcopy(SHARED)
        del one["all"]["children"]["shop"]["hosts"]["west"]
        run = play("rotate", one, tmp_path, "-e", f"mesh_report_dir={tmp_path / 'file'}", "-e", "rotate=root")
        assert f"The report directory {tmp_path / 'file'} is not a directory that this user may write to. Nothing was done." in run.output
        assert "127.0.0.1:9" not in run.output

    def test_one_that_went_away_does_not_make_a_rotation_red_that_is_done(self, tmp_path: Path) -> None:
        task = yaml.safe_load((CHECKOUT / "roles/rotate/tasks/finish.yml").read_text())[-1]
        given = {"rotate_report_dir": str(tmp_path / "gone"), "rotate_mesh": "shop", "__rotate_lease": {"taker": "localhost"}, "__rotate_told": {}}
        book = tmp_path / "play.yml"
        end = {**task, "vars": given}
        book.write_text(yaml.safe_dump([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [end]}]))
        run = ran(str(book), home=tmp_path)
        assert "shop: the rotation is done; only its report could not be written into" in run.output
        assert (run.code, run.recap["localhost"]["rescued"]) == (0, 1)
