# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step of a rotation in which something goes wrong, on a cluster in memory. Time passes only in waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.primary import Primary
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.rules import MARK as MARK_NAME
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import rotation
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import step as rotating
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.primary import primary_of
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.request import StepRequest
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, OTHER_ROOT, ROOT, issuer, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import root as material
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import DUMP, bundle, chain, config_map, dump, proxied
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

ISTIO = PROVIDERS["istio"]
SPACE = "istio-system"
CACERTS, PREVIOUS = (Ref("v1", "Secret", name, SPACE) for name in ("cacerts", "cacerts-previous"))
NEW_EAST = make("Intermediate CA east", OTHER_ROOT, key(number=4), path_length=0)
UNDER_NEW = issuer(NEW_EAST, under=(OTHER_ROOT, ROOT))


def cacerts(ca: Material, ref: Ref = CACERTS) -> dict[str, Any]:
    (made,) = trust.manifests(ca, SPACE, "shop")
    made["metadata"]["name"] = ref.name
    return made


def east(ca: Material, *objects: dict[str, Any], **how: Any) -> FakeCluster:
    trusted = root_secret.secret(material(), "meshops-root-ca", "meshops-system", "shop")
    return FakeCluster(cacerts(ca), trusted, *objects, **how)


class Held:
    """A Lease. Each check of it may cause an event, such as its loss."""

    epoch = 3

    def __init__(self, guard: Callable[[int], None] = lambda _time: None, keep: Callable[[int], None] = lambda _time: None) -> None:
        self.on_guard, self.on_keep, self.guards, self.keeps = guard, keep, 0, 0

    def guard(self) -> None:
        self.guards += 1
        self.on_guard(self.guards)

    def keep(self) -> None:
        self.keeps += 1
        self.on_keep(self.keeps)


CLOCK = Ticking()


def lost_at(number: int) -> Callable[[int], None]:
    def look(time: int) -> None:
        if time >= number:
            raise Refused("east: the Lease of mesh shop is no longer held by run-1 in epoch 3: run-2 holds it now.")

    return look


def work(cluster: FakeCluster, step: str, target: Any, hold: Held | None = None, **more: Any) -> rotating.StepWork:
    root = {"source": "generated", "kube": None, "namespace": "meshops-system", "name": "meshops-root-ca"}
    params = {"namespace": SPACE, "mesh": "shop", "trust_domain": "shop.example", "key_type": "P-256", "intermediate_days": 30, "root": root,
              "step": step, "target": target.fingerprint, "leaving": sorted({ROOT.fingerprint, OTHER_ROOT.fingerprint} - {target.fingerprint}),
              "stale": [], "recover": False, "may_restart": False, "timeout": 60, **more}  # fmt: skip
    pems = {one.fingerprint: one.pem for one in (ROOT, OTHER_ROOT)}
    return rotating.StepWork(cluster, ISTIO, StepRequest.of(params), hold or Held(), connect_to, CLOCK, pems=pems)  # type: ignore[arg-type]


def advance(asked: rotating.StepWork) -> Any:
    return rotating.advance(asked, datetime.now(UTC))


def held(cluster: FakeCluster, ref: Ref = CACERTS) -> Material:
    found: Material = trust.material_in(cluster.get(ref) or {})
    return found


@pytest.mark.parametrize("step", ["introduce", "reissue", "retire", "finish"])
def test_no_step_begins_with_a_key_type_that_the_mesh_cannot_use(step: str) -> None:
    cluster = east(issuer(), config_map("shop", bundle(ROOT)))
    params = {"namespace": SPACE, "mesh": "shop", "trust_domain": "shop.example", "key_type": "Ed25519", "intermediate_days": 30, "provider": "istio",
              "root": {"source": "generated", "kube": None, "namespace": "meshops-system", "name": "meshops-root-ca"},
              "step": step, "target": OTHER_ROOT.fingerprint, "timeout": 60, "clusters": []}  # fmt: skip
    with pytest.raises(Refused, match=r"^east: the key_type Ed25519 is refused, because this mesh cannot use it; use one of P-256"):
        rotation.reconcile(cluster, params)
    assert cluster.writes == []


