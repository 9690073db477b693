# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that found the data of a former install. They keep its gossip keys, and those of the Secrets are read only where there are no data.

Tokens of such servers are mended (access.py). A keyring is not: nodes that know only the former key would lose those that know only the new one.
"""

from __future__ import annotations

from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question
from ...._mesh.trust.root_secret import decoded
from .. import api, datacenter
from ..names import SERVER, SHARED, TOKENS
from ..settings import Settings

_ABOUT, _GOSSIP = "keyring", "gossip"


def questions(wish: ControlPlane, pod: Object, token: str) -> list[Question]:
    """Ask a server for the keys of its own datacenter. The token of a secondary may not ask for keys."""
    path = "/v1/operator/keyring?local-only=1"
    return [] if datacenter.kind(wish) == datacenter.SECONDARY else [api.get(_ABOUT, pod, path, token)]


def refusal(wish: ControlPlane, live: Live, answers: Answers) -> str:
    """Return why nobody new could join these servers; empty if they know the key of the Secret, or do not say which keys they know."""
    secret = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == SHARED), {})
    wanted = decoded((secret.get("data") or {}).get(_GOSSIP)).decode()
    pools = [one for one in api.listed(api.only(answers, _ABOUT)) or [] if not one.get("WAN")]
    known = {key for pool in pools for key in pool.get("Keys") or {}}
    if not (wanted and known) or wanted in known:
        return ""
    space = wish.namespace
    what = f"Its servers have the data of a former installation: they do not know the gossip key of the Secret {space}/{SHARED}, so no new agent can join them"
    back = f"Bring back this Secret and {space}/{TOKENS} as they were when the data was written"
    return f"{what}. {back}. Or, if nothing of the data is needed, run teardown, remove {_where(wish)}, and run site again."


def _where(wish: ControlPlane) -> str:
    settings = Settings.of(wish)
    path = settings.servers.host_path
    data = f"{path} on its nodes" if path else f"the PersistentVolumeClaims of {SERVER} in {wish.namespace}"
    return f"{data} and the agents' {settings.agents.host_path} on its nodes" if settings.agents.enabled else data


def denied(wish: ControlPlane, answers: Answers, silent: list[str]) -> str:
    """Return the rest of a sentence about a token that the servers do not know; empty if that is not why they list nothing."""
    statuses = {reply.status for question, reply in answers.replies.items() if question.about in silent}
    secret, key = (SHARED, "replication") if datacenter.kind(wish) == datacenter.SECONDARY else (TOKENS, "management")
    why = f", because it denies the token '{key}' of the Secret {wish.namespace}/{secret} (HTTP 403)"
    return f"{why}; if this Secret was made anew since the servers started, bring back the former one" if statuses == {403} else ""
