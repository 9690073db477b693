# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning over the clusters of a mesh as the controller sees them: hosts that were skipped, failed, or are not in the run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

OLD, NEW = "0" * 64, "1" * 64


def seen(cluster: str, signs: str = OLD, *trusts: str, **more: Any) -> dict[str, Any]:
    standing = {"cluster": cluster, "signs_under": signs, "signer": f"ca-{cluster}", "trusts": list(trusts or (signs,)), "marks": [], "epoch": 0}
    facts = {"laggards": [], "issuers": [signs], "roots": [], "previous": None, "faults": [], "clock_skew_seconds": 0.4}
    return {"step": "introduce", "standing": standing, **facts, **more}


def valid(since: float, until: float) -> dict[str, str]:
    """Hours from now."""
    return {name: (datetime.now(UTC) + timedelta(hours=hours)).isoformat() for name, hours in (("not_before", since), ("not_after", until))}


def inventory(**results: Any) -> dict[str, dict[str, Any]]:
    """east and west are one mesh, bank is in another mesh, jump is no cluster."""
    hosts: dict[str, dict[str, Any]] = {name: {"mesh_name": "shop", "mesh_kube": {"context": name}} for name in ("east", "west")}
    hosts |= {"bank": {"mesh_name": "bank", "mesh_kube": {"context": "bank"}}, "jump": {}}
    for name, result in {"east": seen("east"), "west": seen("west"), **results}.items():
        if result is not None:
            hosts[name]["seen"] = result
    return hosts


def call(name: str, hosts: dict[str, dict[str, Any]], *given: Any, **more: Any) -> Any:
    return FILTERS[f"_rotation_{name}"](list(hosts), hosts, "east", *given, **more)


def test_what_a_step_is_told_of_each_cluster() -> None:
    told = call("clusters", inventory(), "seen")
    assert [one["standing"]["cluster"] for one in told] == ["east", "west"]
    assert set(told[0]) == {  # what a plan is made of
        "standing", "laggards", "issuers", "roots", "previous", "ignored", "intermediate", "served_by", "unread", "driven", "alone", "outgoing",
    }


ELSEWHERE = (
    "west cannot be judged: cert-manager's istio-csr (csr:443) manages its CA, so a write here would change nothing or would be written back. "
    "Rotate the issuer there, and keep the old root beside the new root in its CA bundle until every workload has a new certificate."
)
NOT_HERE = "west cannot be judged: it is not part of this run, and a rotation takes all clusters of the mesh; run it without --limit."


@pytest.mark.parametrize(
    ("west", "said"),
    [
        (None, NOT_HERE),
        ({"failed": True, "msg": "west: no route."}, "west cannot be judged: west: no route."),
        ({"skipped": True, "changed": False}, "west cannot be judged: it holds no CA of the mesh."),
        (seen("west") | {"standing": None, "faults": ["west: there is no Secret."]}, "west cannot be judged: west: there is no Secret."),
        (seen("west", "") | {"faults": ["west: it leads to no root."]}, "west cannot be judged: west: it leads to no root."),
        ({"failed": True, "standing": seen("west")["standing"], "msg": "west: late"}, "west cannot be judged: west: late."),
        (seen("west") | {"standing": None, "faults": ["west: there is no Secret."], "in_charge": "cert-manager's istio-csr (csr:443)"}, ELSEWHERE),
        (seen("west", in_charge="cert-manager's istio-csr (csr:443)"), ELSEWHERE),
    ],
    ids=[
        "limited",
        "failed",
        "skipped",
        "without a CA",
        "of a CA without a root",
        "failed after it was seen",
        "somebody else's",
        "somebody else's, with a CA that nobody uses",
    ],
)
class TestAClusterThatCannotBeJudged:
    def test_no_step_is_begun(self, west: Any, said: str) -> None:
        with pytest.raises(AnsibleFilterError) as refused:
            call("clusters", inventory(west=west), "seen")
        assert str(refused.value) == f"The mesh shop is not rotated: {said}"

    def test_it_is_a_finding_of_the_plan(self, west: Any, said: str) -> None:
        told = call("plan", inventory(west=west), "seen", NEW)
        assert told["findings"] == [said]
        assert told["table"][-1] == said

    def test_it_stops_all_at_the_barrier(self, west: Any, said: str) -> None:
        (told,) = call("barrier", inventory(west=west), "seen", "introduce", OLD)
        assert said in told

    def test_unless_it_is_left_out(self, west: Any, said: str) -> None:
        hosts = inventory(west=west)
        assert call("plan", hosts, "seen", NEW, exclude=["west"])["findings"] == []
        assert call("barrier", hosts, "seen", "introduce", OLD, exclude=["west"]) == []
        assert len(call("clusters", hosts, "seen", exclude=["west"])) == 1


