# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of an inventory in which a variable cannot be rendered, with Ansible's real templates."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible.vars.hostvars import HostVarsVars
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.hosts import mates
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

GOOD = {"mesh_name": "shop", "mesh_network": "lan", "mesh_kube": {"host": "https://east.example", "api_key": "{{ token }}"}, "token": "t"}
GONE = {key: value for key, value in GOOD.items() if key != "token"}
UNREAD = "west: mesh_kube cannot be read: 'token' is undefined. Define for this host every variable that mesh_kube uses."


def trusted(value: Any) -> Any:
    """Tag the template as Ansible tags values of an inventory."""
    if isinstance(value, dict):
        return {key: trusted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [trusted(part) for part in value]
    return trust_as_template(value) if isinstance(value, str) else value


def estate(**hosts: dict[str, Any]) -> dict[str, HostVarsVars]:
    return {name: HostVarsVars(trusted(variables), loader=DataLoader(), host=name) for name, variables in hosts.items()}


def call(name: str, hosts: dict[str, HostVarsVars], *given: Any, **more: Any) -> Any:
    return FILTERS[name](list(hosts), hosts, *given, **more)


WAYS = {
    "an entry": ({"host": "h", "api_key": "{{ token }}"}, "'token' is undefined"),
    "an entry inside": ({"host": "h", "exec": {"env": [{"name": "A", "value": "{{ token }}"}]}}, "'token' is undefined"),
    "an entry of a dictionary": ({"api_key": "{{ {'east': 1}[who] }}"}, "has no attribute 'west'"),
    "the whole": ("{{ kubes }}", "'kubes' is undefined"),
    "a filter that is not there": ({"api_key": "{{ 'a' | no_such_filter }}"}, "no_such_filter"),
}


@pytest.mark.parametrize(("kube", "said"), WAYS.values(), ids=WAYS)
class TestACredentialThatIsMissing:
    def test_stops_nobody_else(self, kube: Any, said: str) -> None:
        hosts = estate(east=GOOD, west={**GONE, "who": "west", "mesh_kube": kube})
        assert call("mesh_connection", hosts, "east")["api_key"] == "t"
        assert call("mesh_environment", hosts, "east") == {}
        assert call("mesh_helm", hosts, "east")["options"]["api_key"] == "t"
        assert call("_topology", hosts, "east")["clusters"] == ["east", "west"]
        assert call("mesh_expected", hosts, "east")["remotes"] == {"west": "lan"}
        assert call("_rotation_lease", hosts, "east", "east")["kube"]["cluster"] == "east"
        assert call("mesh_root", hosts, {"source": "generated"}, "east")["kube"]["cluster"] == "east"

    def test_is_told_with_the_cluster_and_the_variable(self, kube: Any, said: str) -> None:
        hosts = estate(east=GOOD, west={**GONE, "who": "west", "mesh_kube": kube})
        assert call("_clusters", hosts) == ["east", "west"]
        (told,) = call("_unread", hosts)
        assert told.startswith("west: mesh_kube cannot be read: ")
        assert said in told
        assert "exception marker" not in told
        with pytest.raises(AnsibleFilterError, match="west: mesh_kube cannot be read"):
            call("mesh_connection", hosts, "west")


def test_a_link_to_a_cluster_without_credential_says_why_instead_of_how() -> None:
    links = call("mesh_links", estate(east=GOOD, west=GONE, north=GOOD), "east", optional=["west"])
    assert [(one["name"], one["kube"], one["unread"], one["required"]) for one in links] == [
        ("west", {}, UNREAD, False), ("north", {"host": "https://east.example", "api_key": "t"}, "", True),
    ]  # fmt: skip


def test_the_table_and_the_plan_say_why_nothing_was_read() -> None:
    hosts = estate(east=GOOD, west=GONE)
    assert f"× {UNREAD}" in call("_status_table", hosts, "__status_info")
    findings = call("_rotation_plan", hosts, "east", "__rotate_seen", "0" * 64)["findings"]
    assert f"west cannot be judged: {UNREAD}" in findings


def test_another_variable_that_cannot_be_rendered_is_named() -> None:
    hosts = estate(east=GOOD, west={**GOOD, "mesh_network": "{{ nets.west }}", "nets": {}})
    assert call("mesh_connection", hosts, "east")["api_key"] == "t"
    (told,) = call("_unread", hosts)
    assert told.startswith("west: mesh_network cannot be read: ")
    with pytest.raises(AnsibleFilterError, match="west: mesh_network cannot be read"):
        call("_topology", hosts, "east")


@pytest.mark.parametrize("variables", [{}, {"mesh_name": "shop"}, {"mesh_kube": {"host": "h"}}, {"mesh_name": "", "mesh_kube": {"host": "h"}},
                                       {"mesh_name": "shop", "mesh_kube": {}}, {"mesh_name": "shop", "mesh_kube": None}])  # fmt: skip
def test_a_host_without_name_or_connection_is_no_cluster(variables: dict[str, Any]) -> None:
    hosts = estate(east=GOOD, bastion=variables)
    assert call("_clusters", hosts) == ["east"]
    assert call("_unread", hosts) == []


@pytest.mark.parametrize("kube", ["kubeconfig=/a context=b", ["east"]])
def test_a_connection_that_is_no_dictionary_is_told(kube: Any) -> None:
    assert call("_unread", estate(east={**GOOD, "mesh_kube": kube})) == [
        "east: mesh_kube must be a dictionary of connection options, such as {kubeconfig: …, context: …}."
    ]


def test_a_connection_that_is_wrong_is_told_without_its_values() -> None:
    told = {"client_key": "-----BEGIN PRIVATE KEY-----\nSECRET", "host": "https://h"}
    hosts = estate(east=GOOD, west={**GOOD, "mesh_kube": told})
    said = "west: mesh_kube.client_key holds a private key itself, where the path of a file belongs: give a path."
    assert call("_unread", hosts) == [said]
    assert [(one["kube"], one["unread"]) for one in call("mesh_links", hosts, "east")] == [({}, said)]


def test_a_connection_has_the_options_own_names_and_paths_that_begin_at_the_inventory() -> None:
    told = {"kubeconfig": "kube/{{ inventory_hostname }}", "verify_ssl": "no", "context": "c"}
    hosts = estate(east={**GOOD, "inventory_hostname": "east", "inventory_dir": "/inventory", "mesh_limits": {"patience": 5}, "mesh_kube": told})
    meant = {"kubeconfig": "/inventory/kube/east", "validate_certs": False, "context": "c", "patience": 5, "cluster": "east", "cluster_uid": None}
    assert call("mesh_connection", hosts, "east") == meant
    as_text = estate(east={**GOOD, "inventory_dir": "/inventory", "mesh_kube": '{"kubeconfig": "kube/east", "verify_ssl": false, "context": "c"}'})
    assert call("mesh_connection", as_text, "east").items() <= meant.items()


def test_a_root_s_files_begin_at_the_inventory_of_the_trust_cluster_or_of_the_first_host() -> None:
    hosts = estate(west={**GOOD, "inventory_dir": "/one"}, east={**GOOD, "inventory_dir": "/two"})
    root = {"source": "file", "certificate_file": "ca.pem"}
    assert call("mesh_root", hosts, root, "")["certificate_file"] == "/one/ca.pem"
    assert call("mesh_root", hosts, root, "east")["certificate_file"] == "/two/ca.pem"
    assert call("mesh_root", estate(), root, "") == root


def test_a_cluster_that_keeps_the_lease_need_not_be_of_a_mesh() -> None:
    hosts = estate(east=GOOD, hub={"mesh_kube": {"host": "https://hub.example"}})
    assert call("_rotation_lease", hosts, "east", "hub")["kube"]["host"] == "https://hub.example"


OMITTED = {"host": "{{ nobody | default(omit) }}"}


@pytest.mark.parametrize(("kube", "there"), [
    (OMITTED, False), ({"host": "{% if true %}{{ omit }}{% endif %}\n"}, False), ("{{ {} }}", False),
    ({**OMITTED, "context": ""}, True), ({**OMITTED, "context": "{{ token }}"}, True), ({**OMITTED, "kubeconfig": "{{ token }}/kube"}, True),
    ({**OMITTED, "kubeconfig": "kube/{{ token }}"}, True), ("{{ {'host': token} }}", True),
])  # fmt: skip
def test_a_connection_of_which_rendering_leaves_nothing_is_none(kube: Any, there: bool) -> None:
    hosts = estate(east=GOOD, west={**GOOD, "mesh_kube": kube})
    assert call("_clusters", hosts) == (["east", "west"] if there else ["east"])
    assert call("_topology", hosts, "east")["clusters"] == call("_clusters", hosts)


class Counted(dict[str, Any]):
    """The variables of a host, which count how often mesh_kube is read, because Ansible renders it each time."""

    read = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.read += key == "mesh_kube"
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read += key == "mesh_kube"
        return super().__getitem__(key)


def shop(count: int) -> dict[str, Counted]:
    return {name: Counted(mesh_name="shop", mesh_kube={"context": name}) for name in (f"c{number}" for number in range(count))}


def test_the_clusters_of_a_mesh_are_asked_once_for_their_connection() -> None:
    hosts = shop(50)
    assert len(mates(list(hosts), hosts, "c0")) == 50
    assert {each.read for name, each in hosts.items() if name != "c0"} == {1}


class Written(Counted):
    """A stand-in for the variables of one host as Ansible has them: `_vars` has what is written."""

    def __init__(self, **variables: Any) -> None:
        super().__init__(variables)
        self._vars = variables


def test_what_is_written_says_who_has_a_connection_and_one_decision_renders_its_own_once() -> None:
    hosts = {name: Written(mesh_name="shop", mesh_kube={"context": name}) for name in ("c0", "c1", "c2")}
    root = {"source": "generated"}
    assert call("_refusals", hosts, "c0", root=root, trust_cluster="c1") == []  # type: ignore[arg-type]
    assert {name: each.read for name, each in hosts.items()} == {"c0": 1, "c1": 1, "c2": 0}


def test_what_changes_between_two_tasks_is_seen() -> None:
    hosts = shop(2)
    assert [each.name for each in mates(list(hosts), hosts, "c0")] == ["c0", "c1"]
    hosts["c1"]["mesh_kube"] = {}
    assert [each.name for each in mates(list(hosts), hosts, "c0")] == ["c0"]
