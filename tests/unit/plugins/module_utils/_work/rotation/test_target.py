# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choosing and settling a root if the trust cluster or its Secrets are not as they should be, in memory."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.leaving import leaving, staying
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.plan import NEW
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.name_constraints import signed_for
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import rotation_target
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import target as targeting
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.request import TargetRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.intermediate import intermediate
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.request import AuthorityRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.root import Root
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW, OTHER_ROOT, ROOT, constrained, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import root as material
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking
from cryptography import x509

SPACE = "meshops-system"
ACTIVE, NEXT = (Ref("v1", "Secret", name, SPACE) for name in ("meshops-root-ca", "meshops-root-ca-next"))
BROKEN = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n").decode()

LATE = make("shop root", own=key(number=7), days=(-30, -1))
PARTNER = make("partner root", own=key(number=8))


def kept(ref: Ref, made: Any = ROOT, mesh: str = "shop", **parts: Any) -> dict[str, Any]:
    return root_secret.secret(material(made, **parts), ref.name, SPACE, mesh)


def broken(ref: Ref) -> dict[str, Any]:
    made = kept(ref)
    made["data"]["root-cert.pem"] = BROKEN
    return made


def trust(*secrets: dict[str, Any], **how: Any) -> FakeCluster:
    return FakeCluster({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}, *secrets, **how)


def asked(source: str = "generated", **more: Any) -> dict[str, Any]:
    root = {"source": source, "kube": None, "namespace": SPACE, "name": "meshops-root-ca", **more.pop("root", {})}
    made = {"mesh": "shop", "trust_domain": "shop.example", "key_type": "P-256", "root_days": 365, "root": root}
    return {**made, "clusters": [standing("east")], "renew_intermediates": False, "rollback": False, "min_age": 3600, "leaving": [], "retire_roots": [], **more}


def request(source: str = "generated", **more: Any) -> TargetRequest:
    return TargetRequest.of(asked(source, **more))


def key_holder(cluster: FakeCluster, target: str) -> Root:
    return targeting.material(cluster, request().authority, target, NOW, connect_to)


def standing(cluster: str, signs: Any = ROOT, *trusts: Any, previous: Any = None) -> dict[str, Any]:
    of = {"cluster": cluster, "signs_under": signs.fingerprint, "signer": "ca", "trusts": [one.fingerprint for one in trusts or (signs,)]}
    return {"standing": {**of, "marks": [], "epoch": 0}, "previous": previous, "roots": [told(one) for one in trusts or (signs,)]}


def told(one: Any) -> dict[str, Any]:
    return {"pem": one.pem.decode(), "fingerprint": one.fingerprint, "not_after": one.raw.not_valid_after_utc.isoformat()}


