# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application of the mesh's users, in both data centres: its requests cross when they must."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

APP = (Path(__file__).parent / "app.yml").read_text()


@pytest.fixture(scope="module")
def app(estate: Estate) -> Iterator[None]:
    for cluster in ("east", "west"):
        estate.kubectl(cluster, "apply", "-f", "-", given=APP)
    for cluster in ("east", "west"):
        for name in ("server", "client"):
            estate.kubectl(cluster, "-n", "app", "rollout", "status", f"deployment/{name}", "--timeout=120s")
    yield
    for cluster in ("east", "west"):
        estate.kubectl(cluster, "delete", "namespace", "app", "--wait=true")


def test_with_no_server_left_in_east_all_answers_come_from_west(estate: Estate, app: None) -> None:
    estate.kubectl("east", "-n", "app", "scale", "deployment/server", "--replicas=0")
    estate.kubectl("east", "-n", "app", "wait", "--for=delete", "pod", "-l", "app=server", "--timeout=60s")
    words = ("fortio", "load", "-quiet", "-n", "500", "-c", "4", "-qps", "0", "-json", "-", "http://server.app:8080/debug")
    told = estate.kubectl("east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", *words)
    answers = json.loads(told[told.index("{") :])
    assert answers["RetCodes"] == {"200": 500}
    server = estate.names("west", "pods", "-n", "app", "-l", "app=server")
    seen = estate.kubectl("east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", "fortio", "curl", "-quiet", "http://server.app:8080/debug")
    assert f" on {server[0]} " in seen
    assert "X-Forwarded-Client-Cert" in seen and "spiffe://shop.example/ns/app/sa/default" in seen
