# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a rotation, turning back, and what is refused, on two real API servers with a stand-in for istiod on each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.lease import Hold
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map
from cryptography import x509 as library
from cryptography.hazmat.primitives import hashes, serialization

from ..journal import Journal, dry, said, writes
from .play import Stopped
from .stand_in import CACERTS
from .two import LEASE, Two, fingerprints, given, intermediate, root, settled


def test_a_root_in_all_its_steps(two: Two) -> None:
    states = {}

    def between(step: str) -> None:
        states[step] = two.state()

    two.play(between=between).run()
    one = {"signs": "old", "trusts": ["old"], "handed out": ["old"], "kept": False, "fenced": False}
    assert states["introduce"] | {"holder": ""} == {"east": one, "west": one, "root": "old", "beside": True, "holder": ""}
    one = {**one, "trusts": ["old", "root 2"], "handed out": ["old root 2"], "fenced": True}
    assert states["reissue"] | {"holder": ""} == {"east": one, "west": one, "root": "old", "beside": True, "holder": ""}
    one = {**one, "signs": "root 2", "trusts": ["mark", "old", "root 2"], "handed out": ["mark old root 2"], "kept": True}
    assert states["retire"] | {"holder": ""} == {"east": one, "west": one, "root": "old", "beside": True, "holder": ""}
    one = {**one, "trusts": ["root 2"], "handed out": ["root 2"]}
    assert states["finish"] | {"holder": ""} == {"east": one, "west": one, "root": "old", "beside": True, "holder": ""}
    assert two.state() == settled()
    again = two.play().run()
    assert not again.changed
    assert [each.ignored for each in two.stand_ins.values()] == [[], []]


def test_plan_and_check_mode_write_nothing(two: Two) -> None:
    journals = [Journal(server) for server in two.servers.values()]
    for journal in journals:
        journal.read()
    planned = two.play(plan=True).run()
    assert [step["step"] for step in planned.plan()["steps"]] == ["introduce", "reissue", "retire"]
    assert planned.target["says"].startswith("a new root, to follow 'CN=shop root,O=shop.example' (")
    assert planned.target["says"].endswith("; check mode does not make it")
    assert two.state() == settled("old", before=False)
    for journal in journals:
        assert [said(event) for event in writes(journal.read()) if not dry(event)] == []


def test_a_young_root_is_left_alone_unless_no_age_is_asked_for(two: Two) -> None:
    two.play().run()
    assert not two.play().run().changed
    assert two.play(min_age=0).run().changed
    assert two.state() == settled("root 2")


def test_intermediates_under_the_same_root(two: Two) -> None:
    before = signers(two)
    two.play(kind="intermediate").run()
    assert two.state() == settled("old")
    after = signers(two)
    assert not before & after
    assert not two.play(kind="intermediate").run().changed
    assert signers(two) == after


class Pulled(Exception):
    """Ends a run at once, as a power cut does."""


def until(last: str) -> Callable[[str], None]:
    """Stops before the step."""

    def between(step: str) -> None:
        if step == last:
            raise Pulled

    return between


@pytest.mark.parametrize("last", ["reissue", "retire"], ids=["after introduce", "after reissue"])
def test_turned_back(two: Two, last: str) -> None:
    before = signers(two)
    with pytest.raises(Pulled):
        two.play(between=until(last)).run()
    two.play(rollback=True).run()
    assert two.state() == settled("old")
    # What was kept signs again.
    assert signers(two) == before
    with pytest.raises(Stopped, match="cannot be turned back: no rotation is under way"):
        two.play(rollback=True).run()


def test_after_the_first_retired_cluster_there_is_no_way_back(two: Two) -> None:
    def between(step: str) -> None:
        if step == "retire":
            two.stand_ins["west"].stale.add("shop")

    with pytest.raises(Stopped, match="The rotation of the mesh shop stops after retire: west cannot be judged: west: these did not follow"):
        two.play(between=between, timeout=4).run()
    with pytest.raises(Stopped, match="cannot be turned back: east, west trusts only the new root by now"):
        two.play(rollback=True).run()
    two.stand_ins["west"].stale.clear()
    two.play().run()
    assert two.state() == settled()