class TestTheTrustCluster:
    def test_out_of_reach_ends_it_before_anything_is_chosen(self) -> None:
        def gone(*_given: Any, **_how: Any) -> Any:
            raise Unreachable("trust: https://trust.example did not answer within 6 s.")

        cluster = FakeCluster(name="west")
        with pytest.raises(Unreachable, match="trust: https://trust.example did not answer"):
            targeting.aim(cluster, request(root={"kube": {"cluster": "trust"}}), NOW, gone)
        elsewhere = request(target=ROOT.fingerprint, root={"kube": {"cluster": "trust"}})
        with pytest.raises(Unreachable, match="trust: https://trust.example did not answer"):
            targeting.settle(cluster, elsewhere, NOW, gone)
        with pytest.raises(Unreachable, match="trust: https://trust.example did not answer"):
            targeting.material(cluster, elsewhere.authority, ROOT.fingerprint, NOW, gone)
        assert cluster.writes == []

    def test_lost_after_the_active_root_was_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next root is read before anything is decided. A Secret that cannot be read does not count as missing."""
        cluster = trust(kept(ACTIVE))
        get = cluster.get

        def flaky(ref: Ref) -> Any:
            if ref == NEXT:
                raise Unreachable("east: no answer.")
            return get(ref)

        monkeypatch.setattr(cluster, "get", flaky)
        with pytest.raises(Unreachable, match="east: no answer"):
            targeting.aim(cluster, request(), NOW, connect_to)
        assert cluster.writes == []


class TestTheNextRoot:
    def test_that_cannot_be_read_is_named_and_left_alone(self) -> None:
        cluster = trust(kept(ACTIVE), broken(NEXT))
        for way in (
            lambda: targeting.aim(cluster, request(), NOW, connect_to),
            lambda: targeting.settle(cluster, request(target=ROOT.fingerprint), NOW, connect_to),
        ):
            with pytest.raises(Refused, match="east: Secret meshops-system/meshops-root-ca-next: block 1 in root-cert.pem cannot be read"):
                way()
        assert cluster.writes == []

    def test_without_its_key_is_trusted_and_not_issued_from(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT, key=b""))
        choice, _pem, _changes = targeting.aim(cluster, request(), NOW, connect_to)
        assert choice.fingerprint == OTHER_ROOT.fingerprint
        with pytest.raises(Refused, match="meshops-root-ca-next: root-key.pem is missing"):
            key_holder(cluster, OTHER_ROOT.fingerprint)

    def test_that_has_expired_gives_way_where_it_lies(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, LATE))
        choice, pem, changes = targeting.aim(cluster, request(), NOW, connect_to)
        assert [(str(one.ref), one.action) for one in changes] == [("Secret meshops-system/meshops-root-ca-next", "updated")]
        assert root_secret.read(cluster.get(NEXT) or {}).certificate == pem.encode()
        assert choice.fingerprint not in (ROOT.fingerprint, LATE.fingerprint)
        again, _pem, changes = targeting.aim(cluster, request(), NOW, connect_to)
        assert (again.fingerprint, changes) == (choice.fingerprint, [])

    def test_that_has_expired_stays_in_check_mode(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, LATE), dry_run=True)
        assert targeting.aim(cluster, request(), NOW, connect_to)[0].fingerprint == NEW
        assert cluster.writes == []

    def test_that_has_expired_goes_away_when_the_rotation_was_turned_back(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, LATE))
        assert targeting.aim(cluster, request(rollback=True), NOW, connect_to)[0].fingerprint == ROOT.fingerprint
        changes = targeting.settle(cluster, request(target=ROOT.fingerprint, leaving=[LATE.fingerprint]), NOW, connect_to)
        assert [(str(one.ref), one.action) for one in changes] == [("Secret meshops-system/meshops-root-ca-next", "deleted")]

    def test_that_another_run_replaced_first_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The run read an expired next root, and when it replaces the Secret, another run has already put a valid root there."""
        cluster, reads = trust(kept(ACTIVE), kept(NEXT, LATE)), list[Ref]()
        get = cluster.get

        def late(ref: Ref) -> Any:
            reads.append(ref)
            if reads.count(NEXT) == 2:
                cluster.delete([NEXT])
                cluster.create(kept(NEXT, OTHER_ROOT))
            return get(ref)

        monkeypatch.setattr(cluster, "get", late)
        choice, pem, changes = targeting.aim(cluster, request(), NOW, connect_to)
        assert (choice.fingerprint, pem, changes) == (OTHER_ROOT.fingerprint, OTHER_ROOT.pem.decode(), [])

    def test_with_the_key_of_another(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT, key=ROOT.key_pem))
        with pytest.raises(Refused, match="meshops-root-ca-next: the key in root-key.pem .* does not match"):
            targeting.aim(cluster, request(), NOW, connect_to)

    def test_of_another_mesh(self) -> None:
        with pytest.raises(Refused, match="meshops-root-ca-next: this root was generated for the mesh bank"):
            targeting.aim(trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT, mesh="bank")), request(), NOW, connect_to)

    def test_that_somebody_made_unreadable_at_once(self) -> None:
        def spoil(stored: dict[str, Any]) -> None:
            if stored["metadata"]["name"] == NEXT.name:
                stored["data"]["root-cert.pem"] = BROKEN

        with pytest.raises(Refused, match="meshops-root-ca-next: the new root was written there and cannot be read back"):
            targeting.aim(trust(kept(ACTIVE), react=spoil), request(), NOW, connect_to)

    def test_of_two_tasks_that_make_it_both_take_the_one_that_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both tasks saw no root, and the other task's root was stored first."""
        cluster = trust(kept(ACTIVE))
        create = cluster.create

        def late(manifest: dict[str, Any]) -> Any:
            create(kept(NEXT, OTHER_ROOT))
            return create(manifest)

        monkeypatch.setattr(cluster, "create", late)
        choice, pem, changes = targeting.aim(cluster, request(), NOW, connect_to)
        assert (choice.fingerprint, pem, changes) == (OTHER_ROOT.fingerprint, OTHER_ROOT.pem.decode(), [])

    def test_is_not_made_in_check_mode(self) -> None:
        cluster = trust(kept(ACTIVE), dry_run=True)
        choice, pem, changes = targeting.aim(cluster, request(), NOW, connect_to)
        assert (choice.fingerprint, pem, changes, cluster.writes) == (NEW, "", [], [])