class TestDone:
    def test_when_nothing_is_left(self) -> None:
        assert call("plan", inventory(), "seen", OLD)["done"]

    def test_not_while_anything_is_behind(self) -> None:
        assert not call("plan", inventory(west=seen("west", laggards=["proxy shop/web"])), "seen", OLD)["done"]

    def test_not_while_something_is_kept(self) -> None:
        told = call("plan", inventory(west=seen("west", previous={"signer": "x"})), "seen", OLD)
        assert (told["done"], [(step["step"], step["clusters"]) for step in told["steps"]]) == (False, [("finish", ["west"])])

    def test_not_while_a_root_lies_beside(self) -> None:
        told = call("plan", inventory(), "seen", OLD, unsettled=True)
        assert (told["done"], [(step["step"], step["clusters"]) for step in told["steps"]]) == (False, [("finish", ["east"])])


def test_clocks_that_are_too_far_apart() -> None:
    hosts = inventory(west=seen("west", clock_skew_seconds=31.0))
    (finding,) = call("plan", hosts, "seen", NEW, clock_skew_max=30)["findings"]
    assert finding.startswith("west: the cluster's clock is 31 s behind this machine's, more than the 30 s allowed")
    assert call("plan", hosts, "seen", NEW, clock_skew_max=31)["findings"] == []


def test_a_stranger_is_a_finding_and_the_table_is_shown_all_the_same() -> None:
    told = call("plan", inventory(west=seen("west", "2" * 64)), "seen", NEW)
    assert " rebuilt, or is it a cluster of another mesh?" in told["findings"][0]
    assert told["phases"] == {"east": "unclear", "west": "unclear"}


def under(until: float, **more: Any) -> dict[str, Any]:
    """The facts of a cluster whose root expires in so many hours."""
    own = {"fingerprint": OLD, **valid(-100, until)}
    return {"root": own, "roots": [own], "intermediate": {"fingerprint": "ca", **valid(-50, until)}, **more}


