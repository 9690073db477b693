# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istiod says about another cluster, and which tokens and links exist."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.sight import Sight
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret, sight
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links.remote_secret import Credential

NAME = "istio-reader-service-account-istio-remote-secret-token"
RUNNING = {"name": "discovery", "containerID": "c1", "state": {"running": {}}}
POD = {"metadata": {"name": "istiod-1", "namespace": "istio-system", "uid": "u"}, "status": {"containerStatuses": [RUNNING]}}
SAID: dict[str, Any] = {
    "remotes": [{"id": "east", "syncStatus": "synced"}, {"id": "west", "secretName": "istio-system/istio-remote-secret-west", "syncStatus": "synced"}],
    "endpoints": {
        "echo.app": {"app": {"Shards": {"Kubernetes/west": [{}, {}], "Kubernetes/east": [{}]}, "ServiceAccounts": {}}},
        "local": {"app": {"Shards": {"Kubernetes/east": [{}]}}},
        "empty": {"app": {"Shards": {"Kubernetes/west": None}}},
        "alike": {"app": {"Shards": {"Kubernetes/west-2": [{}]}}},
    },
    "networks": [{"Network": "aws", "Cluster": "west", "Addr": "192.0.2.1", "Port": 15443}, {"Network": "on-prem", "Cluster": "east", "Addr": "192.0.2.2"}],
}
METRICS = """# TYPE remote_cluster_secret_events_total counter
remote_cluster_secret_events_total{event="add"} 1
remote_cluster_secret_events_total{event="update"} 2
istiod_remote_cluster_sync_status{cluster_id="west",status="synced"} 1
"""


def sights(**changed: Any) -> list[Sight]:
    said = {**SAID, "metrics": METRICS, **changed}
    texts = {about: body if isinstance(body, str) or body is None else json.dumps(body) for about, body in said.items()}
    live = {"Pod": [POD]}
    return sight.sights("east", "west", live, {question: texts[question.about] for question in sight.questions(live)})


def test_what_it_sees_of_one_cluster() -> None:
    assert sights() == [Sight("east", "istiod-1", "u/c1", True, "synced", 3, {"app/echo.app": 2}, frozenset({"192.0.2.1:15443"}))]


@pytest.mark.parametrize(("changed", "seen"), [
    pytest.param({"remotes": [{"id": "west", "syncStatus": "timeout"}]}, (False, "timeout", 3), id="timeout"),
    pytest.param({"remotes": "null"}, (False, "", 3), id="unknown"),
    pytest.param({"metrics": ""}, (True, "synced", None), id="does not count"),
    pytest.param({"metrics": None}, (True, "synced", None), id="no metrics"),
])
def test_what_it_may_say(changed: dict[str, Any], seen: tuple[Any, ...]) -> None:
    (only,) = sights(**changed)
    assert (only.synced, only.status, only.taken) == seen


@pytest.mark.parametrize("changed", [{"remotes": None}, {"endpoints": "<html>"}, {"networks": [1]}, {"endpoints": [1]}])
def test_what_does_not_come_from_istiod_is_a_fault(changed: dict[str, Any]) -> None:
    assert [one.fault for one in sights(**changed)] == ["does not tell what it sees"]


@pytest.mark.parametrize(("version", "issues"), [
    ("1.28.9", []), ("1.29.5", ["60612"]), ("1.29.6", []), ("1.30.0", ["60612", "60920", "61043"]), ("1.30.3", ["60920", "61043"]), ("1.30.4", []),
    ("1.31.0", []), ("1.30", ["60612", "60920", "61043"]), ("latest", []),
])
def test_which_versions_need_a_restart(version: str, issues: list[str]) -> None:
    template = {"spec": {"containers": [{"name": "discovery", "image": f"docker.io/istio/pilot:{version}"}]}}
    told = sight.needs({"Deployment": [{"metadata": {"name": "istiod"}, "spec": {"template": template}}]})
    assert [issue for issue in ("60612", "60920", "61043") if any(issue in one for one in told)] == issues


@pytest.mark.parametrize(("name", "generation"), [
    (NAME, 1), (f"{NAME}-2", 2), (f"{NAME}-10", 10), (f"{NAME}-1", 0), (f"{NAME}-02", 0), (f"{NAME}-x", 0), ("another", 0), (f"x{NAME}", 0),
])
def test_which_token_a_secret_holds(name: str, generation: int) -> None:
    assert remote_secret.generation({"metadata": {"name": name}}) == generation


def test_a_token_of_the_account_by_another_name_is_a_stray() -> None:
    ours = remote_secret.account("istio-system")
    other = {"metadata": {**ours["metadata"], "name": "by-hand"}}
    assert [remote_secret.stray(one) for one in (ours, other, {"metadata": {"name": "of-another-account"}})] == [False, True, False]


@pytest.mark.parametrize("text", [
    'users:\n- name: west\n  user:\n    token: eyJ.a-b_c\n', 'users: [{user: {token: "eyJ.a-b_c"}}]', '{"users":[{"user":{"token":"eyJ.a-b_c"}}]}',
])
def test_the_token_in_a_link_whoever_wrote_it(text: str) -> None:
    assert remote_secret.token({"data": {"west": base64.b64encode(text.encode()).decode()}}, "west") == b"eyJ.a-b_c"


@pytest.mark.parametrize("data", [
    {}, {"other": "e30="}, {"west": "%"}, {"west": base64.b64encode(b"user: {tokenFile: /x}").decode()}, {"west": base64.b64encode(b"\xff").decode()},
])
def test_a_link_without_a_token(data: dict[str, str]) -> None:
    assert remote_secret.token({"data": data}, "west") == b""


def test_the_token_in_a_link_of_ours() -> None:
    link = remote_secret.link(Credential("west", "https://west.example", b"ca", b"eyJ.a-b_c"), "istio-system")
    assert remote_secret.token(link, "west") == b"eyJ.a-b_c"
