# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of Consul that reads what our values of HashiCorp's chart add to its configuration: the file of the CA's Secret, and `server.extraConfig`.

The chart itself is not here. What it says of its own in the configuration is written here in short, in the order in which the chart gives its directories.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import releases
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL, datacenter
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.chart.charted import PEER, given
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW
from meshlab import programs

ADDRESS, HTTP, TOKEN = "127.78.1.1", 18500, "5f0c4ad4-5ae5-8d84-9d07-7e28a4a3b6c1"
WISH = given(PEER, server={"extraConfig": json.dumps({"log_level": "warn"})})


def configuration(folder: Path) -> dict[str, Any]:
    own = {"server": True, "bootstrap_expect": 1, "datacenter": WISH.cluster, "data_dir": str(folder / "data"), "bind_addr": ADDRESS, "client_addr": ADDRESS}
    tokens = {"initial_management": TOKEN}
    return {**own, "ports": {"http": HTTP, "grpc": -1, "grpc_tls": -1, "dns": -1}, "connect": {"enabled": True}, "acl": {"enabled": True, "tokens": tokens}}


def asked(path: str, host: str = "127.0.0.1") -> Any:
    request = urllib.request.Request(f"http://{host}:{HTTP}{path}", headers={"X-Consul-Token": TOKEN})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def ca() -> Material:
    root = issue.new_root("shop root", "shop", "P-256", NOW, 3650)
    return issue.new_intermediate(root, "east", "shop", trust.needs("consul", "shop.example").sans, "P-256", NOW, 730, CONSUL.defaults.path_length)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ca: Material) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("chart")
    (secret,), (release,) = trust.manifests(ca, "consul"), releases(CONSUL.install.stages(WISH))
    (volume,) = release.values["server"]["extraVolumes"]
    files = {item["path"]: base64.b64decode(secret["data"][item["key"]]) for item in volume["items"]}
    parts = {"config": {"server.json": json.dumps(configuration(folder)).encode()}, "ca": files}
    parts["extra"] = {"extra-from-values.json": release.values["server"]["extraConfig"].encode()}
    for part, contents in parts.items():
        (folder / part).mkdir()
        for name, content in contents.items():
            (folder / part / name).write_bytes(content)
    program = programs.build(programs.PROGRAMS["consul"]) / "consul"
    log = (folder / "log").open("w")
    process = subprocess.Popen([program, "agent", *(f"-config-dir={folder / part}" for part in parts)], stdout=log, stderr=log)
    try:
        wait(folder / "log")
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait(log: Path) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            if asked("/v1/connect/ca/roots")["Roots"]:
                return
        except (OSError, ValueError, TypeError):
            pass
        time.sleep(0.5)
    pytest.fail(log.read_text()[-3000:])


def test_it_signs_with_the_ca_of_the_secret_in_the_trust_domain_that_was_chosen(server: None, ca: Material) -> None:
    said = asked("/v1/connect/ca/roots")
    (root,) = said["Roots"]
    assert said["TrustDomain"] == f"{datacenter.cluster_id(WISH)}.consul"
    assert trust.blocks(root["RootCert"].encode()) == trust.blocks(trust.line(ca))


def test_the_keys_of_two_files_are_merged(server: None) -> None:
    config = asked("/v1/connect/ca/configuration")
    assert config["Provider"] == "consul"
    assert config["Config"]["LeafCertTTL"] == "72h"
    assert config["Config"]["IntermediateCertTTL"] == "8760h"


def test_plain_http_is_on_the_loopback_alone(server: None) -> None:
    with pytest.raises(urllib.error.URLError):
        asked("/v1/status/leader", ADDRESS)


def test_what_the_inventory_added_is_there(server: None) -> None:
    assert asked("/v1/agent/self")["DebugConfig"]["Logging"]["LogLevel"] == "warn"
