# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.enforced import left_to_the_platform

OURS = {"key": "istio.io/rev", "operator": "In", "values": ["default"]}
THEIRS = {"key": "control-plane", "operator": "NotIn", "values": ["true"]}


def hook(*expressions: dict[str, Any], name: str = "a") -> dict[str, Any]:
    return {"name": name, "namespaceSelector": {"matchExpressions": list(expressions)}, "failurePolicy": "Fail"}


def webhooks(*hooks: dict[str, Any], kind: str = "MutatingWebhookConfiguration", manager: str = "admissionsenforcer") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "tag", "managedFields": [{"manager": manager, "operation": "Update"}]}, "webhooks": list(hooks)}


@pytest.mark.parametrize("kind", ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
def test_what_it_narrowed_is_its_own(kind: str) -> None:
    wish = webhooks(hook(OURS), hook(OURS, name="b"), hook(name="c"), kind=kind)
    live = webhooks(hook(THEIRS, OURS), hook(OURS, name="b"), hook(THEIRS, name="c"), kind=kind)
    left = left_to_the_platform(wish, live)["webhooks"]
    assert left == [{"name": "a", "failurePolicy": "Fail"}, hook(OURS, name="b"), {"name": "c", "failurePolicy": "Fail"}]


@pytest.mark.parametrize(("wish", "live"), [
    pytest.param(webhooks(hook(OURS)), webhooks(hook(THEIRS)), id="what is wished is not there"),
    pytest.param(webhooks(hook(OURS)), webhooks(hook(OURS)), id="it added nothing"),
    pytest.param(webhooks(hook(OURS)), webhooks(), id="the webhook is new"),
    pytest.param(webhooks(hook(OURS)), webhooks(hook(THEIRS, OURS), manager="kubectl-edit"), id="a person did"),
    pytest.param(webhooks(hook(OURS), kind="Deployment"), webhooks(hook(THEIRS, OURS), kind="Deployment"), id="no webhook at all"),
])
def test_all_else_is_as_wished(wish: dict[str, Any], live: dict[str, Any]) -> None:
    assert left_to_the_platform(wish, live) == wish
