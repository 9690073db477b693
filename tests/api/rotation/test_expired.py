# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An expired root, an expired intermediate, and a CA that istiod ignored, on two real API servers with a stand-in for istiod on each."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material

from .play import Stopped
from .two import NEXT, Two, fingerprints, given, intermediate, root, settled

YEAR = timedelta(days=365)
LATE = root(25, YEAR + timedelta(days=30))


@pytest.fixture
def down(two: Two) -> Two:
    """The mesh, whose root and all certificates under it expired a month ago."""
    return two.under(root(20, YEAR + timedelta(days=30)), YEAR)


class TestARootThatHasExpired:
    def test_is_not_rotated_as_if_it_held(self, down: Two) -> None:
        before = down.state()
        play = down.play()
        with pytest.raises(Stopped, match="east: root .* expired at .* new mTLS handshakes fail since then.*rotate_recover: true"):
            play.run()
        shown = "\n".join(play.plan()["table"])
        assert "1. reissue in east, west: sign with an intermediate of a new root, and trust it from the same write on in east, west" in shown
        assert down.state() == before

    def test_is_left_for_another_one(self, down: Two) -> None:
        states: dict[str, dict[str, Any]] = {}

        def between(step: str) -> None:
            states[step] = down.state()

        down.play(recover=True, between=between).run()
        # Nothing is introduced; then trust and signer come in one write. The stand-in took it: the expired root is still in it.
        assert [states["reissue"][name]["trusts"] for name in ("east", "west")] == [["root 2"], ["root 2"]]
        assert [states["retire"][name]["handed out"] for name in ("east", "west")] == [["mark root 2 root 3"], ["mark root 2 root 3"]]
        assert [states["retire"][name]["signs"] for name in ("east", "west")] == ["root 2", "root 2"]
        assert down.state() == settled()
        assert [one.ignored for one in down.stand_ins.values()] == [[], []]
        with pytest.raises(Stopped, match="no root of the mesh shop has expired. Run without rotate_recover: an ordinary rotation interrupts nothing"):
            down.play(recover=True).run()
        assert not down.play().run().changed

    def test_for_one_that_is_given(self, down: Two) -> None:
        new = root(21)
        (expected,) = fingerprints(new.certificate)
        play = down.play(root=given(new), recover=True).run()
        assert play.target["fingerprint"] == expected
        assert down.state()["east"] == down.state()["west"] == settled()["east"]

    def test_also_when_it_expired_after_the_new_one_was_introduced(self, down: Two) -> None:
        """istiod does not take what an ordinary run writes then, and that run names the laggards."""
        for name in ("east", "west"):
            ca = intermediate(name, root(20, YEAR + timedelta(days=30)), YEAR)
            down.give(name, replace(ca, roots=ca.roots + root(22).certificate))
        down.play(root=given(root(22)), recover=True).run()
        assert down.state()["east"] == down.state()["west"] == settled()["east"]

    def test_is_no_way_back_and_issues_nothing(self, down: Two) -> None:
        class Pulled(Exception):
            pass

        def between(step: str) -> None:
            if step == "retire":
                raise Pulled

        with pytest.raises(Stopped, match="cannot stay with its root .* which expired at .*rotate_recover: true"):
            down.play(kind="intermediate").run()
        with pytest.raises(Pulled):
            down.play(recover=True, between=between).run()
        with pytest.raises(Stopped, match="cannot stay with its root .* which expired at"):
            down.play(rollback=True).run()
        # Nobody signs under it any more, so the way to the end is an ordinary one.
        down.play().run()
        assert down.state() == settled()

    def test_where_the_playbook_says_what_is_down(self, down: Two) -> None:
        refused = down.rotate()
        assert refused.rc
        assert "new mTLS handshakes fail since then. Nothing can be carried over from this root." in refused.said
        done = down.rotate(rotate_recover=True).succeeded()
        assert "down until each proxy has a certificate of the new root. Reissue waits for that" in done.said
        assert down.state() == settled()


@pytest.fixture
def halfway(two: Two) -> Two:
    """A rotation that stopped when every cluster trusted the next root. The next root has expired since."""
    two.clusters["east"].create(root_secret.secret(LATE, NEXT.name, str(NEXT.namespace), "shop"))
    for name in ("east", "west"):
        two.give(name, _beside(intermediate(name, root()), LATE))
        two.stand_ins[name].restart()
    return two


def _beside(ca: Material, other: Material) -> Material:
    return replace(ca, roots=ca.roots + other.certificate)


