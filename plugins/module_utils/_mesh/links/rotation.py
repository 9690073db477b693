# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the credential by which others discover a cluster is replaced: what was done is read from the clusters, the rest follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import Refused
from ..objects.change import Ref

CREATE, SWITCH, REVOKE = "create", "switch", "revoke"


@dataclass(frozen=True)
class Token:
    """One that the cluster issued. `digest` is empty until it is filled in."""

    name: str
    generation: int
    age: float
    digest: str = ""


@dataclass(frozen=True)
class Held:
    """What a consumer has to discover the cluster by; `ours` tells whether this collection made it."""

    digest: str = ""
    ours: bool = True


@dataclass(frozen=True)
class CredentialState:
    """A cluster, its tokens, and by consumer what that holds; None where it holds nothing."""

    cluster: str
    tokens: tuple[Token, ...]
    holds: Mapping[str, Held | None]

    @property
    def newest(self) -> Token | None:
        return max(self.tokens, key=lambda token: token.generation, default=None)


@dataclass(frozen=True)
class CredentialStep:
    """`create` the token of a generation, `switch` consumers to the newest, `revoke` tokens by name."""

    action: str
    what: tuple[str, ...]

    def __str__(self) -> str:
        sentences = {CREATE: "issue token {}", SWITCH: "give it to {}, and see that they discover by it", REVOKE: "revoke {}, and see that they still do"}
        return sentences[self.action].format(", ".join(self.what))


def remaining_steps(standing: CredentialState, min_age: float, begin: bool = True) -> list[CredentialStep]:
    """The steps to come. What somebody began is brought to its end; a new rotation begins only if that is wanted and the token is old enough."""
    newest = standing.newest
    if newest is None or not standing.holds:
        return []
    older = tuple(token.name for token in sorted(standing.tokens, key=lambda token: token.generation) if token != newest)
    if begin and not older and newest.age >= min_age:
        return [CredentialStep(CREATE, (str(newest.generation + 1),)), CredentialStep(SWITCH, tuple(standing.holds)), CredentialStep(REVOKE, (newest.name,))]
    late = tuple(name for name, held in standing.holds.items() if not held or not newest.digest or held.digest != newest.digest)
    return [*([CredentialStep(SWITCH, late)] if late else []), *([CredentialStep(REVOKE, older)] if older else [])]


def require_links(standing: CredentialState, adopt: bool) -> None:
    """Refuse before the first write what would fail or surprise later."""
    without = [name for name, held in standing.holds.items() if held is None]
    if without:
        raise Refused(f"{', '.join(without)}: {standing.cluster} is not discovered there. Run meshops.lifecycle.federate first.")
    foreign = [name for name, held in standing.holds.items() if held and not held.ours]
    if foreign and not adopt:
        raise Refused(
            f"{', '.join(foreign)}: somebody else made the link to {standing.cluster}. Set rotate_adopt to true to have this collection look after it, "
            f"or replace its token where it comes from."
        )
    if not standing.tokens and standing.holds:
        raise Refused(f"{standing.cluster}: there is no token that links are made with. Run meshops.lifecycle.federate first.")


def strays(cluster: str, refs: Iterable[Ref]) -> list[str]:
    """Warnings: what is not touched, and how to be rid of it."""
    return [f"{cluster}: {ref} is another token of the same account. Who uses it is not known here; delete it when nobody does." for ref in refs]