@pytest.fixture(autouse=True)
def clock() -> Ticking:
    CLOCK.__init__()  # type: ignore[misc]
    return CLOCK


def istiod(cluster: FakeCluster, after: float, roots: bytes) -> Callable[[float], None]:
    """A stand-in for istiod that hands out the bundle some time later."""

    def look(passed: float) -> None:
        if passed > after:
            cluster.apply([config_map("shop", roots)], force=True)

    return look


class TestALostLease:
    """The step ends at once, and nothing more is written."""

    def test_right_before_the_write(self) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT)))
        with pytest.raises(Refused, match="run-2 holds it now"):
            advance(work(cluster, "introduce", OTHER_ROOT, Held(guard=lost_at(1))))
        assert cluster.writes == []

    def test_between_what_is_kept_and_the_ca(self) -> None:
        """The former CA is then kept twice, which does no harm."""
        cluster = east(UNDER_NEW)
        with pytest.raises(Refused, match="run-2 holds it now"):
            advance(work(cluster, "reissue", ROOT, Held(guard=lost_at(2))))
        assert held(cluster).certificate == NEW_EAST.pem
        assert held(cluster, PREVIOUS).certificate == NEW_EAST.pem

    def test_while_it_waits_for_those_who_lag(self) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT)))
        hold = Held(keep=lost_at(2))
        with pytest.raises(Refused, match="run-2 holds it now"):
            advance(work(cluster, "introduce", OTHER_ROOT, hold))
        assert (hold.keeps, len(cluster.writes)) == (2, 1), cluster.writes

    def test_before_a_remedy(self) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT)))
        with pytest.raises(Refused, match="run-2 holds it now"):
            advance(work(cluster, "introduce", OTHER_ROOT, Held(guard=lost_at(2))))
        assert [write.split()[0] for write in cluster.writes] == ["PATCH"]
        assert "meshops.lifecycle/touched" not in str(cluster.get(Ref("v1", "ConfigMap", "istio-ca-root-cert", "shop")))