class TestTheActiveRoot:
    def test_that_somebody_else_keeps_is_known_before_the_first_write(self) -> None:
        cluster = trust({**kept(ACTIVE), "metadata": {**kept(ACTIVE)["metadata"], "labels": {"reconcile.external-secrets.io/managed": "true"}}})
        told = "east: Secret meshops-system/meshops-root-ca is managed by External Secrets, which would undo the change. Replace the root there"
        with pytest.raises(Refused, match=told):
            targeting.aim(cluster, request(), NOW, connect_to)
        assert cluster.writes == []
        assert targeting.aim(cluster, request(renew_intermediates=True), NOW, connect_to)[0].fingerprint == ROOT.fingerprint

    def test_that_somebody_else_came_to_keep_is_not_written_over(self) -> None:
        owned = {**kept(ACTIVE)["metadata"], "ownerReferences": [{"kind": "ExternalSecret", "name": "root", "controller": True}]}
        cluster = trust({**kept(ACTIVE), "metadata": owned}, kept(NEXT, OTHER_ROOT))
        with pytest.raises(Refused, match="meshops-root-ca is managed by ExternalSecret root, which would undo the change"):
            targeting.settle(cluster, request(target=OTHER_ROOT.fingerprint), NOW, connect_to)
        assert cluster.writes == []

    def test_that_vanished_is_not_replaced(self) -> None:
        """Somebody deleted the Secret of the root, maybe on purpose. The new root stays in its own Secret."""
        cluster = trust(kept(NEXT, OTHER_ROOT))
        said = "meshops-root-ca: somebody deleted this Secret during the rotation, so the new root stays in .*meshops-root-ca-next. Restore the Secret"
        with pytest.raises(Refused, match=said):
            targeting.settle(cluster, request(target=OTHER_ROOT.fingerprint), NOW, connect_to)
        assert cluster.writes == []

    def test_under_which_no_peer_would_accept_another_is_no_target(self) -> None:
        above = make("r", extensions=(constrained(permits=(x509.DNSName("example.test"),)),))
        given = asked("inline", root={"certificate": above.pem.decode(), "private_key": above.key_pem.decode()})
        for option in ("certificate_file", "private_key_file", "chain", "chain_file"):
            given["root"][option] = None
        with pytest.raises(Refused, match="permits no DNS but example.test, so no CA below it could sign for DNS istiod.istio-system.svc"):
            targeting.aim(trust(), TargetRequest.of(given), NOW, connect_to, signed_for("shop.example", ["istiod.istio-system.svc"]))

    def test_may_have_a_ca_below_it_that_signs(self) -> None:
        """The target is the root, and the CA below it, whose key is given, signs the intermediates."""
        below = make("Issuing CA 7", OTHER_ROOT, key(number=4), path_length=1)
        given = asked("inline", root={"certificate": (below.pem + OTHER_ROOT.pem).decode(), "private_key": below.key_pem.decode()})
        for option in ("certificate_file", "private_key_file", "chain", "chain_file"):
            given["root"][option] = None
        choice, pem, _changes = targeting.aim(trust(), TargetRequest.of(given), NOW, connect_to, signed_for("shop.example", ["istiod.istio-system.svc"]))
        assert (choice.fingerprint, pem) == (OTHER_ROOT.fingerprint, OTHER_ROOT.pem.decode())
        authority = AuthorityRequest.of({**given, "intermediate_days": 30})
        found = targeting.material(trust(), authority, OTHER_ROOT.fingerprint, NOW, connect_to)
        made = intermediate(FakeCluster(name="west"), found, ["istiod.istio-system.svc"], authority, Ticking(start=NOW))
        assert (made.chain, made.roots) == (made.certificate + below.pem + OTHER_ROOT.pem, OTHER_ROOT.pem)

    def test_that_was_never_there(self) -> None:
        with pytest.raises(Refused, match="The mesh shop has no root to rotate"):
            targeting.aim(trust(), request(), NOW, connect_to)
        with pytest.raises(Refused, match="The mesh shop has no root to issue intermediates from"):
            targeting.aim(trust(), request(renew_intermediates=True), NOW, connect_to)

    def test_expired_is_left_for_another_and_signs_nothing_more(self) -> None:
        old = make("shop root", own=key(number=6), days=(-30, -1))
        choice, _certificate, changes = targeting.aim(trust(kept(ACTIVE, old)), request(), NOW, connect_to)
        assert choice.fingerprint != old.fingerprint
        assert [change.action for change in changes] == ["created"]
        with pytest.raises(Refused, match="cannot stay with its root .* which expired at .* Rotate to another root with rotate: root and rotate_recover: true"):
            targeting.aim(trust(kept(ACTIVE, old)), request(renew_intermediates=True), NOW, connect_to)

    def test_takes_the_place_of_none_when_a_rotation_was_turned_back(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT))
        changes = targeting.settle(cluster, request(target=ROOT.fingerprint, leaving=[OTHER_ROOT.fingerprint]), NOW, connect_to)
        assert [(str(one.ref), one.action) for one in changes] == [("Secret meshops-system/meshops-root-ca-next", "deleted")]
        assert root_secret.read(cluster.get(ACTIVE) or {}).certificate == ROOT.pem

    def test_is_the_only_one_that_is_put_or_thrown_away(self) -> None:
        """A run that was frozen meanwhile must not delete the key of the root to which the next run rotates."""
        cluster = trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT))
        with pytest.raises(Refused, match="meshops-root-ca-next has .* a root that this rotation does not know: another run made it, so it stays"):
            targeting.settle(cluster, request(target=ROOT.fingerprint, leaving=[LATE.fingerprint]), NOW, connect_to)
        assert cluster.writes == []

    @pytest.mark.parametrize("number", [1, 2])
    def test_is_put_there_only_while_the_lease_is_held(self, number: int) -> None:
        cluster, guards = trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT)), list[int]()

        def guard() -> None:
            guards.append(len(cluster.writes))
            if len(guards) == number:
                raise Refused("east: the Lease of mesh shop is no longer held by run-1.")

        with pytest.raises(Refused, match="no longer held"):
            targeting.settle(cluster, request(target=OTHER_ROOT.fingerprint), NOW, connect_to, guard)
        assert guards == [0, 1][:number]
        assert cluster.get(NEXT) is not None

    def test_gives_way_in_the_end_and_then_there_is_nothing_to_do(self) -> None:
        cluster = trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT))
        changes = targeting.settle(cluster, request(target=OTHER_ROOT.fingerprint), NOW, connect_to)
        assert [one.action for one in changes] == ["updated", "deleted"]
        assert root_secret.read(cluster.get(ACTIVE) or {}).key == OTHER_ROOT.key_pem
        assert targeting.settle(cluster, request(target=OTHER_ROOT.fingerprint), NOW, connect_to) == []

    def test_in_its_place_already_when_a_run_was_killed_between_the_two_writes(self) -> None:
        cluster = trust(kept(ACTIVE, OTHER_ROOT), kept(NEXT, OTHER_ROOT))
        choice, _pem, _changes = targeting.aim(cluster, request(), NOW + timedelta(days=1), connect_to)
        assert (choice.fingerprint, choice.unsettled) == (OTHER_ROOT.fingerprint, True)
        assert [one.action for one in targeting.settle(cluster, request(target=OTHER_ROOT.fingerprint), NOW, connect_to)] == ["unchanged", "deleted"]