class TestExpired:
    def test_a_root_says_since_when_and_what_to_do(self) -> None:
        hosts = inventory(east=seen("east", **under(-1)), west=seen("west", **under(-1)))
        told = call("plan", hosts, "seen", NEW)
        assert len(told["findings"]) == 2
        assert told["findings"][0].startswith(f"east: root {OLD[:12]} expired at {hosts['east']['seen']['root']['not_after']}, and new mTLS handshakes fail")
        assert told["findings"][0].endswith("Rotate to another root with rotate: root and rotate_recover: true.")

    def test_to_leave_it_is_a_plan_of_its_own(self) -> None:
        down = under(-1, expired=["shop/web-1"], expired_count=1, holders={"proxy": 3}, offline=["shop/Deployment/api"])
        down["planes"] = [{"name": "istiod", "desired": 1, "ready": 0}]
        told = call("plan", inventory(east=seen("east", **down), west=seen("west", **under(-1))), "seen", NEW, recover=True)
        assert (told["findings"], [step["step"] for step in told["steps"]]) == ([], ["reissue", "retire"])
        shown = "\n".join(told["table"])
        assert "new mTLS handshakes fail since then, open connections last until they close" in shown
        assert "1 of 3 proxies have a certificate that is not valid any more: shop/web-1" in shown
        assert "control plane istiod has 0 of 1 ready" in shown
        assert "these do not follow without a restart: shop/Deployment/api; rotate_restart allows it" in shown
        assert "down until each proxy has a certificate of the new root. Reissue waits for that" in shown

    def test_not_where_none_has(self) -> None:
        (finding,) = call("plan", inventory(east=seen("east", **under(99)), west=seen("west", **under(99))), "seen", NEW, recover=True)["findings"]
        assert finding.startswith("rotate_recover is for a mesh whose root has expired, and no root of the mesh shop has expired. Run without rotate_recover")

    @pytest.mark.parametrize("more", [{"unsettled": True}, {}], ids=["a root lies beside", "a former CA is kept"])
    def test_not_refused_while_it_comes_to_its_end(self, more: dict[str, Any]) -> None:
        """After the last cluster has retired the expired root, no cluster shows that root."""
        west = seen("west", NEW, previous=None if more else {"signer": "x"})
        assert call("plan", inventory(east=seen("east", NEW), west=west), "seen", NEW, recover=True, **more)["findings"] == []

    def test_a_root_that_soon_will_have_is_told(self) -> None:
        told = call("plan", inventory(west=seen("west", **under(0.2))), "seen", NEW)
        assert told["findings"] == []
        assert "Every cluster that is not reissued by then is down until it is reissued" in "\n".join(told["table"])

    def test_an_intermediate_is_for_a_rotation_of_intermediates(self) -> None:
        gone = under(99, intermediate={"fingerprint": "ca-west", **valid(-50, -1)})
        hosts = inventory(west=seen("west", **gone))
        (finding,) = call("plan", hosts, "seen", NEW)["findings"]
        assert "west: its intermediate ca-west expired at" in finding and "with rotate: intermediate, then rotate the root" in finding
        told = call("plan", hosts, "seen", OLD, stale=["ca-west"])
        assert (told["findings"], [(step["step"], step["clusters"]) for step in told["steps"]]) == ([], [("reissue", ["west"]), ("retire", ["west"])])
        assert "since then every peer refuses the certificates that it issued" in "\n".join(told["table"])

    def test_the_barrier_waits_for_nobody_under_it_before_it_is_reissued(self) -> None:
        hosts = inventory(east=seen("east", **under(-1)), west=seen("west", laggards=["proxy shop/web"], **under(-1)))
        assert call("barrier", hosts, "seen", "introduce", NEW, recover=True) == []
        assert "west: proxy shop/web" in call("barrier", hosts, "seen", "introduce", NEW)[0]


def test_what_versions_get_wrong_is_shown_below_their_cluster() -> None:
    hosts = inventory(west=seen("west", quirks=["istiod 1.29.1, until 1.30: istiod compares bundles as bytes (istio#59909)"]))
    shown = call("plan", hosts, "seen", NEW)["table"]
    place = next(number for number, line in enumerate(shown) if line.startswith("  west:"))
    assert shown[place + 1] == "    istiod 1.29.1, until 1.30: istiod compares bundles as bytes (istio#59909)"


