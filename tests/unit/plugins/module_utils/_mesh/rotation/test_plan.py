# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which step follows from the state of the clusters, and that no order of kills and repeats ever cuts off a workload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.barrier import barrier
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.plan import (
    INTRODUCE,
    INTRODUCED,
    NEW,
    OUTSIDE,
    REISSUE,
    REISSUED,
    RETIRE,
    RETIRED,
    STEPS,
    Report,
    phase,
    plan,
    wish,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.table import table
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing

OLD, TARGET, OTHER, MARK = "0" * 64, "1" * 64, "2" * 64, "f" * 64


def report(cluster: str, signs: str, *trusts: str, marks: tuple[str, ...] = (), issuers: tuple[str, ...] = (), laggards: tuple[str, ...] = ()) -> Report:
    standing = Standing(cluster, signs, f"ca-{cluster}-{signs[:1]}", frozenset(trusts or (signs,)), frozenset(marks))
    return Report(standing, laggards, frozenset(issuers or (signs,)))


SETTLED = report("east", OLD)
BOTH = report("east", OLD, OLD, TARGET)
SIGNED = report("east", TARGET, OLD, TARGET, marks=(MARK,))
DONE = report("east", TARGET)


def named(one: Report, cluster: str) -> Report:
    return replace(one, standing=replace(one.standing, cluster=cluster))


@pytest.mark.parametrize(
    ("one", "expected"),
    [(SETTLED, OUTSIDE), (BOTH, INTRODUCED), (SIGNED, REISSUED), (report("east", TARGET, TARGET, marks=(MARK,)), REISSUED), (DONE, RETIRED)],
)
def test_the_phase_is_read_from_what_a_cluster_holds(one: Report, expected: str) -> None:
    assert phase(one.standing, TARGET) == expected


@pytest.mark.parametrize(
    ("east", "west", "steps"),
    [
        (SETTLED, SETTLED, {INTRODUCE: "ew", REISSUE: "ew", RETIRE: "ew"}),
        (BOTH, SETTLED, {INTRODUCE: "w", REISSUE: "ew", RETIRE: "ew"}),
        (BOTH, BOTH, {REISSUE: "ew", RETIRE: "ew"}),
        (SIGNED, BOTH, {REISSUE: "w", RETIRE: "ew"}),
        (SIGNED, SIGNED, {RETIRE: "ew"}),
        (DONE, SIGNED, {RETIRE: "w"}),
        (DONE, DONE, {}),
        # Somebody retired one cluster by hand: it has to trust the others' root again before anything else.
        (DONE, BOTH, {INTRODUCE: "e", REISSUE: "w", RETIRE: "ew"}),
        # A leaf of the old root still lives in west, although its CA is through.
        (DONE, report("east", TARGET, issuers=(OLD, TARGET)), {INTRODUCE: "ew", RETIRE: "ew"}),
    ],
    ids=["settled", "one introduced", "introduced", "one reissued", "reissued", "one retired", "retired", "retired by hand", "an old leaf lives"],
)
def test_a_plan_holds_what_is_left_to_do(east: Report, west: Report, steps: dict[str, str]) -> None:
    found = plan("shop", TARGET, [east, named(west, "west")], accepted=[OLD])
    known = {step.name: "".join(cluster[0] for cluster in step.clusters) for step in found.steps}
    assert known == steps
    assert found.done == (not steps)


def test_a_root_that_is_not_made_yet_can_be_planned_for() -> None:
    lines = table([plan("shop", NEW, [SETTLED])], {"east": SETTLED})
    assert lines[0] == "mesh shop: to a new root"
    assert "1. introduce in east: trust a new root beside root 000000000000" in lines[2]


@pytest.mark.parametrize(("one", "root", "said"), [
    (SETTLED, "new root", "not begun: does not trust the new root yet, signs under"),
    (BOTH, "former root", "introduced: trusts the former root, and signs under another one, signs under"),
    (SIGNED, "new root", "reissued: signs under the new root, and still trusts another one, signs under"),
    (DONE, "new root", "done: on the new root only, signs under"),
])
def test_a_table_says_where_a_cluster_stands_in_words_of_its_own(one: Report, root: str, said: str) -> None:
    assert table([plan("shop", TARGET, [one], accepted=[OLD])], {"east": one}, root=root)[1].startswith(f"  east: {said}")


def test_what_has_steps_to_come_or_trusts_a_partner_s_root_is_not_called_done_on_one_root_only() -> None:
    stale = table([plan("shop", TARGET, [DONE], stale=[DONE.standing.signer])], {"east": DONE}, root="same root")
    assert stale[1].startswith("  east: on the same root only, with steps to come, signs under")
    partner = report("east", TARGET, TARGET, OTHER)
    assert table([plan("shop", TARGET, [partner], leaving=[OLD])], {"east": partner})[1].startswith("  east: done: on the new root, signs under")


def test_a_root_that_the_product_drops_by_itself_is_named_below_the_cluster() -> None:
    ends = replace(DONE, driven=True, outgoing=frozenset({OLD}))
    lines = table([plan("shop", TARGET, [ends])], {"east": ends})
    assert "done: on the new root only" in lines[1]
    assert lines[2] == ("    its workloads still trust root 000000000000, under which no certificate is in use any more; "
                        "its product drops that by itself")


def test_a_cluster_whose_root_nobody_else_trusts_is_not_let_in() -> None:
    rebuilt = report("west", OTHER)
    with pytest.raises(Refused, match=f"west signs under root {OTHER[:12]}, which is not trusted in east of the mesh shop. Was west rebuilt"):
        plan("shop", TARGET, [SETTLED, rebuilt], accepted=[OLD])
    with pytest.raises(Refused, match="east signs under"):
        plan("shop", TARGET, [SETTLED, rebuilt], accepted=[OTHER])
    steps = plan("shop", TARGET, [SETTLED, rebuilt], accepted=[OTHER, OLD]).steps
    assert [step.name for step in steps] == list(STEPS)


def test_a_worn_intermediate_is_replaced_under_the_same_root() -> None:
    found = plan("shop", OLD, [SETTLED, named(SETTLED, "west")], stale=[SETTLED.standing.signer])
    assert [(step.name, step.clusters) for step in found.steps] == [(REISSUE, ("east", "west")), (RETIRE, ("east", "west"))]
    asked = wish(REISSUE, SETTLED.standing, [SETTLED], OLD, stale=[SETTLED.standing.signer])
    assert asked is not None and asked.sign and asked.marked and asked.trusts == {OLD}
    assert wish(REISSUE, SETTLED.standing, [SETTLED], OLD) is None


class TestWish:
    def test_introducing_adds_the_target_and_what_the_others_live_by(self) -> None:
        west = report("west", OTHER)
        asked = wish(INTRODUCE, SETTLED.standing, [SETTLED, west], TARGET)
        assert asked is not None and asked.trusts == {OLD, OTHER, TARGET} and not asked.sign and not asked.marked

    def test_nothing_is_written_twice(self) -> None:
        everyone = [SIGNED, named(SIGNED, "west")]
        assert wish(INTRODUCE, SIGNED.standing, everyone, TARGET) is None
        assert wish(REISSUE, SIGNED.standing, everyone, TARGET) is None
        assert wish(RETIRE, DONE.standing, [DONE], TARGET) is None

    def test_a_mark_goes_with_a_second_certificate(self) -> None:
        """If a rotation is turned back during reissue, removing the mark is the change that makes proxies ask for new certificates."""
        asked = wish(REISSUE, SIGNED.standing, [SIGNED], OLD)
        assert asked is not None and asked.sign and not asked.marked and asked.trusts == {OLD, TARGET}

    def test_a_direct_swap_is_refused(self) -> None:
        with pytest.raises(Refused, match="east: this cluster may not sign under root 111111111111 yet, because east would not trust"):
            wish(REISSUE, SETTLED.standing, [SETTLED], TARGET)

    def test_signing_waits_for_the_last_cluster(self) -> None:
        with pytest.raises(Refused, match="west would not trust"):
            wish(REISSUE, BOTH.standing, [BOTH, named(SETTLED, "west")], TARGET)

    @pytest.mark.parametrize(
        ("west", "words"),
        [
            (named(BOTH, "west"), "west signs under root 000000000000"),
            (report("west", TARGET, OLD, TARGET, issuers=(OLD, TARGET)), "west has certificates under root 0"),
        ],
    )
    def test_a_root_is_not_retired_while_anything_leads_to_it(self, west: Report, words: str) -> None:
        with pytest.raises(Refused, match=words):
            wish(RETIRE, SIGNED.standing, [SIGNED, west], TARGET)


class TestWhatElseIsTrusted:
    """A partner's root, OTHER, which the rotation neither brought nor replaces."""

    TOO = report("east", OLD, OLD, OTHER)

    def test_it_stays_through_a_rotation(self) -> None:
        found = plan("shop", TARGET, [self.TOO], leaving=[OLD])
        assert found.steps[-1].says == "trust root 111111111111 beside root 222222222222"
        signed = report("east", TARGET, OLD, OTHER, TARGET, marks=(MARK,))
        asked = wish(RETIRE, signed.standing, [signed], TARGET, leaving=[OLD])
        assert asked is not None and asked.trusts == {TARGET, OTHER} and not asked.marked

    def test_with_it_a_cluster_is_through(self) -> None:
        done = report("east", TARGET, TARGET, OTHER)
        assert phase(done.standing, TARGET, [OLD]) == RETIRED
        assert plan("shop", TARGET, [done], leaving=[OLD]).done
        barrier("shop", RETIRE, TARGET, ["east"], {"east": done}, leaving=[OLD])

    def test_nothing_is_done_where_nothing_is_rotated(self) -> None:
        assert plan("shop", OLD, [self.TOO], leaving=[]).done
        assert wish(RETIRE, self.TOO.standing, [self.TOO], OLD, leaving=[]) is None

    def test_it_is_no_way_round_what_has_to_come_before(self) -> None:
        with pytest.raises(Refused, match="No cluster may trust root 111111111111 alone yet: east signs under root 000000000000"):
            wish(RETIRE, self.TOO.standing, [self.TOO], TARGET, leaving=[])

    def test_it_goes_where_it_is_named(self) -> None:
        found = plan("shop", OLD, [self.TOO], leaving=[OTHER])
        assert [(step.name, step.says) for step in found.steps] == [(RETIRE, "trust root 000000000000 alone")]
        asked = wish(RETIRE, self.TOO.standing, [self.TOO], OLD, leaving=[OTHER])
        assert asked is not None and asked.trusts == {OLD}

    def test_only_a_mark_goes_with_new_intermediates(self) -> None:
        marked = report("east", OLD, OLD, OTHER, marks=(MARK,))
        asked = wish(RETIRE, marked.standing, [marked], OLD, leaving=[])
        assert asked is not None and asked.trusts == {OLD, OTHER} and not asked.marked


class TestBarrier:
    def test_all_through(self) -> None:
        barrier("shop", INTRODUCE, TARGET, ["east", "west"], {"east": BOTH, "west": named(SIGNED, "west")})

    @pytest.mark.parametrize(
        ("west", "words"),
        [
            ("it could not be reached.", "west cannot be judged: it could not be reached."),
            (named(SETTLED, "west"), "west is only outside."),
            (report("west", OLD, OLD, TARGET, laggards=("proxy shop/web trusts root 0",)), "west: proxy shop/web trusts root 0."),
        ],
    )
    def test_who_is_late_is_named(self, west: Report | str, words: str) -> None:
        with pytest.raises(Refused, match="stops after introduce") as caught:
            barrier("shop", INTRODUCE, TARGET, ["east", "west"], {"east": BOTH, "west": west})
        assert caught.value.facts["findings"] == [words]

    def test_a_cluster_that_said_nothing_stops_it(self) -> None:
        with pytest.raises(Refused, match="west cannot be judged: nobody reported anything about it"):
            barrier("shop", RETIRE, TARGET, ["east", "west"], {"east": DONE})


class TestAnExpiredRoot:
    """OLD has expired."""

    def test_nobody_under_it_is_introduced_to_anything(self) -> None:
        found = plan("shop", TARGET, [SETTLED, named(SETTLED, "west")], dead=[OLD])
        assert [(step.name, step.clusters) for step in found.steps] == [(REISSUE, ("east", "west")), (RETIRE, ("east", "west"))]
        assert found.steps[0].says == "sign with an intermediate of root 111111111111, and trust it from the same write on in east, west"

    def test_reissuing_brings_the_trust_with_it(self) -> None:
        everyone = [SETTLED, named(SETTLED, "west")]
        assert wish(INTRODUCE, SETTLED.standing, everyone, TARGET, dead=[OLD]) is None
        asked = wish(REISSUE, SETTLED.standing, everyone, TARGET, dead=[OLD])
        # The old one stays in the bundle until it is retired: a control plane takes no bundle that has nothing in common with its own.
        assert asked is not None and asked.sign and asked.marked and asked.trusts == {OLD, TARGET}

    def test_a_cluster_that_lives_is_introduced_first(self) -> None:
        """The cluster under a living root is introduced, and the one under an expired root is not."""
        living = report("west", OTHER)
        found = plan("shop", TARGET, [SETTLED, living], accepted=[OLD, OTHER], dead=[OLD])
        assert [(step.name, step.clusters) for step in found.steps][:2] == [(INTRODUCE, ("west",)), (REISSUE, ("east", "west"))]
        asked = wish(INTRODUCE, living.standing, [SETTLED, living], TARGET, dead=[OLD])
        assert asked is not None and asked.trusts == {OTHER, TARGET}
        with pytest.raises(Refused, match="east: this cluster may not sign under root 1.* yet, because west would not trust what it signs"):
            wish(REISSUE, SETTLED.standing, [SETTLED, living], TARGET, dead=[OLD])
        asked = wish(REISSUE, SETTLED.standing, [SETTLED, report("west", OTHER, OTHER, TARGET)], TARGET, dead=[OLD])
        assert asked is not None and asked.trusts == {OLD, OTHER, TARGET}

    def test_it_is_no_target(self) -> None:
        with pytest.raises(Refused, match="cannot be brought to root 000000000000, which has expired"):
            plan("shop", OLD, [SETTLED], dead=[OLD])

    def test_it_is_not_waited_for_before_it_is_reissued_and_is_afterwards(self) -> None:
        west = replace(named(SETTLED, "west"), laggards=("proxy shop/web-1 could not be seen",))
        barrier("shop", INTRODUCE, TARGET, ["east", "west"], {"east": SETTLED, "west": west}, dead=[OLD])
        with pytest.raises(Refused, match="west: proxy shop/web-1 could not be seen. Everything named here is still down. Fix the cause"):
            barrier("shop", REISSUE, TARGET, ["east", "west"], {"east": SIGNED, "west": west}, dead=[OLD])


class TestAnIgnoredCA:
    """Somebody replaced the CA of east by one under TARGET, but its control plane goes on with OLD and OTHER."""

    SWAPPED = replace(report("east", TARGET, issuers=(OLD,)), ignored=frozenset({OLD, OTHER}))

    def test_it_is_named_with_what_it_will_do(self) -> None:
        found = table([plan("shop", TARGET, [self.SWAPPED])], {"east": self.SWAPPED})
        assert "its control plane has ignored its CA: it goes on handing out root 000000000000, root 222222222222, and the CA has root 1111" in found[2]
        assert "at its next restart it takes the CA after all, and cuts off everything that uses the other root" in found[3]

    def test_it_gets_all_that_it_hands_out_and_the_others_what_is_in_use(self) -> None:
        west = named(DONE, "west")
        found = plan("shop", TARGET, [self.SWAPPED, west])
        assert [(step.name, step.clusters) for step in found.steps] == [(INTRODUCE, ("east", "west")), (RETIRE, ("east", "west"))]
        everyone = [self.SWAPPED, west]
        asked = wish(INTRODUCE, self.SWAPPED.standing, everyone, TARGET)
        assert asked is not None and asked.trusts == {OLD, OTHER, TARGET}
        asked = wish(INTRODUCE, west.standing, everyone, TARGET)
        assert asked is not None and asked.trusts == {OLD, TARGET}

    def test_nothing_is_retired_before(self) -> None:
        ignoring = replace(SIGNED, ignored=frozenset({OTHER}))
        with pytest.raises(Refused, match="east hands out root 222222222222 in spite of its CA"):
            wish(RETIRE, ignoring.standing, [ignoring], TARGET)


@dataclass(frozen=True)
class World:
    """Two clusters: what their CAs say, and what one proxy in each holds; a proxy takes over a bundle, then a leaf, whenever it likes.

    `dead` are roots that have expired: whoever has a leaf of one is down already, and a control plane takes no CA that is under one.
    """

    cas: tuple[Standing, Standing]
    proxies: tuple[tuple[str, frozenset[str]], tuple[str, frozenset[str]]]
    dead: frozenset[str] = frozenset()

    def reports(self) -> list[Report]:
        return [
            Report(ca, () if proxy == (ca.signs_under, ca.bundle) else ("late",), frozenset({proxy[0]}))
            for ca, proxy in zip(self.cas, self.proxies, strict=True)
        ]

    def safe(self) -> bool:
        living = [proxy for proxy in self.proxies if proxy[0] not in self.dead]
        return all(leaf in bundle for leaf, _own in living for _leaf, bundle in living)

    def followed(self) -> Iterator[World]:
        """The states in which a proxy has taken one thing more: first the bundle, later the leaf."""
        for place, ca in enumerate(self.cas):
            if ca.signs_under in self.dead:
                continue
            leaf, bundle = self.proxies[place]
            caught_up = [*self.proxies]
            caught_up[place] = (leaf, ca.bundle) if bundle != ca.bundle else (ca.signs_under, bundle)
            if caught_up[place] != self.proxies[place]:
                yield replace(self, proxies=(caught_up[0], caught_up[1]))

    def stepped(self, target: str) -> Iterator[World]:
        """The states after the next write of a run that passes the barrier. A killed run may have written in any one of the clusters."""
        reports = self.reports()
        steps = plan("shop", target, reports, accepted=[OLD, TARGET, OTHER], dead=self.dead).steps
        if not steps:
            return
        if steps[0].name != INTRODUCE:
            before = {REISSUE: INTRODUCE, RETIRE: REISSUE}[steps[0].name]
            try:
                barrier("shop", before, target, ["east", "west"], {one.standing.cluster: one for one in reports}, self.dead)
            except Refused:
                return
        for place, own in enumerate(self.cas):
            try:
                asked = wish(steps[0].name, own, reports, target, dead=self.dead)
            except Refused:
                continue
            if asked:
                cas = [*self.cas]
                cas[place] = Standing(own.cluster, target if asked.sign else own.signs_under, "ca", asked.trusts, frozenset({MARK} if asked.marked else ()))
                yield replace(self, cas=(cas[0], cas[1]))


def test_no_order_of_writes_kills_and_changes_of_mind_is_unsafe() -> None:
    """Runs to either root start, die and start again at any moment. All states that they can reach are safe and lead to the end."""
    start = World((report("east", OLD).standing, report("west", OLD).standing), ((OLD, frozenset({OLD})),) * 2)
    seen = reached(start, (TARGET, OLD))
    assert len(seen) > 100
    assert any(ca.bundle == {TARGET} for world in seen for ca in world.cas)


@pytest.mark.parametrize("west", [report("west", OLD), report("west", OTHER, OLD, OTHER)], ids=["both expired", "one lives under another root"])
def test_no_order_is_unsafe_when_a_root_has_expired(west: Report) -> None:
    """OLD has expired, and runs go to either of two other roots. No proxy with a valid certificate refuses another one that has a valid certificate."""
    proxies = ((OLD, frozenset({OLD})), (west.standing.signs_under, west.standing.bundle))
    seen = reached(World((report("east", OLD).standing, west.standing), proxies, frozenset({OLD})), (TARGET, OTHER))
    assert len(seen) > 50
    for target in (TARGET, OTHER):
        assert any(all(ca.bundle == {target} for ca in world.cas) for world in seen)


def reached(start: World, targets: tuple[str, ...]) -> set[World]:
    seen, todo = {start}, [start]
    while todo:
        world = todo.pop()
        assert world.safe(), world
        ways = [*world.followed(), *(way for target in targets for way in world.stepped(target))]
        for target in targets:
            settled = all(ca.bundle == {target} and ca.signs_under == target for ca in world.cas)
            assert settled or [*world.followed(), *world.stepped(target)], f"stuck on the way to {target[:1]}: {world}"
        fresh = [way for way in ways if way not in seen]
        seen.update(fresh)
        todo += fresh
    return seen