def test_gone_on_with_after_each_step(two: Two) -> None:
    for step in ("introduce", "reissue", "retire", "finish"):
        with pytest.raises(Pulled):
            two.play(between=until(step)).run()
    left = two.play(plan=True).run().plan()["steps"]
    assert [(step["step"], step["clusters"]) for step in left] == [("finish", ["east", "west"])]
    two.play().run()
    assert two.state() == settled()


class TestWhoLags:
    def test_a_config_map_that_still_has_the_old_root_stops_all(self, two: Two) -> None:
        """No cluster retires while there is a laggard anywhere, here the ConfigMap of one namespace in one cluster."""

        def between(step: str) -> None:
            if step == "introduce":
                two.stand_ins["west"].stale.add("shop")

        old = fingerprints(root().certificate)[0][:12]
        with pytest.raises(Stopped, match=rf"stops after introduce: west .*trust bundle shop/istio-ca-root-cert trusts {old} and should trust") as stopped:
            two.play(between=between, timeout=6).run()
        assert "Nothing is lost. Fix the cause and run the rotation again" in str(stopped.value)
        assert [two.state()[name]["signs"] for name in ("east", "west")] == ["old", "old"]
        with pytest.raises(Stopped, match="stops after introduce: west "):
            two.play(timeout=2).run()
        two.stand_ins["west"].stale.clear()
        two.play().run()
        assert two.state() == settled()

    def test_one_that_was_tampered_with_is_mended(self, two: Two) -> None:
        """The stand-in lost the event of the change, so it looks at the ConfigMap only when it is touched."""

        def between(step: str) -> None:
            if step == "retire":
                stranger = root(9).certificate.decode()
                two.clusters["west"].apply([config_map("shop", "istio-ca-root-cert", **{"root-cert.pem": stranger})], force=True)
                two.stand_ins["west"].lose("shop")

        play = two.play(between=between).run()
        assert two.state() == settled()
        assert "touch shop/istio-ca-root-cert" in play.vars["west"]["retire"]["mended"]


def test_a_paused_run_whose_lease_was_taken_over_writes_nothing_more(two: Two) -> None:
    """The run sleeps before it reissues. Meanwhile another run takes over and finishes the rotation."""
    told: list[dict[str, Any]] = []

    def between(step: str) -> None:
        if step == "reissue":
            two.play(duration=1).run()
            told.append(two.state())

    with pytest.raises(Stopped, match="east: the Lease of mesh shop is no longer held by .* in epoch 1: nobody holds it now"):
        two.play(between=between, duration=1).run()
    assert two.state() == told[0] == settled()


def test_a_paused_run_finds_its_lease_in_other_hands(two: Two) -> None:
    """The other run is paused too, so there is still something to write."""

    def between(step: str) -> None:
        if step == "reissue":
            with pytest.raises(Pulled):
                two.play(duration=1, between=until("reissue")).run()

    with pytest.raises(Stopped, match="stops after reissue: east cannot be judged: east: the Lease of mesh shop is no longer held by .*west cannot be"):
        two.play(between=between, duration=1).run()
    assert [two.state()[name]["signs"] for name in ("east", "west")] == ["old", "old"]
    two.play().run()
    assert two.state() == settled()


def test_what_a_later_epoch_wrote_is_not_written_over(two: Two) -> None:
    two.give("west", intermediate("west", root()), **{"meshops.lifecycle/epoch": "99"})
    with pytest.raises(Stopped, match="Secret istio-system/cacerts was written in epoch 99, and this run has epoch 1: another run took over"):
        two.play().run()


def test_the_second_operator_is_refused_and_the_first_unharmed(two: Two) -> None:
    refused: list[str] = []

    def between(step: str) -> None:
        if step == "reissue":
            held = Hold(two.clusters["east"], LEASE, first.hold["holder"], first.hold["epoch"])
            ended = threading.Event()
            renewing = threading.Thread(target=lambda: [renew(held) for _again in iter(lambda: ended.wait(0.1), True)])
            renewing.start()
            with pytest.raises(Stopped) as second:
                two.play().run()
            ended.set()
            renewing.join()
            refused.append(str(second.value))

    first = two.play(between=between, duration=2)
    first.run()
    assert first.hold["holder"] in refused[0]
    assert two.state() == settled()


def renew(held: Hold) -> None:
    held._due = 0
    held.keep()


