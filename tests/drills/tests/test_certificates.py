# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

from meshdrill import authority, watch
from meshdrill.certificates import fingerprint, root_of, roots

OLD, NEW = authority.make("old"), authority.make("new")
SIGNER = authority.make("signer", OLD)
LEAF = authority.make("leaf", SIGNER)


def test_a_bundle_holds_its_roots_in_whatever_order() -> None:
    assert roots(OLD.pem + NEW.pem) == roots(NEW.pem + b"\n" + OLD.pem) == {fingerprint(OLD.certificate), fingerprint(NEW.certificate)}


def test_a_chain_ends_at_its_root() -> None:
    assert root_of(LEAF.pem + SIGNER.pem + OLD.pem) == fingerprint(OLD.certificate)


def test_a_root_that_did_not_sign_is_nobody_s_root() -> None:
    assert root_of(LEAF.pem + SIGNER.pem + NEW.pem) == "chain-without-root"
    assert root_of(LEAF.pem + OLD.pem) == "chain-without-root"


def test_certificates_that_are_there_twice_do_not_matter() -> None:
    assert root_of(LEAF.pem + SIGNER.pem + SIGNER.pem + OLD.pem + OLD.pem) == fingerprint(OLD.certificate)


def test_a_chain_without_its_root_is_told() -> None:
    assert root_of(LEAF.pem + SIGNER.pem) == "chain-without-root"


def test_the_watcher_reads_envoys_dump() -> None:
    chain, bundle = (base64.b64encode(pem).decode() for pem in (LEAF.pem + SIGNER.pem + OLD.pem, OLD.pem + NEW.pem))
    dump = {"configs": [{"name": "default", "secret": {"tls_certificate": {"certificate_chain": {"inline_bytes": chain}}}},
                        {"name": "ROOTCA", "secret": {"validation_context": {"trusted_ca": {"inline_bytes": bundle}}}}]}
    found = watch.held(json.dumps(dump).encode())
    assert found["issuer"] == fingerprint(OLD.certificate)
    assert found["trusts"] == sorted([fingerprint(OLD.certificate), fingerprint(NEW.certificate)])
    assert found["leaf"] == fingerprint(LEAF.certificate)[:16]


def test_a_proxy_that_has_nothing_yet_is_no_error() -> None:
    assert watch.held(b"{}") == {}


def test_sidecars_gateways_and_native_sidecars_are_proxies() -> None:
    def pod(name: str, containers: list[str], first: list[str]) -> dict[str, object]:
        return {"metadata": {"namespace": "n", "name": name},
                "spec": {"containers": [{"name": one} for one in containers], "initContainers": [{"name": one} for one in first]}}

    pods = [pod("sidecar", ["app", "istio-proxy"], ["istio-init"]), pod("native", ["app"], ["istio-proxy"]), pod("none", ["app"], [])]
    assert list(watch.proxies(pods)) == [("n", "sidecar"), ("n", "native")]
