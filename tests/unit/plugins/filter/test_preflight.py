# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the role preflight, over dictionaries that stand in for hostvars."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError, AnsibleUndefinedVariable
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.modules import controller_info
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.deciding import preflight
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import call
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER

HOSTVARS: dict[str, dict[str, Any]] = {
    "east": {"mesh_name": "shop", "mesh_network": "on-prem", "mesh_kube": {"context": "east"}, "mesh_trust_cluster": "east"},
    "west": {"mesh_name": "shop", "mesh_network": "aws", "mesh_kube": {"context": "west"}, "mesh_trust_cluster": "east"},
    "bastion": {"ansible_host": "192.0.2.1"},
}


def judged(hosts: Iterable[str], hostvars: Mapping[str, Any], clock_skew: Any = 30, own: Sequence[str] = ()) -> dict[str, list[str]]:
    """Call the filter as the role does, with the results that each host registered."""
    names = list(hosts)
    read, trust, (controller, *_rest) = ([hostvars[name].get(f"__preflight_{result}") or {} for name in names] for result in ("cluster", "trust", "controller"))
    found: dict[str, list[str]] = call("_preflight_findings", names, hostvars, list(hostvars), read, trust, controller, clock_skew, own)
    return found


def found(east: Mapping[str, Any], own: list[str] | None = None) -> list[str]:
    """The findings of east if only its variables were read."""
    return judged(["east"], {"east": {**HOSTVARS["east"], **east}}, own=own or [])["east"]


class TestPreflight:
    CLUSTER = {"uid": "1", "version": {"major": 1, "minor": 34}, "nodes": {"pod_cidrs": []}, "clock_skew_seconds": 0.0, "denied": [], "crds": []}

    def found(self, clock_skew: Any = "30", **of_east: Any) -> dict[str, list[str]]:
        hostvars = copy.deepcopy({name: HOSTVARS[name] for name in ("east", "west", "bastion")})
        crd = {"name": "gateways.networking.istio.io", "managed_by": "argocd"}
        hostvars["east"] |= of_east
        hostvars["east"]["__preflight_cluster"] = {**self.CLUSTER, "clock_skew_seconds": 40.0, "crds": [crd]}
        hostvars["west"]["__preflight_cluster"] = {**self.CLUSTER, "uid": "2", "version": {"major": 1, "minor": 20}}
        return judged(["east", "bastion"], hostvars, clock_skew)

    def test_only_the_clusters_of_the_play_are_told_of(self) -> None:
        assert list(self.found()) == ["east"]

    def test_the_clock_may_be_off_as_far_as_the_inventory_allows(self) -> None:
        assert len(self.found()["east"]) == 2
        assert len(self.found(60)["east"]) == 1

    @pytest.mark.parametrize(("space", "told"), [
        (
            {"labels": {"istio-injection": "disabled"}},
            "has the label istio-injection: disabled, so pods of the mesh would get no proxy there; take the label away.",
        ),
        ({"ends": True}, "is being deleted; wait until it is gone."),
        ({"labels": {"istio-injection": "enabled", "istio.io/rev": "stable"}}, ""),
    ])
    def test_a_namespace_in_which_pods_would_wait_for_ever(self, space: dict[str, Any], told: str) -> None:
        read = {**self.CLUSTER, "spaces": [{"name": "istio-system", "labels": {}, "ends": False, **space}]}
        assert found({"__preflight_cluster": read}) == ([f"east: the namespace istio-system {told}"] if told else [])

    def test_what_a_stage_of_the_install_will_refuse(self) -> None:
        said = "Its primary is north, and Consul gives no datacenter another one (east). Correct mesh_primary."
        assert found({"__preflight_cluster": {**self.CLUSTER, "refused": [said]}}) == [f"east: {said}"]

    def test_crds_that_belong_to_others_by_wish_are_fine(self) -> None:
        assert self.found(60, mesh_crds="external") == {"east": []}

    def test_the_version_decides_which_kubernetes_will_do(self) -> None:
        """Each cluster is judged by its own version, because clusters may run different ones."""
        read = {"version": {"major": 1, "minor": 30}}
        versions = {"east": "1.28.0", "west": "1.29.0"}
        hostvars = {name: {**HOSTVARS[name], "mesh_version": version, "__preflight_cluster": read} for name, version in versions.items()}
        found = judged(versions, hostvars)
        assert {name: len(sentences) for name, sentences in found.items()} == {"east": 0, "west": 1}

    @pytest.mark.parametrize(("provider", "said"), [("istio", ["The clusters of the mesh shop do not share a root"]), ("paper", [])])
    def test_only_clusters_of_a_mesh_that_shares_a_root_need_the_same(self, monkeypatch: pytest.MonkeyPatch, provider: str, said: list[str]) -> None:
        monkeypatch.setitem(PROVIDERS, "paper", PAPER)
        version = {"istio": "1.29.0", "paper": "1.0.0"}[provider]
        hostvars = {name: {**HOSTVARS[name], "mesh_provider": provider, "mesh_version": version, "__preflight_cluster": {**self.CLUSTER, "uid": name},
                           "__preflight_trust": {"present": True, "trust": {"signs_under": root, "trusts": [root]}}}
                    for name, root in (("east", "aa" * 32), ("west", "bb" * 32))}  # fmt: skip
        found = judged(hostvars, hostvars)
        assert [sentence.partition(": ")[2].partition(":")[0] for sentence in found["east"]] == said

    def test_a_mesh_that_is_not_known_is_refused(self) -> None:
        with pytest.raises(AnsibleFilterError, match="^mesh_provider is 'konsul'"):
            self.found(mesh_provider="konsul")


