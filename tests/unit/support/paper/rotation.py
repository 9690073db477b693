# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the mesh of paper, which its product drives: a PUT with a token gives it another CA, and it moves on by itself."""

from __future__ import annotations

import json

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.shapes import Live
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Question, Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.driven import Progress
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import PROXY, TrustUser
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded

from . import trust

PORT, PATH, HEADER = 8500, "/v1/ca", "X-Paper-Token"
TOKEN, LABEL = "paper-token", "paper=control"


def progress(namespace: str) -> Look[Progress]:
    return Look([Read("v1", "Pod", namespace, LABEL), Ref("v1", "Secret", TOKEN, namespace)], _progress, _questions)


def _questions(live: Live) -> list[Question]:
    return [Question("ca", pod["metadata"]["namespace"], pod["metadata"]["name"], PORT, PATH, headers=token(live)) for pod in live.get("Pod", ())[:1]]


def token(live: Live) -> tuple[tuple[str, str], ...]:
    held = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == TOKEN), {})
    return ((HEADER, decoded((held.get("data") or {}).get("token")).decode()),)


def _progress(_live: Live, answers: Answers) -> Progress:
    said = next((text for text in answers.values() if text is not None), None)
    try:
        told = json.loads(said or "")
    except ValueError:
        return Progress(fault="its product did not tell where it stands")
    if not isinstance(told, dict):
        return Progress(fault="its product did not tell where it stands")
    waits = [TrustUser(PROXY, one["namespace"], one["name"], behind="has not asked for another certificate yet") for one in told["waits"]]
    return Progress(told["certificate"].encode(), told["chain"].encode(), told["roots"].encode(), tuple(waits))


def order(live: Live, namespace: str, material: Material) -> Question:
    pod = next((one["metadata"]["name"] for one in live.get("Pod", ())), "")
    parts = {"certificate": material.certificate, "key": material.key, "chain": material.chain or b"", "roots": material.roots}
    body = json.dumps({name: part.decode() for name, part in parts.items()}).encode()
    return Question("order", namespace, pod, PORT, PATH, "PUT", (*token(live), ("Content-Type", "application/json")), body)


def permissions(namespace: str, restart: bool = False, recover: bool = False) -> list[dict[str, str]]:
    wanted = [("pods", "list", ""), ("pods/portforward", "get", ""), ("pods/portforward", "create", ""), ("configmaps", "get", trust.BUNDLE)]
    wanted += [("secrets", verb, trust.ISSUER) for verb in ("get", "patch")] + [("secrets", "get", TOKEN)]
    return [
        {"verb": verb, "group": "", "resource": resource, "namespace": namespace, **({"name": name} if name else {})} for resource, verb, name in wanted
    ]
