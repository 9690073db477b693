# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory that `ansible-inventory` makes from fleet files, and what the cache keeps of a hub's answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.inventory import fleet
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Denied, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

PROGRAM = str(Path(sys.executable).with_name("ansible-inventory"))
SECRET = "t0ken-that-nobody-sees"


def listed(*arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {**os.environ, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", "ANSIBLE_NOCOLOR": "true", **(environ or {})}
    return subprocess.run([PROGRAM, "--list", *arguments], env=kept, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    def write(name: str = "fleet.yml", **wish: Any) -> str:
        (tmp_path / name).write_text(yaml.safe_dump({"plugin": "meshops.lifecycle.fleet", **wish}), encoding="utf-8")
        return str(tmp_path / name)

    return write


def groups(told: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: group["hosts"] for name, group in told.items() if name != "_meta" and "hosts" in group}


def plain(told: dict[str, Any]) -> Any:
    """Return values without the tag that Ansible gives to strings that it must not evaluate, such as those of a kubeconfig."""
    return told.get("__ansible_unsafe", told)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    config = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443"}} for name in ("one", "two")],
        "users": [{"name": "me", "user": {"token": SECRET}}],
        "contexts": [{"name": f"ctx_{name}", "context": {"cluster": name, "user": "me"}} for name in ("one", "two")],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(tmp_path / "kubeconfig")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    done = listed("-i", str(CHECKOUT / "inventories/fleet"))
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class TestExample:
    def test_has_groups_for_mesh_site_provider_and_role(self, told: dict[str, Any]) -> None:
        clusters = ["ocp-dc1", "gke-eu", "rosa-eu", "bank-dc1", "bank-eu"]
        assert groups(told) == {
            "fleet": clusters, "mesh_shop": clusters[:3], "mesh_bank": clusters[3:],
            "site_dc1": ["ocp-dc1", "bank-dc1"], "site_eu_cloud": ["gke-eu", "rosa-eu", "bank-eu"],
            "provider_istio": clusters, "role_primary": ["ocp-dc1", "gke-eu", "bank-dc1", "bank-eu"], "role_remote": ["rosa-eu"],
            "network_dc1": ["ocp-dc1", "bank-dc1"], "network_gke_eu": ["gke-eu"], "network_rosa_eu": ["rosa-eu"], "network_bank_eu": ["bank-eu"],
        }  # fmt: skip

    def test_describes_clusters_without_fault(self, told: dict[str, Any]) -> None:
        hosts = told["_meta"]["hostvars"]
        assert {name: Member.of(name, variables).faults() for name, variables in hosts.items()} == {name: [] for name in hosts}
        assert hosts["rosa-eu"]["mesh_kube"]["api_key"] == "{{ vault_rosa_eu_token }}"
        assert (hosts["bank-eu"]["cost_center"], hosts["bank-eu"]["mesh_trust_cluster"]) == ("4711", "bank-dc1")
        assert hosts["gke-eu"]["mesh_charts"] == {"source": "repository"}


def test_templates_of_the_file_are_rendered_and_nearer_variables_win(written: Any, tmp_path: Path) -> None:
    """This also holds if the names of the groups sort the other way round. Files in group_vars override all of them."""
    source = written(
        defaults={"mesh_kube": {"kubeconfig": "k", "context": "{{ inventory_hostname }}-admin"}, "mesh_namespace": "from-defaults", "mesh_version": "1"},
        meshes={"zz": {"mesh_network": "from-mesh", "mesh_namespace": "from-mesh", "mesh_site_values": {}}},
        sites={"aa": {"mesh_network": "from-site"}},
        clusters={"east": {"mesh_name": "zz", "mesh_site": "aa"}},
        prefixes={"mesh": "", "site": ""},
        compose={"seen": "mesh_network ~ ' ' ~ mesh_namespace"},
    )
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "fleet.yml").write_text("mesh_version: '2'\n", encoding="utf-8")
    expression = "mesh_kube.context ~ ' ' ~ mesh_network ~ ' ' ~ mesh_namespace ~ ' ' ~ mesh_version ~ ' ' ~ seen"
    command = [str(Path(sys.executable).with_name("ansible")), "-i", source, "east", "-m", "ansible.builtin.debug", "-a", f"msg='{{{{ {expression} }}}}'"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert '"msg": "east-admin from-site from-mesh 2 from-site from-mesh"' in done.stdout, done.stdout + done.stderr


def test_contexts_become_hosts_and_no_token_is_printed(written: Any, kubeconfig: str) -> None:
    names = {"ctx_one": "one", "ctx_two": "two"}
    source = written(contexts=[{"kubeconfig": "kubeconfig", "names": names, "variables": {"mesh_name": "shop"}}], clusters={"one": {"mesh_site": "dc1"}})
    done = listed("-i", source, "-vvv")
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    told = json.loads(done.stdout[done.stdout.index("{\n"):], object_hook=plain)
    assert told["_meta"]["hostvars"]["one"] == {
        "mesh_kube": {"context": "ctx_one", "kubeconfig": kubeconfig}, "mesh_name": "shop", "mesh_site": "dc1",
    }  # fmt: skip
    assert groups(told)["mesh_shop"] == ["one", "two"]


def test_without_a_kubeconfig_the_one_of_the_job_is_read_and_hosts_name_the_context_alone(monkeypatch: pytest.MonkeyPatch, kubeconfig: str) -> None:
    """In AWX the inventory is made by one job and used by another, whose file has another name."""
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    with pytest.raises(Refused, match=r"^/srv/fleet\.yml: The kubeconfig /nowhere does not exist\."):
        list(fleet._contexts("/srv/fleet.yml", [{}]))
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", kubeconfig)
    found = list(fleet._contexts("/srv/fleet.yml", [{"variables": {"mesh_name": "shop"}}]))
    assert [one.variables for one in found] == [{"mesh_kube": {"context": name}, "mesh_name": "shop"} for name in ("ctx_one", "ctx_two")]
    assert ("context", "ctx_one", kubeconfig) in found[0].leads


@pytest.mark.parametrize(("wish", "told"), [
    pytest.param({"clusters": {"east": {"mesh_netwrok": "x"}}}, "{path}: the cluster east has the unknown key 'mesh_netwrok'; did you mean", id="key"),
    pytest.param({"cluster": {}}, "{path}: the file has the unknown key 'cluster'; did you mean clusters?", id="section"),
    pytest.param({"contexts": [{"kubeconfig": "missing"}]}, "The kubeconfig {folder}/missing does not exist.", id="no such kubeconfig"),
    pytest.param({"contexts": [{"kubeconfig": "kubeconfig"}]}, "the cluster name 'ctx_one' is not a DNS label", id="name"),
    pytest.param({"hub": {"kubeconfig": "kubeconfig", "context": "hub"}}, "{path}: hub: There is no context hub in kubeconfig {folder}/kubeconfig", id="hub"),
    pytest.param({"clusters": {"east": {"mesh_kube": {"host": "https://x", "api_key": SECRET}}}}, "api_key of the cluster east is in plain text", id="secret"),
])  # fmt: skip
def test_a_file_that_cannot_be_is_refused_in_a_sentence(written: Any, kubeconfig: str, wish: dict[str, Any], told: str) -> None:
    path = written(**wish)
    done = listed("-i", path)
    assert done.returncode != 0
    assert told.format(path=path, folder=Path(path).parent) in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_other_files_are_left_to_other_plugins(tmp_path: Path) -> None:
    plugin = fleet.InventoryModule()
    for name, ours in (("fleet.yml", True), ("prod.fleet.yaml", True), ("hosts.yml", False), ("fleet.ini", False)):
        (tmp_path / name).touch()
        assert plugin.verify_file(str(tmp_path / name)) is ours
    assert not plugin.verify_file(str(tmp_path / "missing.fleet.yml"))


class Hub:
    """A hub that counts how often it was asked."""

    server = "https://hub.example"

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.known = True

    def connect(self, params: Mapping[str, Any]) -> Hub:
        self.params = params
        return self

    def serves(self, api_version: str, kind: str) -> bool:
        return self.known

    def list(self, api_version: str, kind: str, labels: str | None = None) -> list[dict[str, Any]]:
        self.asked.append(labels)
        return [{"metadata": {"name": "east"}, "spec": {"hubAcceptsClient": True}}]


class TestHub:
    WISH = {"kubeconfig": "hub-config", "context": "acm"}

    @pytest.fixture
    def hub(self, monkeypatch: pytest.MonkeyPatch) -> Hub:
        hub = Hub()
        monkeypatch.setattr(fleet, "connect", hub.connect)
        return hub

    @staticmethod
    def plugin(cache: bool) -> Any:
        plugin = fleet.InventoryModule()
        plugin.get_option = {"cache": cache}.__getitem__
        plugin.get_cache_key = lambda path: f"key of {path}"
        plugin._cache = {}
        return plugin

    def test_is_asked_by_its_own_kubeconfig_and_context(self, hub: Hub) -> None:
        wish = {**self.WISH, "selector": "env=prod", "clusterset": "shop", "cluster_uid": "u"}
        (found,) = self.plugin(cache=False)._managed("/etc/fleet.yml", wish, cache=True)
        assert hub.params == {"kubeconfig": "/etc/hub-config", "context": "acm", "cluster_uid": "u", "cluster": "hub"}
        assert hub.asked == ["env=prod,cluster.open-cluster-management.io/clusterset=shop"]
        assert found.name == "east"

    def test_is_asked_once_while_the_cache_is_good(self, hub: Hub) -> None:
        plugin = self.plugin(cache=True)
        for cache in (True, True, False):  # the last one is a flush
            assert [one.name for one in plugin._managed("/etc/fleet.yml", self.WISH, cache)] == ["east"]
        assert len(hub.asked) == 2
        json.dumps(plugin._cache)

    def test_is_asked_again_for_another_question(self, hub: Hub) -> None:
        plugin = self.plugin(cache=True)
        for selector in (None, "env=prod"):
            plugin._managed("/etc/fleet.yml", {**self.WISH, "selector": selector}, True)
        assert hub.asked == [None, "env=prod"]

    def test_that_is_none_is_told(self, hub: Hub) -> None:
        hub.known = False
        with pytest.raises(Refused, match=r"^/etc/fleet.yml: hub: https://hub.example has no API for ManagedCluster, so it is no hub"):
            self.plugin(cache=False)._managed("/etc/fleet.yml", self.WISH, True)

    def test_that_does_not_answer_fails_with_the_file_s_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(params: Any) -> SimpleNamespace:
            raise Denied("hub: 403.")

        monkeypatch.setattr(fleet, "connect", denied)
        with pytest.raises(Refused, match=r"^/etc/fleet.yml: hub: 403\.$"):
            self.plugin(cache=False)._managed("/etc/fleet.yml", self.WISH, True)


def test_a_home_stays_whoever_s_it_is() -> None:
    told = [fleet._beside("/etc/x/fleet.yml", given) for given in ("~/.kube/config", "kube", "../kube", "/kube")]
    assert told == ["~/.kube/config", "/etc/x/kube", "/etc/x/../kube", "/kube"]