class TestWhatCannotBeSeen:
    """What cannot be measured is a finding before the first write."""

    @pytest.mark.parametrize(("facts", "said"), [
        ({"unseen": ["shop/vm"]}, "west: shop/vm: connected to the control plane and no pod here, as a virtual machine is"),
        ({"silent": ["istio-system/istiod-1"]}, "west: istio-system/istiod-1 does not say which proxies it serves"),
    ])  # fmt: skip
    def test_it_has_to_be_acknowledged(self, facts: dict[str, Any], said: str) -> None:
        hosts = inventory(west=seen("west", **facts))
        (finding,) = call("plan", hosts, "seen", NEW)["findings"]
        assert finding.startswith(said) and finding.endswith("rotate_unseen_acknowledged: true.")
        told = call("plan", hosts, "seen", NEW, unseen_acknowledged=True)
        assert told["findings"] == []
        assert "    not looked at, although acknowledged: " + said.removeprefix("west: ") in "\n".join(told["table"])

    @pytest.mark.parametrize(("facts", "said"), [
        ({"linked": ["gke"]}, "west: its control plane is linked to gke, no cluster of this mesh in the inventory. The proxies there would be cut off"),
        ({"elsewhere": {"gke": ["shop/web"]}}, "west: its control plane is linked to gke, no cluster of this mesh in the inventory"),
        ({"node_proxies": ["istio-system/ztunnel-1"]}, "west: proxies of whole nodes run there (istio-system/ztunnel-1)"),
        ({"stranded": ["shop"]}, "west: proxies of the mesh run in shop, which its configuration leaves out"),
    ])  # fmt: skip
    def test_some_of_it_cannot_be_acknowledged(self, facts: dict[str, Any], said: str) -> None:
        (finding,) = call("plan", inventory(west=seen("west", **facts)), "seen", NEW, unseen_acknowledged=True)["findings"]
        assert finding.startswith(said)

    def test_clusters_of_the_mesh_are_linked_by_whatever_name(self) -> None:
        hosts = inventory(east=seen("east", ids=["east", "data-centre-1"]), west=seen("west", linked=["east"], elsewhere={"data-centre-1": ["shop/web"]}))
        assert call("plan", hosts, "seen", NEW)["findings"] == []
        assert call("plan", {**hosts, "west": {**hosts["west"], "seen": seen("west", linked=["bank"])}}, "seen", NEW)["findings"] != []

    def test_one_that_is_left_out_is_still_of_the_mesh(self) -> None:
        hosts = inventory(east=seen("east", linked=["west"]))
        assert call("plan", hosts, "seen", NEW, exclude=["west"])["findings"] == []

    def test_it_forbids_nothing_where_nothing_is_rotated(self) -> None:
        assert call("plan", inventory(west=seen("west", unseen=["shop/vm"], node_proxies=["ztunnel"])), "seen", OLD)["findings"] == []

    def test_what_is_none_of_the_mesh_is_told(self) -> None:
        west = seen("west", foreign=["shop/fake"], unselected=["old"], by_hand=["shop/bare"])
        told = call("plan", inventory(west=west), "seen", NEW)
        assert told["findings"] == []
        shown = "\n".join(told["table"])
        assert "its proxy does not belong to this mesh: shop/fake" in shown
        assert "the mesh's configuration leaves the namespace out: the trust bundle in old" in shown
        assert "nothing here can restart it: shop/bare" in shown


class TestTheMoment:
    """A rotation reads the clock once, when it chooses the target."""

    def test_what_expires_later_has_not_expired(self) -> None:
        hosts = inventory(east=seen("east", **under(-1)), west=seen("west", **under(-1)))
        before = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
        assert "expired at" in call("plan", hosts, "seen", NEW)["findings"][0]
        assert call("plan", hosts, "seen", NEW, moment=before)["findings"] == []

    def test_the_barrier_goes_by_it_too(self) -> None:
        hosts = inventory(west=seen("west", laggards=["proxy shop/web"], **under(-1)))
        before = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
        waits = [call("barrier", hosts, "seen", "introduce", OLD, recover=True, moment=moment) for moment in ("", before)]
        assert ["west: proxy shop/web" in " ".join(found) for found in waits] == [False, True]


def test_a_partner_s_root_is_told_and_stays() -> None:
    roots = [{"fingerprint": one, "subject": f"CN={one[:1]}", "not_after": "2999-01-01T00:00:00Z"} for one in (OLD, "2" * 64)]
    told = call("plan", inventory(west=seen("west", OLD, OLD, "2" * 64, roots=roots)), "seen", OLD, leaving=[])
    assert told["done"]
    assert "    it also trusts 'CN=2', which this rotation neither brought nor replaces" in "\n".join(told["table"])


