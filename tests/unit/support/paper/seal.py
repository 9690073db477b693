# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the seal of the mesh of paper: its product learns the new one before it forgets the former one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.rotation import Stepped
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due, DueOrder
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Live
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Question, Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation import renewed
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.stepped import SETTLE, Step, StepPlace
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.prepared import PreparedSecret

from . import rotation, trust

KEY, PATH = "token", "/v1/seals"


def renews(namespace: str, cluster: str) -> Sequence[PreparedSecret]:
    return trust.needs(namespace, "", cluster).prepared


def _reads(place: StepPlace) -> list[Read | Ref]:
    return [Read("v1", "Pod", place.namespace, rotation.LABEL), *(Ref("v1", "Secret", name, place.namespace) for name in (rotation.TOKEN, trust.START))]


def _questions(live: Live) -> list[Question]:
    return [Question("seals", pod["metadata"]["namespace"], pod["metadata"]["name"], rotation.PORT, PATH, headers=rotation.token(live))
            for pod in live.get("Pod", ())[:1]]  # fmt: skip


def _seals(answers: Answers) -> list[str] | None:
    said = next((text for text in answers.values() if text is not None), None)
    try:
        read = json.loads(said or "")
    except ValueError:
        return None
    return [str(one) for one in read["seals"]] if isinstance(read, dict) else None


def _order(live: Live, what: str, method: str, seal: str) -> list[DueOrder]:
    return [DueOrder(what, Question("order", one.namespace, one.pod, one.port, PATH, method, one.headers, json.dumps({"seal": seal}).encode()))
            for one in _questions(live)]  # fmt: skip


def _secret(live: Live) -> dict[str, object]:
    return next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == trust.START), {})


def _learnt(live: Live, answers: Answers) -> Due:
    seals, seal = _seals(answers), renewed.wanted(_secret(live), KEY).decode()
    if seals is None:
        return Due(lags=["its product did not tell its seals"])
    return Due(orders=_order(live, "the new seal", "PUT", seal)) if seal not in seals else Due()


def _forgotten(live: Live, answers: Answers) -> Due:
    before = _learnt(live, answers)
    if not before.complete:
        return Due(lags=before.lags or ["its product does not know the new seal"])
    seal, secret = renewed.wanted(_secret(live), KEY).decode(), _secret(live)
    former = [one for one in _seals(answers) or () if one != seal]
    if former and not renewed.is_settled(secret, KEY):
        return Due(lags=["the Secret holds the former seal"])
    return Due(orders=[order for one in former for order in _order(live, "the end of the former seal", "DELETE", one)])


def permissions(namespace: str) -> list[dict[str, str]]:
    return [right for right in rotation.permissions(namespace) if right.get("name") != trust.ISSUER]


SEAL = Stepped(renews, (
    Step("learn", "tell the product the new seal", lambda place: Look(_reads(place), _learnt, _questions)),
    SETTLE,
    Step("forget", "have the product forget the former seal", lambda place: Look(_reads(place), _forgotten, _questions), returns=False),
), permissions)  # fmt: skip
