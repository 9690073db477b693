# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.exported import as_wishes

PLAIN = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop", "labels": {"b": "c"}}, "data": {"d": "e"}}
SAID: dict[str, Any] = {
    "uid": "0f3c1c1e-0000-4000-8000-000000000001", "resourceVersion": "812345", "generation": 3, "creationTimestamp": "2025-06-01T08:00:00Z",
    "selfLink": "/api/v1/namespaces/shop/configmaps/a", "managedFields": [{"manager": "kubectl", "operation": "Update"}],
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
}
OWNED = {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "uid": "0f3c1c1e-0000-4000-8000-000000000002"}]}


def with_(**meta: Any) -> dict[str, Any]:
    return {**PLAIN, "metadata": {**PLAIN["metadata"], **meta}}


def test_a_wish_is_left_as_it_is() -> None:
    wish = with_(annotations={"theirs": "1"}, **OWNED)
    assert as_wishes("east", [wish])[0] is wish
    assert as_wishes("east", [{"kind": "ConfigMap"}, {"metadata": None}]) == [{"kind": "ConfigMap"}, {"metadata": None}]


@pytest.mark.parametrize("said", [SAID, *({key: value} for key, value in SAID.items())], ids=["all", *SAID])
def test_what_a_server_said_of_it_is_left_out(said: dict[str, Any]) -> None:
    exported = with_(**said)
    before = repr(exported)
    assert as_wishes("east", [exported]) == [PLAIN]
    assert repr(exported) == before, "what was given is not altered"


def test_annotations_of_users_stay() -> None:
    assert as_wishes("east", [with_(**{**SAID, "annotations": {**SAID["annotations"], "theirs": "1"}})]) == [with_(annotations={"theirs": "1"})]


@pytest.mark.parametrize(("meta", "told"), [
    ({**SAID, **OWNED}, r"^east: ConfigMap shop/a was exported with its owner, Deployment cart, by the UID .* take ownerReferences out\.$"),
    ({"deletionTimestamp": "2025-06-01T08:00:00Z"}, r"^east: ConfigMap shop/a was being deleted when it was exported"),
])
def test_what_would_be_gone_at_once_is_refused(meta: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told):
        as_wishes("east", [with_(**meta)])
