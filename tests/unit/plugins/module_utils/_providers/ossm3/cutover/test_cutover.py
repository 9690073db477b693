# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cutover between revisions of the operator: what is seen, what is led, what is kept and what goes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import POINT_SERVICE, POINT_WEBHOOK, TURN, Aim, Order, of_finish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import CutoverWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.refusals import Allowed, refusals
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.write import CREATE, PATCH, Write
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.rules import RULES
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM, manifests
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import OSSM3
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.control_plane import GRACE
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.versions import ISTIO
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_cutover, sail

CUTOVER = OSSM3.cutover
BLUE, GREEN = "main-v1-30-2", "main-v1-30-3"
FORWARD, BACK = Aim(GREEN, BLUE), Aim(BLUE, GREEN)


def halves(name: str, leads: str) -> list[dict[str, Any]]:
    """As the operator's chart makes them."""
    return manifests(ControlPlane("east", "prod", version="1.30.0", revision=leads, tags=(name,), namespace=sail.SPACE))


def injector(revision: str) -> dict[str, Any]:
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": istio_cutover.HOOKS, **istio_cutover.injector(revision)}


def space(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", **istio_cutover.space(name, **labels)}


def based(version: str = "v1.30.3", grace: int | None = None) -> dict[str, Any]:
    one = sail.istio("main", version, "RevisionBased")
    if grace is not None:
        one["spec"]["updateStrategy"]["inactiveRevisionDeletionGracePeriodSeconds"] = grace
    return one


def world(*more: dict[str, Any], istio: dict[str, Any] | None = None, tag: dict[str, Any] | None = None, leads: str = BLUE) -> Scene:
    """Two revisions of one Istio, whose tag default leads to one of them."""
    revisions = [sail.revision(BLUE, "v1.30.2", owner="main"), sail.revision(GREEN, "v1.30.3", owner="main")]
    planes = [sail.istiod(BLUE), sail.istiod(GREEN), injector(BLUE), injector(GREEN)]
    known = [istio or based(grace=GRACE), *revisions, tag or sail.tag(target=leads), *halves("default", leads), *planes, space(sail.SPACE), sail.cni(), *more]
    return CUTOVER.scene("east", sail.SPACE).judge(sail.live(*known), Answers())


def noted(target: str, former: str) -> dict[str, Any]:
    tag = sail.tag(target=target)
    tag["metadata"]["annotations"] = {LED_FROM: former}
    return tag


class TestSeen:
    def test_versions_are_those_of_revisions_and_of_the_plugin(self) -> None:
        state = world().state
        assert {one.revision: one.version for one in state.revisions} == {BLUE: "1.30.2", GREEN: "1.30.3"}
        assert state.cni == "1.30.3"

    def test_a_tag_has_the_note_that_its_object_has_and_lacks_nothing(self) -> None:
        (tag,) = world(tag=noted(GREEN, BLUE), leads=GREEN).state.tags
        assert (tag.webhook, tag.service, tag.lacks, tag.webhook_from, tag.service_from) == (GREEN, GREEN, "", BLUE, BLUE)

    def test_a_tag_of_which_the_operator_has_made_nothing_yet_still_holds_its_revision(self) -> None:
        state = world(sail.tag("prod", BLUE)).state
        assert ("prod", BLUE) in [(one.name, one.webhook) for one in state.tags]
        assert [use for use in state.users(BLUE) if "prod" in use]

    def test_what_a_coming_revision_has_already_is_not_left_over(self) -> None:
        coming = sail.revision("next", "v1.31.0-beta.1", said=sail.UNJUDGED)
        assert "next" not in [one.revision for one in world(coming, injector("next")).state.leftovers]
        assert "gone" in [one.revision for one in world(injector("gone")).state.leftovers]

    def test_all_of_it_survives_as_facts(self) -> None:
        state = world(sail.subscription()).state
        assert state.forbids
        assert ClusterState.of(state.facts()).facts() == state.facts()


def forbidden(*more: dict[str, Any]) -> list[str]:
    return refusals([world(*more).state], FORWARD, CutoverWish(), RULES, ISTIO, Allowed())


class TestForbidden:
    def test_without_olm_nothing_is(self) -> None:
        assert forbidden() == []

    def test_an_operator_that_upgrades_itself(self) -> None:
        (said,) = forbidden(sail.subscription())
        assert said.startswith("east: Subscription openshift-operators/servicemeshoperator3 has automatic approval")
        assert said.endswith("or pin its csv with meshops.lifecycle.operator.")

    @pytest.mark.parametrize(("approved", "phase", "said"), [
        (False, "RequiresApproval", 0), (True, "Installing", 1), (True, "", 1), (True, "Complete", 0), (True, "Failed", 0),
    ])  # fmt: skip
    def test_an_upgrade_that_is_under_way_and_not_one_that_waits_for_approval(self, approved: bool, phase: str, said: int) -> None:
        pinned = sail.subscription(state="UpgradePending", installPlanRef={"name": "install-1"})
        pinned["spec"]["installPlanApproval"] = "Manual"
        meta = {"name": "install-1", "namespace": "openshift-operators"}
        told_of = {"spec": {"approved": approved}, "status": {"phase": phase}}
        plan = {"apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan", "metadata": meta, **told_of}
        told = forbidden(pinned, plan)
        assert len(told) == said
        assert all("must not overlap with a cutover" in one for one in told)

    def test_an_istio_of_which_the_operator_keeps_the_default_rule(self) -> None:
        said = [one for one in forbidden(sail.istio("default"), sail.revision("default"), sail.istiod("default")) if "IstioRevision default" in one]
        assert len(said) == 1
        assert "upgrade it in its place with site" in said[0]


def written(what: str, there: Scene, aim: Aim = FORWARD, undoes: bool = False, name: str = "default") -> list[Write]:
    return CUTOVER.writes(Order(what, "tag", "", name, aim.target, undoes), there, aim, "")


class TestLed:
    def test_one_write_leads_both_halves_and_waits_for_the_operator(self) -> None:
        (write,) = written(POINT_SERVICE, world())
        assert (write.how, str(write.ref)) == (PATCH, "IstioRevisionTag default")
        assert write.body == {"metadata": {"annotations": {LED_FROM: BLUE}}, "spec": {"targetRef": {"kind": "IstioRevision", "name": GREEN}}}
        (waits,) = write.then
        assert (waits.path, waits.value) == ("status.istioRevision", GREEN)

    def test_what_is_led_already_is_not_written_again(self) -> None:
        there = world(tag=noted(GREEN, BLUE))
        assert [written(what, there) for what in (POINT_SERVICE, POINT_WEBHOOK)] == [[], []]

    def test_a_way_back_within_the_same_run_takes_the_note_off(self) -> None:
        (write,) = written(POINT_WEBHOOK, world(tag=noted(GREEN, BLUE), leads=GREEN), BACK, undoes=True)
        assert write.body["metadata"] == {"annotations": {LED_FROM: None}}

    def test_a_tag_of_another_tool_is_led_as_everywhere(self) -> None:
        (write,) = written(POINT_WEBHOOK, world(*halves("foreign", BLUE)), name="foreign")
        assert write.ref.kind == istio_cutover.HOOKS

    def test_a_missing_tag_is_made_as_the_operator_s(self) -> None:
        (write,) = written(POINT_WEBHOOK, world(), name="new")
        assert (write.how, write.body["kind"], write.body["spec"]) == (CREATE, "IstioRevisionTag", {"targetRef": {"kind": "IstioRevision", "name": GREEN}})

    def test_all_that_leads_to_the_former_one_is_led_at_the_end(self) -> None:
        there = world()
        led = [one for one in of_finish(there.state, FORWARD) if one.what in (POINT_SERVICE, POINT_WEBHOOK)]
        assert [one.name for one in led] == ["default", "default"]
        assert [len(CUTOVER.writes(one, there, FORWARD, "")) for one in led] == [1, 1]

    def test_other_orders_are_the_family_s(self) -> None:
        (write,) = CUTOVER.writes(Order(TURN, "Namespace", "", "shop", GREEN), world(space("shop", **{"istio.io/rev": BLUE})), FORWARD, "")
        assert write.body["metadata"]["labels"]["istio.io/rev"] == GREEN


class TestKept:
    @pytest.mark.parametrize("grace", [None, 30, 3600])
    def test_a_grace_period_that_is_too_short_is_raised(self, grace: int | None) -> None:
        (write,) = CUTOVER.copies(world(istio=based(grace=grace)), FORWARD, "leave")
        assert (str(write.ref), write.body) == ("Istio main", {"spec": {"updateStrategy": {"inactiveRevisionDeletionGracePeriodSeconds": GRACE}}})

    def test_once(self) -> None:
        assert CUTOVER.copies(world(), FORWARD, "leave") == []
        assert CUTOVER.copies(world(istio=based(grace=GRACE + 1)), FORWARD, "leave") == []

    def test_not_where_each_revision_has_an_istio_of_its_own(self) -> None:
        own = (sail.istio("a"), sail.revision("a"), sail.istio("b"), sail.revision("b"))
        assert CUTOVER.copies(world(*own), Aim("b", "a"), "leave") == []


def gone(there: Scene, revision: str) -> tuple[list[str], list[tuple[str, Any]]]:
    removal = CUTOVER.removal(there, revision, sail.SPACE)
    assert list(removal.releases) == []
    operands = [str(ref) for ref in removal.last if ref.api_version == sail.API]
    return operands, [(str(write.ref), write.body) for write in removal.forgotten]


class TestGone:
    def test_a_revision_that_its_istio_has_left_goes_alone(self) -> None:
        assert gone(world(leads=GREEN), BLUE) == ([f"IstioRevision {BLUE}"], [])

    def test_on_the_way_back_the_istio_is_turned_before_its_revision_goes(self) -> None:
        """Otherwise the operator would make it again."""
        assert gone(world(), GREEN) == ([f"IstioRevision {GREEN}"], [("Istio main", {"spec": {"version": "v1.30.2"}})])

    def test_an_istio_with_one_revision_goes_with_it(self) -> None:
        assert gone(world(sail.istio("stable"), sail.revision()), "stable") == (["Istio stable", "IstioRevision stable"], [])

    def test_notes_of_it_go(self) -> None:
        _operands, forgotten = gone(world(tag=noted(GREEN, BLUE), leads=GREEN), BLUE)
        assert forgotten == [("IstioRevisionTag default", {"metadata": {"annotations": {LED_FROM: None}}})]


def test_the_rights_name_what_is_written() -> None:
    rights = {(one["group"], one["resource"], one["verb"]) for one in CUTOVER.permissions("mesh")}
    wanted = {("istios", "patch"), ("istiorevisions", "delete"), ("istiorevisiontags", "create"), ("istiorevisiontags", "patch")}
    assert {*(("sailoperator.io", *right) for right in wanted), ("operators.coreos.com", "installplans", "list")} <= rights