class TestVariables:
    def test_an_ordinary_host_has_no_fault(self) -> None:
        assert found({"mesh_revision": "1-32", "mesh_revision_tags": ["default", "prod"], "mesh_platform": "openshift", "mesh_pending_grace": "60"}) == []
        assert found({"mesh_revision_tags": "default,prod"}) == []

    @pytest.mark.parametrize(("variables", "told"), [
        ({"mesh_revision": "1.29.2"}, "the revision '1.29.2' is not a DNS label (lower-case letters, digits and '-', at most 63). Correct the mesh_*"),
        ({"mesh_revision_tags": ["Prod"]}, "the revision tag 'Prod' is not a DNS label"),
        ({"mesh_revision_tags": ["stable"]}, "the revision tag 'stable' has the same name as the revision"),
        ({"mesh_revision_tags": "default,Prod"}, "the revision tag 'Prod' is not a DNS label"),
        ({"mesh_charts": {"source": "directry", "location": "/charts"}}, "mesh_charts needs a source"),
        ({"mesh_charts": {"source": "directory"}}, "mesh_charts needs a source"),
        ({"mesh_charts": "/charts"}, "mesh_charts is text, not a dictionary."),
        ({"mesh_values": {"istio": {}}}, "mesh_values has values for istio, which is no chart of the mesh; its charts are base, cni, gateway, istiod."),
        ({"mesh_site_values": {"istiod": "x"}}, "mesh_site_values has text for the chart istiod, not a dictionary."),
        ({"mesh_cluster_values": ["istiod"]}, "mesh_cluster_values is a list, not a dictionary."),
        ({"mesh_platform": "opnshift"}, "the charts do not know the mesh_platform 'opnshift'; they know gke, k3d, k3s, microk8s, minikube, openshift."),
        ({"mesh_pending_grace": "soon"}, "mesh_pending_grace is text, not a number."),
        ({"mesh_revision": True}, "mesh_revision is the truth value true to YAML, which reads yes, on and true so; put it in quotes."),
        ({"mesh_revision_tags": ["prod", True]}, "mesh_revision_tags is the truth value true to YAML, which reads yes, on and true so; put it in quotes."),
        ({"mesh_trust_cluster": 7}, "mesh_trust_cluster is the number 7 to YAML; put it in quotes."),
        ({"mesh_trust_cluster": "eas"}, "eas: the inventory has no cluster of this name with a mesh_name and a mesh_kube."),
        ({"mesh_trust_cluster": ""}, "mesh_trust_cluster is not set. Name the cluster of the mesh that keeps its root CA as a Secret."),
        ({"mesh_name": False}, "mesh_name is the truth value false to YAML, which reads no, off and false so; put it in quotes."),
        ({"mesh_versoin": "1.29"}, "nothing reads the variable mesh_versoin; did you mean mesh_version? If it is one of your own, list it in mesh_own"),
        ({"mesh_namespace": "Istio"}, "the mesh_namespace 'Istio' is not a DNS label"),
    ])
    def test_what_would_be_refused_after_the_first_write_is_told_once(self, variables: dict[str, Any], told: str) -> None:
        sentence, = found(variables)
        assert sentence.startswith(f"east: {told}"), sentence

    def test_a_late_inventory_has_both_its_faults_told_at_once(self) -> None:
        told = found({"mesh_revision": "1.29.2", "mesh_charts": {"source": "directry"}, "mesh_netwrok": "x"})
        assert len(told) == 2

    def test_variables_of_ones_own_are_no_fault(self) -> None:
        assert found({"mesh_names": "x"}, ["mesh_names"]) == []

    def test_what_cannot_be_rendered_is_its_own_hosts_fault(self) -> None:
        class Lazy(dict[str, Any]):
            def __getitem__(self, key: str) -> Any:
                if key == "mesh_values":
                    raise AnsibleUndefinedVariable("'hub' is undefined")
                return super().__getitem__(key)

        hostvars = {"east": HOSTVARS["east"], "west": Lazy({**HOSTVARS["west"], "mesh_values": "{{ hub }}"})}
        told = judged(hostvars, hostvars)
        assert (told["east"], len(told["west"])) == ([], 1)
        assert told["west"][0].startswith("west: mesh_values cannot be read: 'hub' is undefined")

    def test_what_helm_cannot_be_given_is_found_before_anything_is_written(self) -> None:
        assert found({"mesh_kube": {"context": "c", "proxy": "http://p:3128"}}) == [
            "east: mesh_kube.proxy: Helm has no way to be told it; put it into the kubeconfig."
        ]

    def test_a_mesh_without_charts_is_reached_as_helm_could_not(self) -> None:
        assert found({"mesh_kube": {"context": "c", "proxy": "http://p:3128"}, "mesh_provider": "ossm3", "mesh_version": "1.30.3"}) == []


