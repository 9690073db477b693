# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One real proxy does not follow on purpose: no cluster retires the old root meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.modules import rotation_info
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

NAMES = ("east", "west")
IMAGE = "docker.io/fortio/fortio:1.66.0"


def deaf() -> dict[str, Any]:
    """A proxy whose agent does not ask istiod for bundles, so it follows only after a restart."""
    labels = {"app": "deaf"}
    annotations = {"proxy.istio.io/config": json.dumps({"proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "false"}})}
    container = {"name": "fortio", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "args": ["server", "-http-port", "8080"]}
    pod = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "deaf", "namespace": "app"}, "spec": spec}


def trusted(estate: Estate, name: str) -> int:
    cluster = connect({"kubeconfig": estate.kubeconfig, "context": name, "cluster": name}, environ={})
    told = rotation_info.reconcile(cluster, {"provider": "istio", "namespace": "istio-system", "mesh": None, "limit": 50})
    return len(told["standing"]["trusts"])


@pytest.fixture(scope="module")
def stale(estate: Estate, app: Estate) -> Iterator[Estate]:
    estate.kubectl("east", "apply", "-f", "-", given=json.dumps(deaf()))
    estate.kubectl("east", "-n", "app", "rollout", "status", "deployment/deaf", "--timeout=120s")
    yield estate
    estate.kubectl("east", "-n", "app", "delete", "deployment/deaf", "--wait=true")


def test_the_old_root_is_not_retired_while_one_proxy_lives_by_it(stale: Estate) -> None:
    asked = {"rotate": "root", "rotate_min_age": 0, "rotate_timeout": 60}
    stopped = stale.play("rotate", **asked)
    assert stopped.rc and stopped.lines("after introduce of root", "proxy app/deaf-"), stopped.output[-3000:]
    assert {name: trusted(stale, name) for name in NAMES} == {"east": 2, "west": 2}
    # Anew, it has both roots, and a certificate of the old one, which it keeps for half a day.
    stale.kubectl("east", "-n", "app", "rollout", "restart", "deployment/deaf")
    stale.kubectl("east", "-n", "app", "rollout", "status", "deployment/deaf", "--timeout=120s")
    stopped = stale.play("rotate", **asked)
    assert stopped.rc and stopped.lines("after reissue of root", "proxy app/deaf-"), stopped.output[-3000:]
    assert {name: trusted(stale, name) for name in NAMES} == {"east": 2, "west": 2}
    stale.play("rotate", **asked, rotate_restart=True).succeeded()
    assert {name: trusted(stale, name) for name in NAMES} == {"east": 1, "west": 1}
