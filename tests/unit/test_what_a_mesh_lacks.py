# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh without gateways, revisions, networks and injection by label: each module skips what the mesh lacks, or refuses it in one sentence."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import stage
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import inventory_supply
from ansible_collections.meshops.lifecycle.plugins.modules import certificates_info, gateway_certificates, link_rotation, mesh_info, probe, workloads
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, NOW, ROOT, issuer, root
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import install, rotation, trust
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SPACE = "paper"
WISH = ControlPlane("east", "shop", network="on-prem", namespace=SPACE, provider="paper", version="1.0.0")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "paper", PAPER)


def pod(name: str, space: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": labels}, "status": {"phase": "Running"}}


def installed() -> FakeCluster:
    """The mesh as its stages install it, with its CA and its product."""
    told = {"certificate": EAST.pem.decode(), "chain": ROOT.pem.decode(), "roots": ROOT.pem.decode(), "waits": []}
    answers = {(SPACE, "control-1", rotation.PORT, rotation.PATH): json.dumps(told).encode()}
    made = FakeCluster(namespace(SPACE), pod("control-1", SPACE, paper="control"), *trust.manifests(issuer(), SPACE, "shop"), name="east", answers=answers)
    for one in PAPER.install.stages(WISH):
        made.apply(list(one.manifests))
    return made


def asked(module: Any, cluster: FakeCluster, clock: Ticking | None = None, **options: Any) -> dict[str, Any]:
    """Run the module with the defaults of its options."""
    known = ArgumentSpecValidator(module.TASK["argument_spec"]).validate({"provider": "paper", **options})
    assert not known.error_messages, known.error_messages
    found: dict[str, Any] = module.reconcile(cluster, module.TASK.get("prepare", dict)(known.validated_parameters), **({"clock": clock} if clock else {}))
    return found


class TestWithoutGateways:
    def test_their_certificates_are_refused_in_one_sentence(self) -> None:
        here = installed()
        before = len(here.writes)
        with pytest.raises(Refused, match=r"^The provider paper has no gateways\.$"):
            asked(gateway_certificates, here, mesh="shop", namespace=SPACE)
        assert len(here.writes) == before

    def test_what_else_expires_is_listed_all_the_same(self) -> None:
        here = installed()
        here.apply([namespace("meshops-system"), root_secret.secret(root(), "meshops-root-ca", "meshops-system", "shop")])
        found = asked(certificates_info, here, Ticking(start=NOW), namespace=SPACE)
        assert {one["kind"] for one in found["certificates"]} == {"root", "intermediate"}
        assert not found["faults"]

    def test_none_is_missed_where_the_inventory_has_two_networks(self) -> None:
        hosts = {name: {"mesh_name": "shop", "mesh_provider": "paper", "mesh_network": name, "mesh_kube": {"context": name}} for name in ("east", "west")}
        assert not FILTERS["mesh_expected"](list(hosts), hosts, "east")["gateway"]

    def test_there_is_nothing_to_install_and_nothing_to_remove(self) -> None:
        for stages in (PAPER.install.stages(WISH), PAPER.install.teardown(WISH)):
            assert stage.of_part(stages, "gateways") == []

    def test_no_claim_is_made_on_one(self) -> None:
        assert {claim.ref.kind for claim in PAPER.install.claims(WISH, ["west"], gateway=True)} == {"Deployment", install.KIND}


class TestWithoutCharts:
    VARIABLES: ClassVar[dict[str, Any]] = {"mesh_name": "shop", "mesh_provider": "paper", "mesh_version": "1.0.0", "mesh_kube": {"context": "east"}}

    def test_a_mirror_must_hold_the_images_alone(self) -> None:
        needed = inventory_supply.needs("east", self.VARIABLES)
        assert {one.kind for one in needed} == {"image"}
        assert needed[0].upstream == f"{install.IMAGE}:1.0.0"

    def test_preflight_looks_for_none(self) -> None:
        assert stage.releases(PAPER.install.stages(WISH)) == []


class TestWithoutRevisionsAndNetworks:
    def test_a_control_plane_that_is_not_ready_is_told_without_the_name_of_a_revision(self) -> None:
        found = asked(mesh_info, installed(), namespace=SPACE, expected={"gateway": False})
        assert found["findings"] == ["east: the control plane has 0 of 1 replicas ready."]

    def test_a_cluster_without_it_is_told_of(self) -> None:
        found = asked(mesh_info, FakeCluster(name="east"), namespace=SPACE, expected={"gateway": False})
        assert found["findings"] == ["east: the control plane of the mesh is not installed; run meshops.lifecycle.control_plane."]


class TestWithoutInjectionByLabel:
    """The provider says what the probe runs, in which namespace, and which label keeps the mesh out of a namespace."""

    WISH = ProbeWish("east", "", ("east", "west"), image="registry.example/echo")

    def test_its_echo_server_bears_no_label_of_another_mesh(self) -> None:
        made = PAPER.health.probe(self.WISH).manifests
        assert not [one for one in made if "istio" in json.dumps(one)]
        space = next(one for one in made if one["kind"] == "Namespace")
        assert "labels" not in space["metadata"]

    def test_its_answers_are_judged_by_its_own_words(self) -> None:
        answers = {("meshops-probe", "echo-1", 8080, f"/ask/{name}"): name.encode() for name in ("east", "west")}
        here = FakeCluster(pod("echo-1", "meshops-probe", app="echo-east"), name="east", answers=answers)
        assert asked(probe, here, targets=["east", "west"])["answers"] == {"east": 5, "west": 5}

    def test_a_namespace_is_closed_by_its_own_label_alone(self) -> None:
        requirements = PAPER.install.requirements()
        assert requirements.refused_by({"istio-injection": "disabled"}) == ""
        assert requirements.refused_by({"paper.example.com/closed": "true"}) == "paper.example.com/closed: true"


def test_one_credential_for_each_account_is_not_replaced_while_it_is_used() -> None:
    with pytest.raises(Refused, match="^east: paper never has two valid credentials of one cluster, so this collection cannot replace one"):
        asked(link_rotation, installed(), mesh="shop", namespace=SPACE, consumers=[])


class TestWithoutSidecarsOfARun:
    """Its product gives workloads their proxies, so a run has nothing to give, and says so to whoever asks for it."""

    def test_a_service_of_the_inventory_is_refused(self) -> None:
        service = {"service": "shop", "namespace": "shop", "port": 8080, "labels": {"app": "shop"}}
        params = {"wish": {"cluster": "east", "mesh": "shop", "provider": "paper"}, "services": [service], "set": "inventory", "wait_timeout": 1}
        here = installed()
        before = list(here.writes)
        with pytest.raises(Refused, match="^east: paper gives workloads their proxies itself. Remove mesh_workloads"):
            workloads.reconcile(here, params)
        assert here.writes == before

    def test_its_echo_server_is_no_service_of_the_inventory(self) -> None:
        assert FILTERS["_injects"]("paper")
        assert FILTERS["_probe_services"]({"cluster": "east", "revision": "", "targets": ["east"]}, "paper") == []


def test_what_to_run_instead_is_said_where_a_mesh_knows_it() -> None:
    with pytest.raises(Refused, match=r"^The provider consul has no cutover\. Its servers have no revisions: site restarts them .*false\.$"):
        PROVIDERS["consul"].cutover  # noqa: B018
    with pytest.raises(Refused, match=r"^The provider paper has no cutover\.$"):
        PAPER.cutover  # noqa: B018
