# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan how the credential with which others discover a cluster is replaced. The clusters show what was done; the remaining steps follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import NotReady, Refused
from ..few_names import few
from ..objects.change import Ref

CREATE, SWITCH, REVOKE = "create", "switch", "revoke"
_NAMED = 10


@dataclass(frozen=True)
class Token:
    """A token that the cluster issued. `digest` is empty until the cluster has filled it in."""

    name: str
    generation: int
    age: float
    digest: str = ""


@dataclass(frozen=True)
class HeldCredential:
    """The credential with which a consumer discovers the cluster; `ours` says whether this collection made its link."""

    digest: str = ""
    ours: bool = True


@dataclass(frozen=True)
class CredentialState:
    """A cluster, its tokens, and the credential that each consumer holds; None if it holds none."""

    cluster: str
    tokens: tuple[Token, ...]
    holds: Mapping[str, HeldCredential | None]

    @property
    def newest(self) -> Token | None:
        return max(self.tokens, key=lambda token: token.generation, default=None)


@dataclass(frozen=True)
class CredentialStep:
    """One step: `create` the token of a generation, `switch` consumers to the newest token, or `revoke` tokens by name."""

    action: str
    what: tuple[str, ...]

    def __str__(self) -> str:
        sentences = {
            CREATE: "issue token {}",
            SWITCH: "give the new token to {}, and check that they discover the cluster with it",
            REVOKE: "revoke {}, and check that they still discover the cluster",
        }
        return sentences[self.action].format(", ".join(self.what))


def remaining_steps(standing: CredentialState, min_age: float, begin: bool = True) -> list[CredentialStep]:
    """Return the remaining steps. A rotation that somebody began is finished; a new one begins only with `begin` and if the token is old enough."""
    newest = standing.newest
    if newest is None or not standing.holds:
        return []
    older = tuple(token.name for token in sorted(standing.tokens, key=lambda token: token.generation) if token != newest)
    if begin and not older and newest.age >= min_age:
        return [CredentialStep(CREATE, (str(newest.generation + 1),)), CredentialStep(SWITCH, tuple(standing.holds)), CredentialStep(REVOKE, (newest.name,))]
    late = tuple(name for name, credential in standing.holds.items() if not credential or not newest.digest or credential.digest != newest.digest)
    return [*([CredentialStep(SWITCH, late)] if late else []), *([CredentialStep(REVOKE, older)] if older else [])]


def require_links(standing: CredentialState, adopt: bool) -> None:
    """Refuse, before the first write, a rotation that would fail later or take over others' links."""
    without = [name for name, credential in standing.holds.items() if credential is None]
    if without:
        raise Refused(f"{', '.join(without)}: no link to {standing.cluster} exists there. Run meshops.lifecycle.federate first.")
    foreign = [name for name, credential in standing.holds.items() if credential and not credential.ours]
    if foreign and not adopt:
        raise Refused(
            f"{', '.join(foreign)}: this collection did not make the link to {standing.cluster}. Set rotate_adopt to true to let it manage the link, "
            f"or replace the token with the tool that made the link."
        )
    if not standing.tokens and standing.holds:
        raise Refused(f"{standing.cluster}: the cluster has no token for links. Run meshops.lifecycle.federate first.")


def strays(cluster: str, refs: Iterable[Ref]) -> list[str]:
    """Return warnings about tokens of the account that this collection does not use and leaves alone."""
    return [f"{cluster}: {ref} is another token of the same account. This run leaves it; delete it if nobody uses it." for ref in refs]


def unrestarted(cluster: str, held_back: Sequence[str]) -> NotReady:
    """Return the error for a token of the cluster whose users need a restart that was not possible. `held_back` says where and why, as half sentences."""
    fault = f"{cluster}: without a restart these may not take the new token (the old token stays valid): {'; '.join(held_back)}"
    way = "Run again when the budget allows one, or restart them yourself and run again without rotate_restart"
    return NotReady(f"{fault}. {way}.", findings=list(held_back))


def behind_with_token(cluster: str, late: Sequence[str], revoked: bool, restart_helps: bool) -> NotReady:
    """Return the error for control planes that do not see the cluster with its new token in time. `late` are half sentences."""
    shown = few(late, _NAMED, "; ")
    when = "after the old token was revoked" if revoked else "after the token was replaced (the old token stays valid)"
    remedy = "Restart these control planes, or allow it with rotate_restart" if restart_helps else "Check these control planes"
    return NotReady(f"{cluster}: {when}: {shown}. {remedy}, then run again: the run continues where it stopped.", findings=list(late))
