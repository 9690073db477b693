# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the CA that signs the certificates of servers and client agents: all trust both, take certificates of the next one, and drop the former.

Nobody can see which CAs an agent trusts. But an agent reads its certificate before it reads what it trusts, both from one Secret, and shows the certificate.
So each of the three steps comes with another certificate, and an agent that shows it has followed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...._mesh.install.due import Due
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import DROP, ISSUE, TRUST, Step, StepPlace
from ...._mesh.trust.prepared import AUTHORITY
from ...._mesh.trust.root_secret import decoded
from ..names import AGENT_TLS
from ..workloads import identity
from . import agents_tls, restarting, sidecars
from .restarting import GATEWAY

KIND = "agents-ca"


def _secret(live: Live) -> Object | None:
    return next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == AGENT_TLS), None)


def _trusted(live: Live) -> dict[str, bytes]:
    """Return what the Secret of a service gets: all CAs that agents may show certificates of."""
    return {identity.CA: decoded(((_secret(live) or {}).get("data") or {}).get(AUTHORITY))}


def _trusting(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Have agents follow, then gateways and sidecars: their Envoys trust the CAs with which their pods started. They stay with both until they start again."""
    own, mark = sidecars.of_consul(place, live), renewed.whole(renewed.rotation_of(_secret(live), KIND))
    if said := restarting.refusal(own) or sidecars.forbidden(place, live, KIND, mark):
        return Due(refusal=said)
    first = agents_tls.restarted(KIND, place, own, answers)
    if not first.complete or not mark:
        return first
    gateways = restarting.due(place, own, answers, KIND, GATEWAY, mark, needed=True)
    return gateways if not gateways.complete else sidecars.due(live, KIND, mark, lambda _service: _trusted(live))


def _dropping(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Have agents follow, and take the former CA out of the Secrets of services."""
    first, mark = agents_tls.restarted(KIND, place, sidecars.of_consul(place, live), answers), renewed.rotation_of(_secret(live), KIND)
    if not first.complete or not renewed.is_of(mark, DROP.name):
        return first
    return sidecars.noted(live, KIND, mark, lambda _service: _trusted(live))


def _look_of_all(judged: Callable[[StepPlace, Live, Answers], Due], place: StepPlace) -> Look[Due]:
    agents = agents_tls.look_of_restart(KIND, place)
    others = [one for one in agents.reads if one.kind not in sidecars.KINDS]
    return Look([*others, *sidecars.reads()], partial(judged, place), lambda live: agents.questions(sidecars.of_consul(place, live)), agents_tls.greetings)


_RELOAD, _RESTART = "have servers and agents load it", "restart those who did not load it on some port, one server after the other"
STEPS = (
    TRUST,
    Step("trust-reload", _RELOAD, agents_tls.look_of_reload),
    Step("trust-restart", f"{_RESTART}, and then gateways and workloads with sidecars, which load it only when they start", partial(_look_of_all, _trusting)),
    ISSUE,
    Step("issue-reload", _RELOAD, agents_tls.look_of_reload),
    Step("issue-restart", _RESTART, partial(agents_tls.look_of_restart, KIND)),
    DROP,
    Step("drop-reload", _RELOAD, agents_tls.look_of_reload, returns=False),
    Step("drop-restart", f"{_RESTART}, and take the former CA from what sidecars mount", partial(_look_of_all, _dropping), returns=False),
)


def permissions(namespace: str) -> list[dict[str, str]]:
    return [*agents_tls.permissions(namespace), *restarting.permissions(namespace, GATEWAY), *sidecars.permissions()]