class TestARemoteCluster:
    """The CA of its primary counts for it."""

    REMOTE = {"mesh_role": "remote", "mesh_primary": "east"}

    def hosts(self, **results: Any) -> dict[str, dict[str, Any]]:
        hosts = inventory(**results)
        hosts["west"] |= self.REMOTE
        return hosts

    @staticmethod
    def primary(hosts: dict[str, dict[str, Any]], cluster: str = "west", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = FILTERS["_rotation_primary"](list(hosts), hosts, cluster, "seen", **more)
        return found

    def test_it_is_told_what_was_seen_of_its_primary(self) -> None:
        told = self.primary(self.hosts(east=seen("east", NEW, bundle_pem="PEM")))
        assert (told["standing"]["cluster"], told["standing"]["signs_under"], told["bundle_pem"]) == ("east", NEW, "PEM")
        assert self.primary(self.hosts(), "east") == {}

    @pytest.mark.parametrize(("east", "said"), [
        (None, "west: its primary east was not seen to be through: it is not part of this run, and a rotation takes all clusters of the mesh"),
        ({"failed": True, "msg": "east: no route."}, "west: its primary east was not seen to be through: east: no route."),
        (seen("east", in_charge="another CA"), "its primary east was not seen to be through: another CA manages its CA"),
    ])  # fmt: skip
    def test_it_is_told_why_nothing_was_seen(self, east: Any, said: str) -> None:
        assert said in self.primary(self.hosts(east=east))["missing"]

    @pytest.mark.parametrize(("variables", "said"), [
        ({"mesh_primary": "north"}, "west: mesh_primary names north, which is not a cluster of the mesh shop."),
        ({"mesh_primary": "west"}, "west: mesh_primary names west, which is itself a remote."),
        ({"mesh_primary": ""}, "west: it is remote and has no mesh_primary."),
    ])  # fmt: skip
    def test_a_primary_that_is_none(self, variables: dict[str, str], said: str) -> None:
        hosts = self.hosts()
        hosts["west"] |= variables
        assert self.primary(hosts) == {"missing": said}

    def test_a_primary_that_is_left_out(self) -> None:
        assert self.primary(self.hosts(), exclude=["east"])["missing"].startswith("west: its primary east is left out by rotate_exclude, and nothing changes")

    def test_what_lies_in_it_is_brought_to_its_primary_s_in_the_last_step(self) -> None:
        unread = {"trails": True, "kept": True}
        told = call("plan", self.hosts(west=seen("west", served_by="east", unread=unread)), "seen", OLD)
        assert [(step["step"], step["clusters"]) for step in told["steps"]] == [("retire", ["west"]), ("finish", ["west"])]
        assert "  west: on the new root only, with steps to come, served by east" in told["table"]
        assert call("plan", self.hosts(west=seen("west", served_by="east", unread={"trails": False, "kept": False})), "seen", OLD)["done"]


class TestLease:
    def test_the_first_cluster_takes_it_on_the_trust_cluster(self) -> None:
        told = call("lease", inventory(), "west")
        assert (told["mesh"], told["taker"]) == ("shop", "east")
        assert told["kube"] == {"context": "west", "cluster": "west", "cluster_uid": None}

    def test_without_a_trust_cluster_it_lies_on_the_first(self) -> None:
        assert call("lease", inventory())["kube"]["cluster"] == "east"

    def test_somebody_has_to_be_left(self) -> None:
        with pytest.raises(AnsibleFilterError, match="east: rotate_exclude leaves no cluster of its mesh"):
            call("lease", inventory(), "", ["east", "west"])


class TestRights:
    """What the credential has to be allowed to do, and where."""

    LEASE = {"mesh": "shop", "taker": "east", "kube": {"context": "east", "cluster": "east"}}

    @pytest.mark.parametrize("kind", ["root", "intermediate", "links", "gateways"])
    @pytest.mark.parametrize("restart", [False, True])
    def test_each_right_is_whole_and_asked_for_once(self, kind: str, restart: bool) -> None:
        rights = FILTERS["_rotation_permissions"]("istio", kind, "mesh", restart)
        assert all({"verb", "group", "resource"} <= set(right) <= {"verb", "group", "resource", "namespace", "name"} for right in rights)
        assert len({tuple(sorted(right.items())) for right in rights}) == len(rights)

    def test_links_have_a_former_word(self) -> None:
        now, former = (FILTERS["_rotation_permissions"]("istio", kind, "mesh") for kind in ("links", "remote_secrets"))
        assert now == former != FILTERS["_rotation_permissions"]("istio", "gateways", "mesh")

    @pytest.mark.parametrize("kind", ["root", "intermediate", "links"])
    def test_workloads_are_only_patched_where_they_may_be_restarted(self, kind: str) -> None:
        ways = [FILTERS["_rotation_permissions"]("istio", kind, "mesh", restart) for restart in (False, True)]
        assert [any((right["verb"], right["resource"]) == ("patch", "deployments") for right in rights) for rights in ways] == [False, True]

    def test_pods_are_refreshed_anywhere_only_to_recover(self) -> None:
        ways = [FILTERS["_rotation_permissions"]("istio", "root", "mesh", recover=recover) for recover in (False, True)]
        wide = {"verb": "patch", "group": "", "resource": "pods"}
        assert [wide in rights for rights in ways] == [False, True]

    def test_lease_and_root_in_one_cluster_are_asked_for_at_once(self) -> None:
        kept = FILTERS["_rotation_kept"](self.LEASE, {"source": "generated", "kube": self.LEASE["kube"]}, "root")
        assert {right["resource"] for right in kept["east"]["permissions"]} == {"leases", "secrets", "namespaces"}
        assert kept["east"]["kube"] == self.LEASE["kube"]

    def test_a_root_elsewhere_is_asked_for_there(self) -> None:
        kept = FILTERS["_rotation_kept"](self.LEASE, {"source": "secret", "kube": {"context": "vault"}, "name": "ca", "namespace": "pki"}, "root")
        assert list(kept) == ["east", "The root's cluster"]
        told = {"verb": "get", "group": "", "resource": "secrets", "namespace": "pki", "name": "ca"}
        assert kept["The root's cluster"] == {"kube": {"context": "vault"}, "permissions": [told]}

    @pytest.mark.parametrize("source", ["inline", "file"])
    def test_a_root_that_is_given_takes_no_right(self, source: str) -> None:
        kept = FILTERS["_rotation_kept"](self.LEASE, {"source": source}, "root")
        assert {right["resource"] for right in kept["east"]["permissions"]} == {"leases", "namespaces"}

    def test_what_is_missing_is_told_of_the_whole_mesh(self) -> None:
        hosts = inventory()
        kept = {"ansible_loop_var": "place", "place": "east", "denied": [{"sentence": "get leases"}]}
        hosts["east"] |= {"rights": {"name": "east", "denied": []}, "kept": {"results": [kept]}}
        hosts["west"]["rights"] = {"failed": True, "msg": "west: no route."}
        west, east = call("denied", hosts, "rights", "kept")
        assert west == "west cannot be judged: west: no route."
        assert east == "east: the credential may not get leases. Grant these rights, as docs/rbac.yml does, or use another credential."
        assert call("denied", hosts, "rights", "kept", exclude=["west"]) == [east]

    def test_a_cluster_that_is_not_in_the_run_is_told(self) -> None:
        hosts = inventory()
        hosts["east"]["rights"] = {"name": "east", "denied": []}
        assert call("denied", hosts, "rights", "kept") == [NOT_HERE]

    def test_who_failed_when_it_was_asked_is_told_so_later(self) -> None:
        hosts = inventory(west=None)
        hosts["west"]["rights"] = {"failed": True, "msg": "west: no route."}
        assert call("unseen", hosts, "seen", rights="rights") == ["The mesh shop is not rotated: west cannot be judged: west: no route."]


class TestFromStepToStep:
    """All steps register under one name, so the barrier keeps what later tasks need of a step."""

    def test_the_facts_and_the_seconds_of_all_steps_are_kept(self) -> None:
        first = FILTERS["_rotation_passed"]({**seen("east"), "seconds": 1.5, "changes": ["a"]}, "what an earlier rotation left")
        second = json.loads(FILTERS["_rotation_passed"]({**seen("east", NEW), "step": "reissue", "seconds": 2.5}, first))
        (told,) = (one for one in call("clusters", inventory(east=seen("east", NEW)), "seen") if one["standing"]["cluster"] == "east")
        assert second == {**told, "seconds": {"introduce": 1.5, "reissue": 2.5}}

    def test_the_result_of_another_step_does_not_pass_the_barrier(self) -> None:
        hosts = inventory(west={**seen("west"), "step": "introduce"}, east={**seen("east"), "step": "reissue"})
        (told,) = call("barrier", hosts, "seen", "reissue", OLD)
        assert "west cannot be judged: nothing was seen of its step reissue." in told and "east" not in told

    def test_a_remote_cluster_does_not_go_by_an_earlier_step_of_its_primary(self) -> None:
        hosts = inventory()
        hosts["west"] |= {"mesh_role": "remote", "mesh_primary": "east"}
        primary = partial(FILTERS["_rotation_primary"], list(hosts), hosts, "west", "seen")
        assert primary(step="introduce")["standing"]["cluster"] == "east"
        assert primary(step="reissue") == {"missing": "west: its primary east was not seen to be through: nothing was seen of its step reissue."}


def stands(under_way: bool = False, age: float | None = None, **lacks: list[str]) -> dict[str, Any]:
    steps = [{"step": name, "says": f"do {name}", "returns": name != "remove", "lacks": lacks.get(name, [])} for name in ("prepare", "settle", "remove")]
    return {"under_way": under_way, "age": age, "steps": steps, "refusals": []}


def of_steps(*given: Any, east: dict[str, Any] | None = None, west: dict[str, Any] | None = None, **more: Any) -> Any:
    return call("stepped_plan", inventory(east=east or stands(), west=west or stands()), "seen", "gossip", 3600, *given, **more)


def test_a_rotation_in_steps_that_has_not_begun_takes_all_of_them_in_all_clusters() -> None:
    planned = of_steps()
    assert (planned["steps"], planned["findings"], planned["done"]) == (["prepare", "settle", "remove"], [], False)
    assert planned["table"][0] == "shop, gossip: a rotation begins."
    assert planned["table"][-1] == "remove: do remove, in east, west; after it the former values no longer work"


def test_one_that_is_under_way_says_who_lacks_what() -> None:
    planned = of_steps(east=stands(under_way=True), west=stands(under_way=True, remove=["a pool still knows a former key"]))
    assert planned["table"] == ["shop, gossip: a rotation goes on.",
                                "remove: do remove, in west; after it the former values no longer work (west: a pool still knows a former key)"]  # fmt: skip
    assert planned["steps"] == ["prepare", "settle", "remove"], "the run looks at each step again"


def test_one_that_was_over_a_moment_ago_is_not_repeated() -> None:
    planned = of_steps(east=stands(age=60.0), west=stands(age=60.0))
    assert (planned["steps"], planned["done"]) == ([], True)
    assert planned["table"] == ["shop, gossip: rotated 60 s ago, which is less than 3600 s. Nothing is to be done."]


ALL_TAKE_PART = (
    "rotate_exclude leaves out west, but all clusters of the mesh shop take part in a rotation gossip. Rotate when all of them can be reached."
)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"west": {"failed": True, "msg": "west: nobody answers."}}, "west cannot be judged: west: nobody answers."),
        ({"west": {**stands(), "refusals": ["west: Its servers were installed by a chart."]}}, "west: Its servers were installed by a chart."),
        ({"exclude": ["west"]}, ALL_TAKE_PART),
        ({"rollback": True}, "A rotation gossip is not turned back. Run it without rotate_rollback until it is over, and then once more for other values."),
    ],
)  # fmt: skip
def test_what_forbids_it(how: dict[str, Any], said: str) -> None:
    assert of_steps(**how)["findings"] == [said]


