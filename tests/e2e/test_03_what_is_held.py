# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real istiods, proxies and namespaces agree with the CA, and laggards are named."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.modules import certificates_info, rotation_info
from ansible_collections.meshops.lifecycle.tests.e2e.estate import APP, Estate

NAMESPACE = "pretender"
LIMITS = {"ca_warn": 60, "ca_critical": 14, "leaf_warn": 40, "leaf_critical": 10, "gateway_warn": 25, "token_age": 365}
ROOT = {"root_namespace": "meshops-system", "root_name": "meshops-root-ca"}


def ask(estate: Estate, module: Any, name: str, **options: Any) -> dict[str, Any]:
    cluster = connect({"kubeconfig": estate.kubeconfig, "context": name, "cluster": name}, environ={})
    told: dict[str, Any] = module.reconcile(cluster, {"provider": "istio", "namespace": "istio-system", "mesh": None, "limit": 50, **options})
    return told


def agreed(estate: Estate, name: str, patience: float = 60) -> dict[str, Any]:
    """Wait until there are no laggards, because a new proxy needs a moment for its first certificate."""
    end = time.monotonic() + patience
    while (told := ask(estate, rotation_info, name))["laggards"] and time.monotonic() < end:
        time.sleep(1)
    return told


def test_everything_agrees_with_its_ca(estate: Estate, app: Estate) -> None:
    told = {name: agreed(estate, name) for name in ("east", "west")}
    for one in told.values():
        assert (one["laggards"], one["faults"]) == ([], [])
        assert one["holders"]["control plane"] >= 1
        assert one["holders"]["proxy"] >= 3  # client, server, gateway
        assert one["holders"]["trust bundle"] >= 2
        assert one["leaf_expires"]
        assert "PRIVATE" not in json.dumps(one)
    assert told["east"]["standing"]["signs_under"] == told["west"]["standing"]["signs_under"]
    assert told["east"]["standing"]["signer"] != told["west"]["standing"]["signer"]


@pytest.fixture
def pretenders(estate: Estate) -> Iterator[None]:
    """A pod that is a proxy of this mesh by its environment but answers something else, and a pod that only has a container of that name."""
    image = [line.split()[-1] for line in APP.splitlines() if "image:" in line][0]  # noqa: RUF015
    words = ["server", "-http-port", "15000", "-redirect-port", "disabled"]
    container = {"name": "istio-proxy", "image": image, "imagePullPolicy": "IfNotPresent", "args": words}
    ours = {**container, "env": [{"name": "CA_ADDR", "value": "istiod-stable.istio-system.svc:15012"}]}
    estate.kubectl("east", "create", "namespace", NAMESPACE)
    try:
        for name, one in (("stale", ours), ("namesake", container)):
            metadata = {"name": name, "namespace": NAMESPACE, "labels": {"sidecar.istio.io/inject": "false"}}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [one], "terminationGracePeriodSeconds": 0}}
            estate.kubectl("east", "apply", "-f", "-", given=json.dumps(pod))
        estate.kubectl("east", "-n", NAMESPACE, "wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s")
        yield
    finally:
        estate.kubectl("east", "delete", "namespace", NAMESPACE, "--wait=true")


def test_a_pod_that_does_not_show_what_it_holds_is_named(estate: Estate, app: Estate, pretenders: None) -> None:
    told = ask(estate, rotation_info, "east")
    assert [one for one in told["laggards"] if f"proxy {NAMESPACE}/stale could not be seen" in one]
    assert not told["online"]
    assert f"{NAMESPACE}/stale" in told["offline"]
    assert told["foreign"] == [f"{NAMESPACE}/namesake"]
    assert not [one for one in told["laggards"] if "namesake" in one]


def test_all_that_expires_is_listed(estate: Estate, app: Estate) -> None:
    agreed(estate, "east")
    told = ask(estate, certificates_info, "east", **LIMITS, **ROOT)
    assert told["unseen"] == []
    kinds = {one["kind"] for one in told["certificates"]}
    assert kinds >= {"root", "intermediate", "leaf", "control plane", "token", "webhook"}
    assert {one["level"] for one in told["certificates"]} == {"ok"}
    ends = [one["end"] for one in told["certificates"] if one["end"]]
    assert ends == sorted(ends)
    assert "app/Deployment/server" in {one["where"] for one in told["certificates"]}
    assert "PRIVATE" not in json.dumps(told)
