# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a credential: the steps that are left after a run was killed at any write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.rotation import (
    CREATE,
    REVOKE,
    SWITCH,
    CredentialState,
    CredentialStep,
    HeldCredential,
    Token,
    remaining_steps,
    require_links,
)

OLD, NEW = Token("token", 1, 9000, "a"), Token("token-2", 2, 5, "b")
EMPTY = replace(NEW, digest="")
WHO = ("east", "north", "south")


def standing(*tokens: Token, **holds: str | None) -> CredentialState:
    return CredentialState("west", tokens, {name: None if digest is None else HeldCredential(digest) for name, digest in holds.items()})


def everyone(digest: str) -> dict[str, str]:
    return dict.fromkeys(WHO, digest)


FRESH = standing(OLD, **everyone("a"))


@pytest.mark.parametrize(("where", "steps"), [
    pytest.param(FRESH, [(CREATE, ("2",)), (SWITCH, WHO), (REVOKE, ("token",))], id="old enough"),
    pytest.param(standing(replace(OLD, age=3599), **everyone("a")), [], id="too young"),
    pytest.param(standing(replace(OLD, age=3600), **everyone("a")), [(CREATE, ("2",)), (SWITCH, WHO), (REVOKE, ("token",))], id="just old enough"),
    pytest.param(standing(OLD, EMPTY, **everyone("a")), [(SWITCH, WHO), (REVOKE, ("token",))], id="killed after the Secret was made, before it was filled in"),
    pytest.param(standing(OLD, NEW, **everyone("a")), [(SWITCH, WHO), (REVOKE, ("token",))], id="killed before the first consumer"),
    pytest.param(standing(OLD, NEW, east="b", north="a", south="a"), [(SWITCH, WHO[1:]), (REVOKE, ("token",))], id="killed after the first consumer"),
    pytest.param(standing(OLD, NEW, east="a", north="b", south="a"), [(SWITCH, ("east", "south")), (REVOKE, ("token",))], id="another order"),
    pytest.param(standing(OLD, NEW, **everyone("b")), [(REVOKE, ("token",))], id="killed before it was revoked"),
    pytest.param(standing(OLD, replace(NEW, age=9000), **everyone("b")), [(REVOKE, ("token",))], id="killed long ago: brought to its end, not begun anew"),
    pytest.param(standing(NEW, **everyone("b")), [], id="killed after it was revoked"),
    pytest.param(standing(NEW, east="b", north="?", south="b"), [(SWITCH, ("north",))], id="a link that opens nothing"),
    pytest.param(standing(NEW, east="b", north="", south="b"), [(SWITCH, ("north",))], id="a link without a token"),
    pytest.param(standing(replace(NEW, digest=""), **everyone("")), [(SWITCH, WHO)], id="nothing equals nothing"),
    pytest.param(standing(OLD, NEW, Token("token-3", 3, 1, "c"), **everyone("a")), [(SWITCH, WHO), (REVOKE, ("token", "token-2"))], id="two left over"),
    pytest.param(standing(replace(NEW, age=9000), **everyone("b")), [(CREATE, ("3",)), (SWITCH, WHO), (REVOKE, ("token-2",))], id="the next generation"),
    pytest.param(standing(OLD), [], id="discovered by nobody"),
])  # fmt: skip
def test_the_steps_to_come(where: CredentialState, steps: list[tuple[str, tuple[str, ...]]]) -> None:
    assert remaining_steps(where, 3600) == [CredentialStep(*step) for step in steps]


def test_a_rotation_begins_once_in_a_run_whatever_the_least_age() -> None:
    done = standing(NEW, **everyone("b"))
    assert remaining_steps(done, 0, begin=False) == []
    assert remaining_steps(done, 0)[0].action == CREATE


def writes(steps: list[CredentialStep]) -> list[CredentialStep]:
    """The writes one by one, in the order in which they reach API servers."""
    return [CredentialStep(step.action, (what,)) for step in steps for what in step.what]


def after(where: CredentialState, write: CredentialStep) -> CredentialState:
    (what,) = write.what
    if write.action == CREATE:
        return replace(where, tokens=(*where.tokens, Token(f"token-{what}", int(what), 0, f"digest-{what}")))
    if write.action == SWITCH:
        newest = where.newest
        assert newest
        return replace(where, holds={**where.holds, what: HeldCredential(newest.digest)})
    return replace(where, tokens=tuple(token for token in where.tokens if token.name != what))


def usable(where: CredentialState) -> bool:
    """No consumer has a token that was revoked."""
    known = {token.digest for token in where.tokens}
    return all(held is not None and held.digest in known for held in where.holds.values())


@pytest.mark.parametrize("killed", range(6))
@pytest.mark.parametrize("again", range(6))
def test_killed_twice_at_any_writes_it_ends_the_same_and_nobody_is_ever_locked_out(killed: int, again: int) -> None:
    where, begun = FRESH, True
    for stop in (killed, again, 99):
        done = 0
        while (steps := remaining_steps(where, 3600, begun and not done)) and done < stop:
            where = after(where, writes(steps)[0])
            assert usable(where), where
            done += 1
    assert ([token.name for token in where.tokens], {held.digest for held in where.holds.values() if held}) == (["token-2"], {"digest-2"})


class TestRefused:
    def test_a_consumer_that_does_not_discover_it(self) -> None:
        with pytest.raises(Refused, match=r"^north: no link to west exists there\. Run meshops\.lifecycle\.federate first\.$"):
            require_links(standing(OLD, east="a", north=None), adopt=False)

    def test_a_link_of_somebody_else_unless_it_is_to_be_adopted(self) -> None:
        where = CredentialState("west", (OLD,), {"east": HeldCredential("a"), "north": HeldCredential("a", ours=False)})
        with pytest.raises(Refused, match=r"^north: this collection did not make the link to west\. Set rotate_adopt to true"):
            require_links(where, adopt=False)
        require_links(where, adopt=True)

    def test_links_without_a_token_of_ours(self) -> None:
        with pytest.raises(Refused, match="has no token for links"):
            require_links(standing(east="x"), adopt=True)