def signers(two: Two) -> set[str]:
    return {x509.bundle(decoded((two.clusters[name].get(CACERTS) or {})["data"]["ca-cert.pem"]))[0].fingerprint for name in two.clusters}


class TestAPartnersRoot:
    """root-cert.pem with a second root in it is how a partner's mesh is trusted. The rotation neither brought it nor replaces it."""

    PARTNER = root(41)

    @pytest.fixture
    def trusted(self, two: Two) -> Two:
        for name in two.clusters:
            ca = intermediate(name, root())
            two.give(name, replace(ca, roots=ca.roots + self.PARTNER.certificate))
            two.stand_ins[name].restart()
        return two

    def others(self, two: Two) -> list[int]:
        """How many roots each cluster trusts beside the partner's, in its CA and in the bundles that it hands out."""
        (partner,) = fingerprints(self.PARTNER.certificate)
        found = []
        for cluster in two.clusters.values():
            maps = cluster.list("v1", "ConfigMap", fields="metadata.name=istio-ca-root-cert")
            given = [one["data"]["root-cert.pem"].encode() for one in maps]
            for pem in (decoded((cluster.get(CACERTS) or {})["data"]["root-cert.pem"]), *given):
                held = fingerprints(pem)
                found.append(len(held) - 1 if partner in held else -1)
        return sorted(set(found))

    def test_stays_through_a_rotation_of_the_root_and_of_intermediates(self, trusted: Two) -> None:
        play = trusted.play().run()
        assert "it also trusts 'CN=shop root 41,O=shop.example', which this rotation neither brought nor replaces" in "\n".join(play.plan()["table"])
        assert self.others(trusted) == [1]
        trusted.play(kind="intermediate", min_age=0).run()
        assert self.others(trusted) == [1]
        assert not trusted.play().run().changed

    def test_stays_when_it_is_turned_back(self, trusted: Two) -> None:
        with pytest.raises(Pulled):
            trusted.play(between=until("retire")).run()
        trusted.play(rollback=True).run()
        assert self.others(trusted) == [1]

    def test_goes_where_it_is_named(self, trusted: Two) -> None:
        assert trusted.play(retire_roots=fingerprints(self.PARTNER.certificate), min_age=99999).run().changed
        assert trusted.state() == settled("old")


def test_a_root_that_was_only_renewed_takes_no_new_certificate(two: Two) -> None:
    """The renewed root has the same name and key, so it verifies all certificates as they are."""
    first = root(42)
    two.under(first, timedelta(hours=2))
    before = signers(two)
    renewed = given(renewed_of(first))
    play = two.play(root=renewed).run()
    assert "which has the name and the key of 'CN=shop root 42,O=shop.example'" in play.target["says"]
    assert "so that nothing has to be reissued" in play.target["says"]
    assert signers(two) == before
    assert [two.state()[name]["trusts"] for name in two.clusters] == [["root 2"], ["root 2"]]
    assert fingerprints(decoded((two.clusters["west"].get(CACERTS) or {})["data"]["root-cert.pem"])) == [play.target["fingerprint"]]
    assert not two.play(root=renewed).run().changed


def renewed_of(first: Material) -> Material:
    key = serialization.load_pem_private_key(first.key, None)
    old = library.load_pem_x509_certificate(first.certificate)
    made = library.CertificateBuilder(old.issuer, old.subject, old.public_key(), library.random_serial_number(), old.not_valid_before_utc,
                                      old.not_valid_after_utc + timedelta(days=365))  # fmt: skip
    for one in old.extensions:
        made = made.add_extension(one.value, one.critical)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)  # type: ignore[arg-type]
    return replace(first, certificate=pem, roots=pem)


def test_nobody_takes_over_while_it_soaks(two: Two) -> None:
    """The Lease lasts a second."""
    refused: list[str] = []

    def between(step: str) -> None:
        if step == "soak":
            second = threading.Thread(target=lambda: refused.append(tried(two)))
            second.start()
            waiting.append(second)

    waiting: list[threading.Thread] = []
    play = two.play(between=between, duration=1, soak=4)
    play.run()
    waiting[0].join()
    assert play.hold["holder"] in refused[0]
    assert two.state() == settled()


def tried(two: Two) -> str:
    try:
        two.play(duration=1).run()
    except Stopped as stopped:
        return str(stopped)
    return "it was not refused"
