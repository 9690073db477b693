# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real Envoy says of listeners and secrets in the three forms in which Consul's source gives them, as a rotation of the root reads it.

Files give them to the Envoy, and no Consul runs here: which of the forms a version of Consul uses is not shown.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import PROXY, selector
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.rotation import proxies
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import until
from meshlab import images

Object = dict[str, Any]
Form = Callable[[Path, Material, list[Material]], Object]  # the folder for files, the CA of the certificate, and the CAs that are trusted
_TYPES = "type.googleapis.com/envoy"
_TLS = f"{_TYPES}.extensions.transport_sockets.tls.v3"
SIDECAR, MESH_GATEWAY = {PROXY: "shop"}, selector("mesh-gateway")


def ca(name: str) -> Material:
    now = datetime.now(UTC)
    root = issue.new_root(f"{name} root", "shop", "P-256", now, 365)
    return issue.new_intermediate(root, name, "shop", ["connect.shop"], "P-256", now, 100, 2)


FORMER, NEW = ca("former"), ca("new")


def pair(of: Material) -> Object:
    leaf = issue.new_leaf(of, ["shop"], "shop", "P-256", datetime.now(UTC), 3)
    return {"certificate_chain": {"inline_string": leaf.certificate.decode()}, "private_key": {"inline_string": leaf.key.decode()}}


def bundle(trusted: list[Material]) -> Object:
    return {"inline_string": "".join(trust.line(one).decode() for one in trusted)}


def held(_folder: Path, of: Material, trusted: list[Material]) -> Object:
    return {"tls_certificates": [pair(of)], "validation_context": {"trusted_ca": bundle(trusted)}}


def for_peers(_folder: Path, of: Material, trusted: list[Material]) -> Object:
    domains = [{"name": "own.consul", "trust_bundle": bundle(trusted)}, {"name": "peer.consul", "trust_bundle": bundle([ca("of a peer")])}]
    config = {"@type": f"{_TLS}.SPIFFECertValidatorConfig", "trust_domains": domains}
    validator = {"name": "envoy.tls.cert_validator.spiffe", "typed_config": config}
    return {"tls_certificates": [pair(of)], "validation_context": {"custom_validator_config": validator}}


def named(folder: Path, of: Material, trusted: list[Material]) -> Object:
    secrets = {"connect-leaf": {"tls_certificate": pair(of)}, "connect-root": {"validation_context": {"trusted_ca": bundle(trusted)}}}
    for name, one in secrets.items():
        (folder / f"{name}.json").write_text(json.dumps({"resources": [{"@type": f"{_TLS}.Secret", "name": name, **one}]}))
    leaf, root = ({"name": name, "sds_config": {"path_config_source": {"path": str(folder / f"{name}.json")}}} for name in secrets)
    return {"tls_certificate_sds_secret_configs": [leaf], "validation_context_sds_secret_config": root}


class Envoy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = int(one.getsockname()[1])

    def ask(self, path: str) -> str | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            return text if answer.status == 200 else None
        except OSError:
            return None
        finally:
            connection.close()

    def lacks(self, labels: dict[str, str]) -> tuple[str, str]:
        """What it lacks of the new CA, and why nobody could see it, by the questions that a rotation asks."""
        live = {"Pod": [{"metadata": {"name": "one", "namespace": "consul", "labels": labels}, "status": {"phase": "Running"}}]}
        answers = Answers({one: self.ask(one.path) for one in proxies.questions(live)})
        answers.add(Answers({one: self.ask(one.path) for one in proxies.further(live, answers)}))
        own = x509.bundle(NEW.certificate)[0]
        (user,) = proxies.users(live, answers, trust.blocks(NEW.certificate)[0], str(own.ski))
        return user.behind, user.fault


@contextmanager
def envoy(folder: Path, tls: Object | None) -> Iterator[Envoy]:
    """An Envoy with one listener, and with this TLS if there is any."""
    made, log, files = Envoy(folder), folder / "envoy.log", [folder / "listeners.json", folder / "bootstrap.json"]
    files[0].write_text(json.dumps({"resources": [listener(tls)]}))
    files[1].write_text(json.dumps({
        "node": {"id": "one", "cluster": "one"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": made.port}}},
        "dynamic_resources": {"lds_config": {"path_config_source": {"path": str(files[0])}}},
        "static_resources": {"clusters": [{"name": "local", "type": "STATIC", "connect_timeout": "1s", "load_assignment": {"cluster_name": "local"}}]},
    }))  # fmt: skip
    command = [str(images.envoy()), "-c", str(files[1]), "--concurrency", "1", "--disable-hot-restart"]
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, env={"PATH": os.defpath})
    try:
        until(lambda: "active_state" in (made.ask("/config_dump?resource=dynamic_listeners") or ""), lambda: log.read_text()[-3000:], 60)
        yield made
    finally:
        process.kill()
        process.wait(20)


def listener(tls: Object | None) -> Object:
    forward = {"@type": f"{_TYPES}.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "one", "cluster": "local"}
    chain: Object = {"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": forward}]}
    if tls is not None:
        context = {"@type": f"{_TLS}.DownstreamTlsContext", "require_client_certificate": True, "common_tls_context": tls}
        chain["transport_socket"] = {"name": "tls", "typed_config": context}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"@type": f"{_TYPES}.config.listener.v3.Listener", "name": "public_listener", "address": address, "filter_chains": [chain]}


@pytest.mark.parametrize("form", [held, for_peers, named])
@pytest.mark.parametrize(("of", "trusted", "lacks"), [
    pytest.param(NEW, [FORMER, NEW], "", id="it has both"),
    pytest.param(FORMER, [FORMER, NEW], "has no certificate of the new CA yet", id="it trusts the new CA and has a former certificate"),
    pytest.param(FORMER, [FORMER], "does not trust the new CA yet", id="nothing has reached it"),
])
def test_an_envoy_lacks(tmp_path: Path, form: Form, of: Material, trusted: list[Material], lacks: str) -> None:
    with envoy(tmp_path, form(tmp_path, of, trusted)) as one:
        assert (one.lacks(SIDECAR), one.lacks(MESH_GATEWAY)) == ((lacks, ""), (lacks, ""))


def test_an_envoy_that_only_passes_on_lacks_nothing_as_a_gateway(tmp_path: Path) -> None:
    with envoy(tmp_path, None) as one:
        assert one.lacks(MESH_GATEWAY) == ("", "")
        assert one.lacks(SIDECAR) == ("has no certificate of Consul yet", "")


def test_no_key_is_in_what_an_envoy_says(tmp_path: Path) -> None:
    """A run reads these texts, and they may reach what it says of an error."""
    with envoy(tmp_path, named(tmp_path, NEW, [NEW])) as one:
        said = [one.ask(f"/config_dump?resource={part}") for part in ("dynamic_listeners", "dynamic_active_secrets")]
    assert "BEGIN CERTIFICATE" in str(said[1])
    assert "PRIVATE KEY" not in str(said)