class TestSomebodyElse:
    def test_removed_the_ca(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = east(issuer())
        monkeypatch.setattr(rotating.StepWork, "there", lambda _work: {})
        with pytest.raises(Refused, match="east: somebody deleted its CA during the rotation"):
            advance(work(cluster, "introduce", OTHER_ROOT))
        assert cluster.writes == []

    def test_wrote_the_ca_after_it_was_read(self) -> None:
        cluster = east(issuer())

        def meddle(_time: int) -> None:
            cluster.amend(cluster.get(CACERTS) or {}, {"metadata": {"annotations": {"touched": "by hand"}}})

        with pytest.raises(Refused, match="east: Secret istio-system/cacerts has changed since it was read, so it was not written"):
            advance(work(cluster, "introduce", OTHER_ROOT, Held(guard=meddle)))
        assert held(cluster).roots == ROOT.pem

    def test_took_the_ca_away_before(self) -> None:
        cluster = FakeCluster()
        with pytest.raises(Refused, match="east: the cluster has no CA of the mesh to rotate. east: there is no Secret istio-system/cacerts"):
            advance(work(cluster, "introduce", OTHER_ROOT))
        assert cluster.writes == []


class TestTheCaThatWasKept:
    """The former CA, with which a rotation that is turned back signs again."""

    def test_signs_again(self) -> None:
        cluster = east(UNDER_NEW, cacerts(issuer(), PREVIOUS))
        advance(work(cluster, "reissue", ROOT))
        assert (held(cluster).certificate, held(cluster).key) == (EAST.pem, EAST.key_pem)

    UNFIT = pytest.mark.parametrize(("kept", "told"), [
        (issuer(key=NEW_EAST.key_pem), "the key in ca-key.pem .* does not match"),
        (issuer(make("Intermediate CA east", ROOT, key(number=3), path_length=0, days=(-20, -1))), "expired at"),
        (issuer(certificate=b"none", chain=b"none"), "ca-cert.pem holds no PEM certificate"),
    ], ids=["the key of another", "expired", "unreadable"])  # fmt: skip

    @UNFIT
    def test_that_may_not_sign_gives_way_to_a_new_one(self, kept: Material, told: str) -> None:
        cluster = east(UNDER_NEW, cacerts(kept, PREVIOUS))
        assert advance(work(cluster, "reissue", ROOT)).standing.signs_under == ROOT.fingerprint
        assert x509.bundle(held(cluster).certificate)[0].fingerprint not in (EAST.fingerprint, NEW_EAST.fingerprint)

    @UNFIT
    def test_that_may_not_sign_is_named_where_nobody_can_issue_another_and_nothing_is_written(self, kept: Material, told: str) -> None:
        cluster = FakeCluster(cacerts(UNDER_NEW), cacerts(kept, PREVIOUS))
        with pytest.raises(Refused, match=f"east: Secret istio-system/cacerts-previous: .*{told}"):
            advance(work(cluster, "reissue", ROOT))
        assert cluster.writes == []

    def test_that_went_away_gives_way_to_a_new_one_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = east(UNDER_NEW, cacerts(issuer(), PREVIOUS))
        get = cluster.get
        monkeypatch.setattr(cluster, "get", lambda ref: None if ref == PREVIOUS else get(ref))
        assert advance(work(cluster, "reissue", ROOT)).standing.signs_under == ROOT.fingerprint
        assert x509.bundle(held(cluster).certificate)[0].fingerprint != EAST.fingerprint

    def test_stays_until_the_rotation_is_through_here(self) -> None:
        cluster = east(UNDER_NEW, cacerts(issuer(), PREVIOUS))
        with pytest.raises(Refused, match="east: the rotation to root .* has not finished here, so the CA that was kept for turning back stays"):
            rotating.clean(work(cluster, "finish", OTHER_ROOT))
        assert cluster.writes == []


class TestThoseWhoLag:
    def test_are_waited_for(self, clock: Ticking) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT)))
        clock.meanwhile = istiod(cluster, 3, bundle(ROOT, OTHER_ROOT))
        asked = work(cluster, "introduce", OTHER_ROOT)
        assert advance(asked).laggards() == []
        assert 3 < clock.passed < 6
        assert asked.mended == []

    def test_are_mended_and_what_cannot_be_mended_is_told(self, clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
        """A failed remedy does not end the step, because the next look shows whether it was needed."""
        cluster = east(issuer(), config_map("shop", bundle(ROOT)))
        clock.meanwhile = istiod(cluster, 20, bundle(ROOT, OTHER_ROOT))
        amend = cluster.amend

        def refused(before: dict[str, Any], patch: dict[str, Any], exact: bool = True) -> Any:
            if before["kind"] == "ConfigMap":
                raise MeshError("east: not allowed to patch it.")
            return amend(before, patch, exact)

        monkeypatch.setattr(cluster, "amend", refused)
        asked = work(cluster, "introduce", OTHER_ROOT)
        advance(asked)
        assert set(asked.mended) == {"touch shop/istio-ca-root-cert: east: not allowed to patch it."}

    def test_are_named_in_the_end_but_not_all(self) -> None:
        spaces = [f"shop-{number:02}" for number in range(12)]
        cluster = east(issuer(), *(config_map(space, bundle(ROOT)) for space in spaces))
        with pytest.raises(NotReady, match="did not follow within .* after introduce of root .*shop-00/.*shop-09/.*; and 2 more. Find out why") as late:
            advance(work(cluster, "introduce", OTHER_ROOT, timeout=8))
        assert len(late.value.facts["findings"]) == 12

    def test_are_not_waited_for_in_vain(self, clock: Ticking) -> None:
        """A proxy takes no bundle while it runs, and nothing may be restarted."""
        said = {("shop", "server-5c9-abc", 15000, DUMP): dump(chain(), bundle(ROOT))}
        cluster = east(issuer(), proxied(online=False), config_map("shop", bundle(ROOT, OTHER_ROOT)), answers=said)
        with pytest.raises(NotReady, match="cannot follow without a restart, and may not be restarted after introduce .*proxy shop/server-5c9-abc"):
            advance(work(cluster, "introduce", OTHER_ROOT))
        assert clock.passed < 1

    def test_restart_when_their_budget_allows_it_and_no_earlier(self, clock: Ticking) -> None:
        cluster, took = self.offline(), self.in_the_pod(bundle(ROOT, OTHER_ROOT))
        budget = cluster.backend.objects["policy/v1", "poddisruptionbudgets", "shop", "server"]

        def pass_time(passed: float) -> None:
            if passed > 20:
                budget["status"] = {"disruptionsAllowed": 1}
            if "restartedAt" in str(cluster.get(self.SERVER)):
                cluster.answers.update(took)

        clock.meanwhile = pass_time
        asked = work(cluster, "introduce", OTHER_ROOT, may_restart=True)
        assert advance(asked).laggards() == []
        assert 20 < clock.passed < 40
        assert asked.mended == ["restart shop/Deployment/server"]

    def test_are_not_said_to_be_restarted_while_their_budget_forbids_it(self) -> None:
        asked = work(self.offline(), "introduce", OTHER_ROOT, may_restart=True)
        told = "shop/server-5c9-abc.*A PodDisruptionBudget allows no disruption of Deployment shop/server now. Wait until it does, or restart them yourself"
        with pytest.raises(NotReady, match=told):
            advance(asked)
        assert asked.mended == []

    SERVER = Ref("apps/v1", "Deployment", "server", "shop")

    def in_the_pod(self, roots: bytes) -> dict[Any, bytes]:
        return {("shop", "server-5c9-abc", 15000, DUMP): dump(chain(), roots)}

    def offline(self) -> FakeCluster:
        """A proxy that takes no bundle while it runs, of a workload whose budget allows nothing."""
        meta = {"name": "server", "namespace": "shop"}
        template = {"metadata": {"labels": {"app": "server"}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "server"}}, "template": template}
        budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "server"}}}
        objects = [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec},
                   {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": budget}]  # fmt: skip
        roots = config_map("shop", bundle(ROOT, OTHER_ROOT))
        return east(issuer(), proxied(online=False), roots, *objects, answers=self.in_the_pod(bundle(ROOT)))

    def test_are_only_shown_in_check_mode(self, clock: Ticking) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT)), dry_run=True)
        asked = work(cluster, "introduce", OTHER_ROOT)
        advance(asked)
        assert [change.action for change in asked.changes] == ["updated"]
        assert (clock.passed, held(cluster).roots) == (0, ROOT.pem)