class TestTheKey:
    def test_of_neither_root_is_at_hand(self) -> None:
        said = "east: the key of root .* is not available, so nobody can issue an intermediate from it. Give that root and its key as mesh_root"
        with pytest.raises(Refused, match=said):
            key_holder(trust(kept(ACTIVE)), OTHER_ROOT.fingerprint)

    @pytest.mark.parametrize(("target", "where"), [(ROOT, ACTIVE), (OTHER_ROOT, NEXT)], ids=["back", "forward"])
    def test_is_taken_from_where_the_target_lies(self, target: Any, where: Ref) -> None:
        found = key_holder(trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT)), target.fingerprint)
        assert (found.ref, found.material and found.material.key) == (where, target.key_pem)


class TestTurningBack:
    def test_after_a_cluster_retired_the_old_root(self) -> None:
        clusters = [standing("east", OTHER_ROOT, ROOT, OTHER_ROOT), standing("west", OTHER_ROOT)]
        with pytest.raises(Refused, match="cannot be turned back: west trusts only the new root by now"):
            targeting.aim(trust(kept(ACTIVE), kept(NEXT, OTHER_ROOT)), request(rollback=True, clusters=clusters), NOW, connect_to)

    def test_with_a_next_root_that_cannot_be_read_does_not_begin(self) -> None:
        with pytest.raises(Refused, match="meshops-root-ca-next: block 1 in root-cert.pem cannot be read"):
            targeting.aim(trust(kept(ACTIVE), broken(NEXT)), request(rollback=True), NOW, connect_to)