class TestARootThatExpiredOnTheWayToIt:
    """Nothing has to be removed by hand. Root 2 is the new root that the run makes."""

    def test_gives_way_to_another_while_all_is_up(self, halfway: Two) -> None:
        states: dict[str, dict[str, Any]] = {}

        def between(step: str) -> None:
            states[step] = halfway.state()

        play = halfway.play(between=between).run()
        assert ", a new root, instead of 'CN=shop root 25,O=shop.example' (" in play.target["says"]
        assert [states["reissue"][name]["signs"] for name in ("east", "west")] == ["old", "old"]
        assert all(len(states["reissue"][name]["trusts"]) == 3 for name in ("east", "west"))
        assert halfway.state()["east"] == halfway.state()["west"] == settled()["east"]
        assert [one.ignored for one in halfway.stand_ins.values()] == [[], []]
        assert not halfway.play().run().changed

    def test_gives_way_where_a_cluster_signs_under_it_already(self, halfway: Two) -> None:
        """That cluster is down, and the plan says so."""
        halfway.give("west", _beside(intermediate("west", LATE, YEAR), root()))
        halfway.stand_ins["west"].restart()
        before = halfway.state()
        with pytest.raises(Stopped, match="west: root .* expired at .* new mTLS handshakes fail since then.*rotate_recover: true"):
            halfway.play().run()
        assert halfway.state() == before
        halfway.play(recover=True).run()
        assert halfway.state()["east"] == halfway.state()["west"] == settled()["east"]
        assert not halfway.state()["beside"]

    def test_can_be_turned_back_from(self, halfway: Two) -> None:
        halfway.play(rollback=True).run()
        assert halfway.state() == settled("old")

    def test_by_the_playbook(self, halfway: Two) -> None:
        planned = halfway.rotate(rotate_plan=True).succeeded()
        assert "a new root, instead of 'CN=shop root 25,O=shop.example' (" in planned.said
        halfway.rotate().succeeded()
        assert halfway.state()["east"] == halfway.state()["west"] == settled()["east"]
        assert not halfway.state()["beside"]


def test_an_intermediate_that_has_expired_under_a_root_that_holds(two: Two) -> None:
    """`rotate: intermediate` repairs it. The root cannot be rotated before, because istiod takes no bundle with such a CA."""
    old = root(23, timedelta(days=320))
    two.under(old, timedelta(hours=2))
    two.give("west", intermediate("west", old, timedelta(days=310)))
    two.stand_ins["west"].restart()
    with pytest.raises(Stopped, match=r"west: its intermediate .* expired at .*, so its control plane accepts no other bundle.*rotate: intermediate, then"):
        two.play().run()
    with pytest.raises(Stopped, match="no root of the mesh shop has"):
        two.play(kind="intermediate", recover=True, min_age=86400).run()
    two.play(kind="intermediate", min_age=86400).run()
    assert two.state() == settled() | {"east": settled(before=False)["east"]}
    two.play().run()
    assert two.state() == settled()


@pytest.fixture
def swapped(two: Two) -> Two:
    """Somebody wrote CAs of another root into both clusters, and istiod ignores them silently."""
    for name in ("east", "west"):
        two.give(name, intermediate(name, root(24)))
    end = time.monotonic() + 20
    while not all(one.ignored for one in two.stand_ins.values()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return two


class TestACAThatIstiodIgnored:
    def test_is_named_with_what_its_next_restart_does(self, swapped: Two) -> None:
        play = swapped.play(root=given(root(24)), plan=True).run()
        old, new = (fingerprints(one.certificate)[0][:12] for one in (root(), root(24)))
        shown = "\n".join(play.plan()["table"])
        assert shown.count(f"its control plane has ignored its CA: it goes on handing out root {old}, and the CA has root {new}") == 2
        assert "at its next restart it takes the CA after all, and cuts off everything that uses the other root" in shown
        assert not play.plan()["done"]
        assert play.vars["east"]["seen"]["ignored"][0]["fingerprint"].startswith(old)

    def test_is_mended_by_a_bundle_of_both(self, swapped: Two) -> None:
        states: dict[str, dict[str, Any]] = {}

        def between(step: str) -> None:
            states[step] = swapped.state()

        swapped.play(root=given(root(24)), between=between).run()
        assert [states["introduce"][name]["handed out"] for name in ("east", "west")] == [["old"], ["old"]]
        assert [states["reissue"][name]["handed out"] for name in ("east", "west")] == [["old root 2"], ["old root 2"]]
        assert swapped.state()["east"] == swapped.state()["west"] == settled()["east"]
        assert [len(one.ignored) for one in swapped.stand_ins.values()] == [1, 1]

    def test_of_one_cluster_is_not_let_in(self, two: Two) -> None:
        two.give("west", intermediate("west", root(24)))
        play = two.play(plan=True)
        with pytest.raises(Stopped, match="Was .* rebuilt"):
            play.run()
        assert "its control plane has ignored its CA" in "\n".join(play.plan()["table"])


def test_the_plan_shows_what_the_version_gets_wrong(two: Two) -> None:
    labels = {"app": "istiod"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "discovery", "image": "istio/pilot:1.29.1"}]}}
    metadata = {"name": "istiod", "namespace": "istio-system", "labels": labels}
    istiod = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"selector": {"matchLabels": labels}, "template": pod}}
    two.clusters["west"].create(istiod)
    try:
        shown = two.play(plan=True).run().plan()["table"]
    finally:
        two.clusters["west"].delete([Ref.of(istiod)])
    (place,) = [number for number, line in enumerate(shown) if line.startswith("  west:")]
    assert shown[place + 1].startswith("    istiod 1.29.1, until 1.30: istiod compares bundles as bytes")
    assert shown[place + 1].endswith("(istio#59909)")