class TestAClusterThatAnotherOneServes:
    """East is measured by the CA of south, its primary. Nothing reads the CA in east."""

    MARK = make(MARK_NAME, own=key(number=6))
    BOTH = (ROOT, OTHER_ROOT, MARK)

    def served(self, cluster: FakeCluster, step: str, signs: Any = OTHER_ROOT, roots: Any = BOTH, **more: Any) -> rotating.StepWork:
        marks = [one.fingerprint for one in roots if one is self.MARK]
        trusts = [one.fingerprint for one in roots if one is not self.MARK]
        standing = {"cluster": "south", "signs_under": signs.fingerprint, "signer": "ca-south", "trusts": trusts, "marks": marks, "epoch": 0}
        facts = {"standing": standing, "bundle_pem": bundle(*roots).decode(), "intermediate": {"not_before": datetime.now(UTC).isoformat()}, **more}
        asked = work(cluster, step, OTHER_ROOT)
        trusted = root_secret.secret(material(OTHER_ROOT), "meshops-root-ca", "meshops-system", "shop")
        cluster.amend(cluster.get(Ref("v1", "Secret", "meshops-root-ca", "meshops-system")) or {}, {"data": trusted["data"]})
        asked.primary = Primary.of(facts, "east")
        return asked

    def test_follows_its_primary_s_bundle_mark_and_all(self, clock: Ticking) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT, OTHER_ROOT)))
        clock.meanwhile = istiod(cluster, 3, bundle(*self.BOTH))
        seen = advance(self.served(cluster, "reissue"))
        assert (seen.standing.cluster, seen.standing.signs_under, clock.passed > 3) == ("east", OTHER_ROOT.fingerprint, True)
        assert held(cluster).roots == bundle(*self.BOTH)
        assert seen.unread.signs_under == OTHER_ROOT.fingerprint
        assert held(cluster, PREVIOUS).certificate == EAST.pem

    def test_is_late_by_its_primary_s_bundle(self) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT)))
        with pytest.raises(NotReady, match="east: these did not follow .* after introduce .*shop/istio-ca-root-cert"):
            advance(self.served(cluster, "introduce", ROOT, (ROOT, OTHER_ROOT)))

    def test_does_not_sign_before_its_primary_does(self) -> None:
        cluster = east(issuer(), config_map("shop", bundle(ROOT, OTHER_ROOT)))
        advance(self.served(cluster, "introduce", ROOT, (ROOT, OTHER_ROOT)))
        assert (held(cluster).certificate, held(cluster).roots) == (EAST.pem, bundle(ROOT, OTHER_ROOT))

    def test_without_a_ca_nothing_is_written(self) -> None:
        cluster = FakeCluster(root_secret.secret(material(), "meshops-root-ca", "meshops-system", "shop"), config_map("shop", bundle(*self.BOTH)))
        asked = self.served(cluster, "reissue")
        before = len(cluster.writes)
        assert advance(asked).laggards() == []
        assert len(cluster.writes) == before

    def test_a_ca_that_somebody_else_keeps_is_left_alone(self) -> None:
        ca = cacerts(issuer())
        ca["metadata"].setdefault("annotations", {})["cert-manager.io/certificate-name"] = "mesh-ca"
        cluster = FakeCluster(ca, root_secret.secret(material(), "meshops-root-ca", "meshops-system", "shop"), config_map("shop", bundle(*self.BOTH)))
        advance(self.served(cluster, "reissue"))
        assert held(cluster).certificate == EAST.pem

    def test_of_a_primary_that_was_not_seen_nothing_is_done(self) -> None:
        with pytest.raises(Refused, match="west: its primary east was not seen"):
            primary_of("west", {"missing": "west: its primary east was not seen to be through: no route."})