class TestWhatIsGivenUp:
    def leaving(self, *clusters: dict[str, Any], target: Any = OTHER_ROOT, named: tuple[str, ...] = (), between: tuple[str, ...] = ()) -> list[str]:
        return leaving(target.fingerprint, clusters, between, named, NOW)

    def test_is_what_was_signed_under_and_what_lives(self) -> None:
        new = standing("west", OTHER_ROOT, OTHER_ROOT, ROOT, PARTNER, previous={"signs_under": ROOT.fingerprint})
        assert self.leaving(new) == [ROOT.fingerprint]
        assert self.leaving({**standing("east", OTHER_ROOT), "issuers": [PARTNER.fingerprint], "ignored": [{"fingerprint": "+"}]}) == ["+", PARTNER.fingerprint]

    def test_is_what_was_only_introduced_too(self) -> None:
        """The rotation is turned back after introduce, so no cluster ever signed under the next root, whose Secret still exists."""
        both = standing("east", ROOT, ROOT, OTHER_ROOT)
        assert self.leaving(both, target=ROOT) == []
        assert self.leaving(both, target=ROOT, between=(ROOT.fingerprint, OTHER_ROOT.fingerprint)) == [OTHER_ROOT.fingerprint]

    def test_is_what_has_expired(self) -> None:
        assert self.leaving(standing("east", OTHER_ROOT, OTHER_ROOT, LATE, PARTNER)) == [LATE.fingerprint]

    def test_is_not_the_root_of_a_partner_unless_it_is_named(self) -> None:
        both = standing("east", ROOT, ROOT, PARTNER)
        assert self.leaving(both) == [ROOT.fingerprint]
        assert self.leaving(both, named=(PARTNER.fingerprint,)) == sorted([ROOT.fingerprint, PARTNER.fingerprint])

    @pytest.mark.parametrize(("named", "said"), [
        (("abc",), "rotate_retire_roots names abc, which is no fingerprint of a root. A fingerprint has 64 digits"),
        ((OTHER_ROOT.fingerprint,), "which is the target of the rotation"),
    ])  # fmt: skip
    def test_is_nothing_that_cannot_be_meant(self, named: tuple[str, ...], said: str) -> None:
        with pytest.raises(Refused, match=said):
            self.leaving(standing("east"), named=named)

    def test_what_stays_is_told_with_all_that_is_needed_to_have_it_go(self) -> None:
        roots = [{"fingerprint": one, "subject": f"CN={one}", "mark": one == "mark"} for one in ("old", "new", "partner", "mark")]
        (told,) = staying({"roots": roots}, "new", ["old"])
        assert told.startswith("it also trusts 'CN=partner', which this rotation neither brought nor replaces")
        assert told.endswith("rotate_retire_roots: [partner]")


@pytest.mark.parametrize(("provider", "key_type", "why"), [
    ("istio", "Ed25519", "this mesh cannot use it; use one of P-256, RSA-2048, RSA-3072, RSA-4096"),
    ("paper", "RSA-2048", "this mesh cannot use it; use P-256"),
])  # fmt: skip
def test_no_root_is_made_with_a_key_that_the_mesh_cannot_use(monkeypatch: pytest.MonkeyPatch, provider: str, key_type: str, why: str) -> None:
    monkeypatch.setitem(PROVIDERS, "paper", PAPER)
    cluster = trust(kept(ACTIVE))
    for state in ("chosen", "settled"):
        params = asked(provider=provider, key_type=key_type, state=state, target=ROOT.fingerprint, min_age=0, lease=None)
        with pytest.raises(Refused, match=f"^east: the key_type {key_type} is refused, because {why}.$"):
            rotation_target.reconcile(cluster, params)
    assert cluster.writes == []


def test_what_is_stale_is_found_once_with_the_target() -> None:
    """Stale are an old intermediate, an expired one, and one that an unfinished run left. All steps judge by the same moment."""
    now = datetime.now(UTC)

    def own(name: str, since: float, until: float) -> dict[str, str]:
        return {"fingerprint": name, "not_before": (now + timedelta(hours=since)).isoformat(), "not_after": (now + timedelta(hours=until)).isoformat()}

    found = {"old": own("old", -2, 9), "young": own("young", -0.5, 9), "over": own("over", -0.5, -0.1)}
    clusters = [{**standing(name), "intermediate": one} for name, one in found.items()]
    clusters.append({**standing("left", previous={"signer": "before", "signs_under": ROOT.fingerprint}), "intermediate": own("new", -0.1, 9)})
    params = asked(clusters=clusters, provider="istio", state="chosen", namespace="istio-system", lease=None, renew_intermediates=True)
    told = rotation_target.reconcile(trust(kept(ACTIVE)), params)
    assert told["stale"] == ["before", "old", "over"]
    assert now <= datetime.fromisoformat(told["moment"]) <= datetime.now(UTC)
    assert rotation_target.reconcile(trust(kept(ACTIVE)), {**params, "renew_intermediates": False, "min_age": 10**9})["stale"] == []
