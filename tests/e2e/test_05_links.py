# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace the credentials between the two data centres while requests cross."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import BRIDGE, Estate, inventory_with
from ansible_collections.meshops.lifecycle.tests.e2e.front import front
from ansible_collections.meshops.lifecycle.tests.e2e.under_load import under_load

NAME = "istio-reader-service-account-istio-remote-secret-token"


def tokens(estate: Estate, cluster: str) -> dict[str, str]:
    """The tokens of the reader account, by the end of their names."""
    found = estate.get(cluster, "secrets", "-n", "istio-system", "--field-selector=type=kubernetes.io/service-account-token")["items"]
    return {one["metadata"]["name"].removeprefix(NAME): base64.b64decode(one["data"]["token"]).decode() for one in found}


def opens(estate: Estate, cluster: str, token: str) -> bool:
    """Whether the API server accepts the token. kubectl must not fall back to the certificate of the context's user."""
    config = json.loads(estate.kubectl(cluster, "config", "view", "--raw", "--minify", "-o", "json"))
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    words = ["kubectl", "--kubeconfig", "/dev/stdin", "get", "--raw", "/api/v1/services?limit=1"]
    return subprocess.run(words, input=json.dumps(config), capture_output=True, text=True, check=False).returncode == 0


def refused(estate: Estate, cluster: str, *old: str) -> bool:
    """Whether the API server refuses the old tokens. It remembers a token for ten seconds, so this waits a while."""
    until = time.monotonic() + 15
    while any(opens(estate, cluster, token) for token in old) and time.monotonic() < until:
        time.sleep(1)
    return not any(opens(estate, cluster, token) for token in old)


def test_both_are_replaced_and_no_request_is_lost(estate: Estate, across: Estate) -> None:
    before = {cluster: tokens(estate, cluster) for cluster in ("east", "west")}
    with under_load(estate, "-qps", "100", "-c", "4", "http://server.app:8080/debug") as codes:
        run = estate.play("rotate", "-v", "--diff", rotate="links", rotate_min_age=0).succeeded()
    print(f"{run.seconds:.1f} s; {codes.total()} requests, {dict(codes)}", *run.lines("It took"))
    assert list(codes) == ["200"]
    for cluster, had in before.items():
        has = tokens(estate, cluster)
        assert len(has) == 1
        assert not set(has.values()) & set(had.values())
        assert all(opens(estate, cluster, token) for token in has.values())
        assert refused(estate, cluster, *had.values())
        assert [token for token in (*had.values(), *has.values()) if token in run.output] == []


def test_what_links_the_clusters_keeps_it(estate: Estate, across: Estate) -> None:
    assert estate.play("federate").succeeded().changed == {"east": 0, "west": 0}


def test_again_they_are_too_young(estate: Estate, across: Estate) -> None:
    run = estate.play("rotate", rotate="links").succeeded()
    assert run.changed == {"east": 0, "west": 0}
    assert run.lines("Every credential is younger than 3600 s")


def test_an_api_server_behind_a_certificate_of_another_ca_is_reached_by_the_ca_that_is_named(
    estate: Estate, across: Estate, tmp_path: Path
) -> None:
    config = json.loads(estate.kubectl("west", "config", "view", "--raw", "--minify", "-o", "json"))
    server = config["clusters"][0]["cluster"]
    with front(BRIDGE, server["server"], base64.b64decode(server["certificate-authority-data"]), tmp_path) as west:
        behind = inventory_with(estate, tmp_path, {"mesh_api_server": west.url, "mesh_api_ca": str(west.ca)})
        with under_load(estate, "-qps", "20", "-c", "2", "http://server.app:8080/debug") as codes:
            assert behind.play("federate").succeeded().changed == {"east": 1, "west": 0}
            behind.play("verify").succeeded()
            assert west.connections > 0
            blind = inventory_with(estate, tmp_path / "blind", {"mesh_api_server": west.url})
            blind.play("federate").succeeded()
            told = blind.play("verify", verify_wait_timeout=5)
            assert estate.play("federate").succeeded().changed == {"east": 1, "west": 0}
    assert (told.rc, told.failed, list(codes)) == (2, ["east"], ["200"])
    assert told.lines("has not synced the cluster west", "mesh_api_ca"), told.output