class TestARenewedRoot:
    """RENEWED has the name and the key of ROOT."""

    RENEWED = make("shop root", own=ROOT.key, subject=ROOT.raw.subject, days=(-1, 400))

    def renewed(self, cluster: FakeCluster, step: str) -> rotating.StepWork:
        asked = work(cluster, step, self.RENEWED, leaving=[ROOT.fingerprint])
        asked.pems[self.RENEWED.fingerprint] = self.RENEWED.pem
        return asked

    def test_is_reached_without_a_signature(self) -> None:
        said = {("shop", "server-5c9-abc", 15000, DUMP): dump(chain(), bundle(ROOT, self.RENEWED))}
        cluster = east(issuer(), proxied(), config_map("shop", bundle(ROOT, self.RENEWED)), answers=said)
        seen = advance(self.renewed(cluster, "introduce"))
        assert (seen.standing.signs_under, seen.issuers) == (self.RENEWED.fingerprint, {self.RENEWED.fingerprint})
        written = list(cluster.writes)
        seen = advance(self.renewed(cluster, "reissue"))
        assert (seen.standing.signer, seen.laggards(), cluster.writes) == (EAST.fingerprint, [], written)

    def test_has_the_one_before_it_retired(self) -> None:
        said = {("shop", "server-5c9-abc", 15000, DUMP): dump(chain(), bundle(self.RENEWED))}
        cluster = east(issuer(roots=bundle(ROOT, self.RENEWED)), proxied(), config_map("shop", bundle(self.RENEWED)), answers=said)
        advance(self.renewed(cluster, "retire"))
        assert (held(cluster).roots, held(cluster).certificate) == (self.RENEWED.pem, EAST.pem)