def test_a_cluster_that_is_not_through_stops_the_mesh() -> None:
    through = {"step": "settle", "lacks": []}
    assert call("stepped_late", inventory(east=through, west=through), "seen", "gossip", "settle") == []
    failed = {"failed": True, "msg": "west: the Secret does not exist."}
    (said,) = call("stepped_late", inventory(east=through, west=failed), "seen", "gossip", "settle")
    assert said == (
        "The rotation gossip of the mesh shop stops after settle: west cannot be judged: west: the Secret does not exist. "
        "Nothing is lost. Fix the cause and run the rotation again; it goes on where it stopped."
    )
    (said,) = call("stepped_late", inventory(east=through, west={**through, "step": "prepare"}), "seen", "gossip", "settle")
    assert "west: nothing was seen of its step settle." in said


def test_the_taker_of_the_lease_may_keep_the_aim_and_what_clusters_share() -> None:
    kube = {"context": "east", "cluster": "east"}
    lease = {"mesh": "shop", "kube": kube}
    places = FILTERS["_rotation_kept"](lease, {"source": "generated", "kube": kube}, "gossip", "consul")
    named = {(right["verb"], right.get("name")) for right in places["east"]["permissions"] if right["resource"] == "secrets"}
    assert named == {("get", "shop-rotation-gossip"), ("patch", "shop-rotation-gossip"), ("create", None),
                     ("get", "shop-consul-federation"), ("patch", "shop-consul-federation")}  # fmt: skip
    agents = FILTERS["_rotation_kept"](lease, {"source": "generated", "kube": kube}, "agents", "consul")
    assert ("get", "shop-consul-agents-ca") in {(right["verb"], right.get("name")) for right in agents["east"]["permissions"]}