class TestCharts:
    def test_each_chart_is_asked_for_once_whoever_wants_it(self) -> None:
        charts = call("_preflight_charts", HOSTVARS, HOSTVARS)
        assert [(chart["chart"], chart["clusters"]) for chart in charts] == [
            ("base", ["east", "west"]), ("gateway", ["east", "west"]), ("istiod", ["east", "west"]),
        ]  # fmt: skip
        assert set(charts[0]) == {"chart", "repository", "version", "clusters"}

    def test_sites_may_have_their_charts_from_elsewhere(self) -> None:
        hostvars = copy.deepcopy({name: HOSTVARS[name] for name in ("east", "west")})
        hostvars["west"] |= {"mesh_charts": {"source": "oci", "location": "oci://registry.example/istio"}, "mesh_version": "1.32"}
        charts = call("_preflight_charts", hostvars, hostvars)
        assert {chart["chart"]: chart["clusters"] for chart in charts if chart["version"] == "1.32"} == {
            f"oci://registry.example/istio/{name}": ["west"] for name in ("base", "istiod", "gateway")
        }

    def test_a_wish_that_cannot_be_asks_for_nothing(self) -> None:
        hostvars = {"east": HOSTVARS["east"], "west": {**HOSTVARS["west"], "mesh_charts": "nowhere"}}
        assert all(chart["clusters"] == ["east"] for chart in call("_preflight_charts", hostvars, hostvars))

    @pytest.fixture
    def programs(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The only folder in which programs are looked for."""
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path

    @staticmethod
    def told(charts: list[dict[str, Any]], timeout: float = 5) -> dict[str, list[str]]:
        """The findings that preflight makes of the module's real answer."""
        result = controller_info.reconcile(None, {"charts": charts, "timeout": timeout})
        hostvars = {name: {**HOSTVARS[name], "__preflight_controller": result} for name in ("east", "west")}
        return judged(hostvars, hostvars)

    CHARTS = [
        {"chart": "base", "repository": "https://me:s3cret@charts.example", "version": "1.32", "clusters": ["east", "west"]},
        {"chart": "/charts/istiod", "repository": None, "version": None, "clusters": ["west"]},
    ]

    def helm(self, folder: Any, script: str) -> None:
        (folder / "helm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "helm").chmod(0o755)

    def test_no_helm_is_told_of_every_cluster_and_nothing_of_charts(self, programs: Any) -> None:
        sentence = (
            "the machine that runs Ansible has no helm on its PATH; install Helm 3.8 or later there "
            "(in AWX: use an execution environment that has Helm)."
        )
        assert self.told(self.CHARTS) == {"east": [f"east: {sentence}"], "west": [f"west: {sentence}"]}

    def test_a_helm_that_is_too_old_is_told(self, programs: Any) -> None:
        self.helm(programs, "echo v3.7.2")
        assert self.told(self.CHARTS)["east"] == [f"east: {programs}/helm is Helm v3.7.2; install Helm 3.8 or later."]

    @pytest.mark.parametrize("version", ["v3.8.0", "v3.19.4", "v4.0.1"])
    def test_charts_that_are_shown_are_fine(self, programs: Any, version: str) -> None:
        self.helm(programs, f'[ "$1" = version ] && echo {version} || printf "name: base\\nversion: 1.32.1\\n"')
        assert self.told(self.CHARTS) == {"east": [], "west": []}

    def test_helm_4_is_not_called_by_a_module_that_cannot_tell_it_how_to_apply(self, programs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.helm(programs, '[ "$1" = version ] && echo v4.3.1 || echo version: 1.32.1')
        monkeypatch.setattr(preflight, "version_of", {"kubernetes.core": "6.4.0"}.get)
        told = self.told(self.CHARTS)
        assert [len(found) for found in told.values()] == [1, 1]
        assert told["east"][0].startswith("east: kubernetes.core 6.4.0 cannot tell Helm v4.3.1 how to apply; ")

    def test_a_chart_that_cannot_be_had_is_told_where_it_is_wanted_without_the_password(self, programs: Any) -> None:
        self.helm(programs, '[ "$1" = version ] && echo v3.19.0 && exit; [ "$3" = base ] && echo version: 1 && exit; '
                            'echo "WARNING: the kubeconfig is group-readable" >&2; echo "Error: path \'$3\' not found." >&2; exit 1')  # fmt: skip
        assert self.told(self.CHARTS) == {
            "east": [],
            "west": ["west: Helm cannot get the chart /charts/istiod: path '/charts/istiod' not found; check mesh_charts and mesh_version."],
        }
        self.helm(programs, '[ "$1" = version ] && echo v3.19.0 && exit; echo "Error: Get $5: no such host" >&2; exit 1')
        sentence, = self.told(self.CHARTS)["east"]
        assert sentence.startswith("east: Helm cannot get the chart base 1.32 from https://charts.example: Get https://charts.example: no such host; check")

    def test_a_source_that_does_not_answer_is_not_waited_for_for_ever(self, programs: Any) -> None:
        self.helm(programs, '[ "$1" = version ] && echo v3.19.0 && exit; exec /bin/sleep 60')
        assert ": no answer within 0.5 s" in self.told(self.CHARTS, 0.5)["east"][0]


class TestTable:
    def test_the_worst_cluster_is_last_and_the_same_sentence_is_told_once(self) -> None:
        findings = {"east": ["east: one.", "east: no helm."], "north": [], "west": ["west: no helm."]}
        hostvars = {name: {"mesh_oncall": "ana"} if name == "north" else {} for name in findings}
        assert call("_preflight_table", findings, hostvars) == [
            "CLUSTER  FINDINGS",
            "-------  --------",
            "north    none",
            "west     1",
            "east     2",
            "",
            "north: nobody here reads the variable mesh_oncall; list it in mesh_own_variables if it is your own.",
            "west, east: no helm.",
            "east: one.",
        ]

    def test_nothing_is_shown_where_nothing_stands_in_the_way(self) -> None:
        assert call("_preflight_table", {"east": []}, {"east": {"mesh_oncall": "ana"}}, ["mesh_oncall"]) == []

    @pytest.mark.parametrize(("others", "said"), [
        ({}, "east is ready"),
        ({"west": ["west: x."]}, "east: this cluster has no findings, but the run writes nothing anywhere while other clusters have findings: west"),
        (
            {f"c{n}": ["x"] for n in range(7)},
            "east: this cluster has no findings, but the run writes nothing anywhere while other clusters have findings: c0, c1, c2, c3, c4 and 2 more",
        ),
    ])
    def test_a_cluster_without_findings_says_one_line(self, others: dict[str, list[str]], said: str) -> None:
        assert call("_preflight_verdict", json.dumps({"east": [], **others}), "east") == {"findings": [], "waits": said}


def test_what_only_shows_between_the_clusters_of_a_mesh_is_told_to_those_of_the_play() -> None:
    def host(name: str, protocol: Any) -> dict[str, Any]:
        entries = {"declared": [{"kind": "service-defaults", "name": "web", "protocol": protocol}]}
        return {**HOSTVARS[name], "mesh_provider": "consul", "mesh_values": {"entries": entries}}

    hostvars = {"east": host("east", "http"), "west": host("west", "tcp"), "bastion": HOSTVARS["bastion"]}
    texts = judged(["east"], hostvars)
    assert list(texts) == ["east"]
    assert [text for text in texts["east"] if "the protocol of the service web is not the same in all datacenters: east has http | west has tcp" in text]
    hostvars["west"] = host("west", ["no text"])  # west is told of it by itself, and nobody else is told anything
    assert not [text for text in judged(["east"], hostvars)["east"] if "protocol" in text]
