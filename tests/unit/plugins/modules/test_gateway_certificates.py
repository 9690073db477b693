# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module gateway_certificates on a cluster in memory: what it takes, refuses, writes and waits for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.gateways.certificates import covers
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.x509 import bundle
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.gateways import gateways as serving
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.gateways import gateway_certificates as driver
from ansible_collections.meshops.lifecycle.plugins.modules import gateway_certificates
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import key
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import opened
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ROOT = issue.new_root("shop root", "shop.example", "P-256", NOW, 365)
OTHER = issue.new_root("a public CA", "ca.example", "P-256", NOW, 365)
SPACE = "istio-ingress"
REF = Ref("v1", "Secret", "shop", SPACE)
MAIN: dict[str, Any] = {"cluster": None, "namespace": SPACE, "name": "shop"} | dict.fromkeys(
    ("certificate", "private_key", "chain", "certificate_file", "private_key_file", "chain_file")
)


def pem_key(own: Any) -> bytes:
    return bytes(own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def leaf(*hosts: str, own: Any = None, days: tuple[float, float] = (-1, 30), purpose: Any = x509.ExtendedKeyUsageOID.SERVER_AUTH) -> tuple[str, str]:
    """A certificate by OTHER and its key."""
    own = own or key("P-256", 7)
    signer = serialization.load_pem_private_key(OTHER.key, None)
    above = x509.load_pem_x509_certificate(OTHER.certificate)
    builder = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])).issuer_name(above.subject)
    builder = builder.public_key(own.public_key()).serial_number(x509.random_serial_number()).not_valid_before(NOW + days[0] * DAY)
    builder = builder.not_valid_after(NOW + days[1] * DAY).add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
    made = builder.sign(signer, hashes.SHA256())  # type: ignore[arg-type]
    return made.public_bytes(serialization.Encoding.PEM).decode(), pem_key(own).decode()


def coded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def secret(certificate: bytes, private: bytes, **meta: Any) -> dict[str, Any]:
    metadata = {"name": "shop", "namespace": SPACE, **meta}
    data = {"tls.crt": coded(certificate), "tls.key": coded(private), "ca.crt": coded(b"for clients")}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": data}


def gateway(*hosts: str, **tls: Any) -> dict[str, Any]:
    server = {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": list(hosts), "tls": {"mode": "SIMPLE", "credentialName": "shop", **tls}}
    spec = {"selector": {"istio": "ingress"}, "servers": [server]}
    return {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "front", "namespace": "app"}, "spec": spec}


def pod(name: str, ready: str = "True") -> dict[str, Any]:
    meta = {"name": name, "namespace": SPACE, "labels": {"istio": "ingress"}}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": []}, "status": status}


SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "ingress", "namespace": SPACE},
    "spec": {"selector": {"istio": "ingress"}, "ports": [{"port": 443, "targetPort": 8443}]},
}  # fmt: skip
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gateways.networking.istio.io"},
    "spec": {"group": "networking.istio.io", "scope": "Namespaced", "names": {"kind": "Gateway", "plural": "gateways", "singular": "gateway"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]},
}  # fmt: skip
HELD = issue.new_leaf(ROOT, ["shop.example"], "shop.example", "P-256", NOW - 9 * DAY, 30)


class Front:
    """Two gateway pods that serve the Secret's content as soon as time passes. A pod that is made deaf does not."""

    def __init__(self, clock: Ticking, *hosts: str, held: Any = HELD, **meta: Any) -> None:
        self.clock, self.deaf = clock, set[str]()
        clock.meanwhile = self.serve
        self.cluster = FakeCluster(
            DEFINITION, gateway(*hosts), pod("a"), pod("b"), pod("starting", "False"), SERVICE, secret(held.certificate, held.key, **meta), name="east"
        )
        self.serve()

    def serve(self, _passed: float = 0) -> None:
        live = self.cluster.get(REF)
        for name in {"a", "b"} - self.deaf:
            self.cluster.served[SPACE, name, 8443] = base64.b64decode((live or {})["data"]["tls.crt"])

    def run(self, *wishes: dict[str, Any], check: bool = False, **given: Any) -> dict[str, Any]:
        root = {"source": "inline", "certificate": ROOT.certificate.decode(), "private_key": ROOT.key.decode(), "kube": None, "namespace": "x", "name": "y"}
        params = {
            "provider": "istio", "mesh": "shop", "trust_domain": "shop.example", "key_type": "P-256", "root": root, "certificates": list(wishes),
            "issue_days": 0, "min_age": 3600, "timeout": 60, "lease": None,
        }  # fmt: skip
        return gateway_certificates.reconcile(self.cluster.checking() if check else self.cluster, {**params, **given})

    @property
    def held(self) -> dict[str, bytes]:
        return {part: base64.b64decode(value) for part, value in (self.cluster.get(REF) or {})["data"].items()}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(driver, "SystemClock", lambda: ticking)
    return ticking


def given(*hosts: str, **how: Any) -> dict[str, Any]:
    certificate, private = leaf(*hosts, **how)
    return {**MAIN, "certificate": certificate, "private_key": private}


def test_a_given_one_is_written_once_and_seen_at_every_ready_pod(clock: Ticking) -> None:
    front, wish = Front(clock, "app/shop.example"), given("shop.example")
    result = front.run(wish)
    assert front.held == {"tls.crt": wish["certificate"].encode(), "tls.key": wish["private_key"].encode(), "ca.crt": b"for clients"}
    (told,) = result["certificates"]
    assert (told["action"], told["served_by"], told["gateways"]) == ("replaced", [f"Pod {SPACE}/a:8443", f"Pod {SPACE}/b:8443"], ["Gateway app/front"])
    assert len([write for write in front.cluster.writes if "secrets/shop" in write]) == 1
    assert wish["private_key"].splitlines()[1] not in json.dumps(result)
    assert front.run(wish)["changed"] is False


def test_check_mode_says_so_and_writes_nothing(clock: Ticking) -> None:
    front = Front(clock, "shop.example")
    before = front.held
    assert front.run(given("shop.example"), check=True)["changed"] is True
    assert front.held == before


def test_a_pod_that_serves_the_old_one_is_named(clock: Ticking) -> None:
    front = Front(clock, "shop.example")
    front.deaf.add("b")
    with pytest.raises(NotReady, match=rf"^east: these pods do not serve the new .* after 60 s: Pod {SPACE}/b:8443 for shop\.example, Gateway app/front"):
        front.run(given("shop.example"))
    front.deaf.clear()
    assert front.run(given("shop.example"))["certificates"][0]["served_by"][1] == f"Pod {SPACE}/b:8443"


def test_one_for_another_cluster_is_passed_over(clock: Ticking) -> None:
    assert Front(clock, "shop.example").run({**given("shop.example"), "cluster": "west"})["certificates"] == []


class TestIssued:
    def test_what_the_root_issued_is_issued_anew_once_it_is_old_enough(self, clock: Ticking) -> None:
        front = Front(clock, "shop.example", "*.shop.example", "*")
        result = front.run(issue_days=20)
        assert result["certificates"][0]["certificate"]["sans"] == ["*.shop.example", "shop.example"]
        assert bundle(front.held["tls.crt"])[0].issuer == bundle(ROOT.certificate)[0].subject
        again = front.run(issue_days=20)
        assert (again["changed"], again["certificates"][0]["action"]) == (False, "kept")
        assert front.run(issue_days=20, min_age=0)["changed"] is True

    def test_what_another_ca_issued_stays_unless_it_is_named(self, clock: Ticking) -> None:
        held = issue.new_leaf(OTHER, ["shop.example"], "o", "P-256", NOW, 30)
        front = Front(clock, "shop.example", held=held)
        assert front.run(issue_days=20)["certificates"] == []
        assert front.run(MAIN, issue_days=20)["changed"] is True

    def test_addresses_stay_addresses_and_names_are_as_dns_has_them(self, clock: Ticking) -> None:
        held = issue.new_leaf(ROOT, ["shop.example", "192.0.2.7", "2001:db8::7", "bücher.example"], "shop.example", "P-256", NOW - 9 * DAY, 30)
        front = Front(clock, "shop.example", "*.bücher.example", held=held)
        assert front.run(issue_days=20)["changed"] is True
        made = x509.load_pem_x509_certificate(front.held["tls.crt"])
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert sorted(names.get_values_for_type(x509.DNSName)) == ["*.xn--bcher-kva.example", "shop.example", "xn--bcher-kva.example"]
        assert sorted(map(str, names.get_values_for_type(x509.IPAddress))) == ["192.0.2.7", "2001:db8::7"]
        usage = made.extensions.get_extension_for_class(x509.KeyUsage)
        assert (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign, usage.value.key_encipherment) == (True, True, False, False)
        assert front.run(issue_days=20)["changed"] is False

    def test_a_host_that_no_certificate_can_bear_is_named(self, clock: Ticking) -> None:
        front = Front(clock, "shop.example", f"{'x' * 64}.example")
        with pytest.raises(Refused, match=r"its gateways serve x{64}\.example, which no certificate can name"):
            front.run(issue_days=20)

    def test_a_key_that_the_mesh_cannot_use_is_refused_where_one_is_made(self, clock: Ticking) -> None:
        front = Front(clock, "shop.example")
        with pytest.raises(Refused, match=rf"Secret {SPACE}/shop: the key_type Ed25519 is refused, because this mesh cannot use it; use one of P-256, RSA"):
            front.run(issue_days=20, min_age=0, key_type="Ed25519")
        assert [write for write in front.cluster.writes if "secrets/shop" in write] == []
        assert front.run(given("shop.example"), key_type="Ed25519")["changed"] is True

    def test_by_a_ca_below_the_root_with_its_chain(self, clock: Ticking) -> None:
        top = opened("company root")
        below = opened("Issuing CA 7", top)
        given = {"source": "inline", "certificate": (below.pem + top.pem).decode(), "private_key": pem_key(below.key).decode(), "kube": None}
        root = {**given, "namespace": "x", "name": "y", "chain": None, "chain_file": None}
        front = Front(clock, "shop.example")
        assert front.run(MAIN, issue_days=20, root=root)["changed"] is True
        assert [one.subject for one in bundle(front.held["tls.crt"])] == ["CN=shop.example,O=shop.example", "CN=Issuing CA 7"]
        assert front.run(MAIN, issue_days=20, root=root)["changed"] is False
        assert front.run(issue_days=20, root=root, min_age=0)["changed"] is True

    def test_a_root_whose_key_somebody_else_has_issues_none(self, clock: Ticking) -> None:
        root = {"source": "command", "command": ["sign"], "timeout": 60, "certificate": ROOT.certificate.decode(), "namespace": "x", "name": "y"}
        with pytest.raises(Refused, match="the command sign holds the root's key and issues only CAs"):
            Front(clock, "shop.example").run(issue_days=20, root=root)

    def test_what_cert_manager_keeps_stays_and_is_told(self, clock: Ticking) -> None:
        front = Front(clock, "shop.example", annotations={"cert-manager.io/certificate-name": "shop"})
        assert front.run(issue_days=20)["warnings"] == [
            f"east: Secret {SPACE}/shop is managed by cert-manager, for its Certificate shop, so it stays. Have it renewed there."
        ]


@pytest.mark.parametrize(("wish", "told"), [
    pytest.param({**given("shop.example"), "private_key": pem_key(key("P-256", 8)).decode()}, "the key .* does not match the certificate", id="key"),
    pytest.param(given("shop.example", days=(-9, -1)), "expired at", id="expired"),
    pytest.param(given("shop.example", days=(1, 9)), "is not valid before", id="not yet valid"),
    pytest.param(given("shop.example", own=key("RSA-1024")), "weak key, RSA 1024", id="RSA-1024"),
    pytest.param(given("shop.example", own=key("Ed25519")), "which Envoy does not accept", id="Ed25519"),
    pytest.param(given("other.example"), r"does not cover shop\.example, which gateways serve with it", id="host"),
    pytest.param(given("shop.example", purpose=x509.ExtendedKeyUsageOID.CLIENT_AUTH), "does not allow TLS servers", id="purpose"),
    pytest.param({**given("shop.example"), "chain": ROOT.certificate.decode()}, "the chain does not verify", id="chain"),
    pytest.param({**given("shop.example"), "private_key": None}, "private_key is missing", id="no key"),
    pytest.param({**given("shop.example"), "certificate": "x"}, "certificate", id="no certificate"),
    pytest.param(MAIN, "the task gives no certificate", id="nothing"),
    pytest.param({**given("shop.example"), "name": "nowhere"}, "no Gateway with a ready pod serves this Secret", id="not served"),
])  # fmt: skip
def test_refused_before_the_first_write(clock: Ticking, wish: dict[str, Any], told: str) -> None:
    front = Front(clock, "shop.example")
    before = list(front.cluster.writes)
    with pytest.raises(Refused, match=told):
        front.run(given("shop.example"), wish)
    assert front.cluster.writes == before


def test_a_secret_of_cert_manager_is_refused_with_what_to_do(clock: Ticking) -> None:
    front = Front(clock, "shop.example", annotations={"cert-manager.io/certificate-name": "shop-tls"})
    with pytest.raises(Refused, match=r"is managed by cert-manager, for its Certificate shop-tls, which would undo the change\. Have it renewed there\.$"):
        front.run(given("shop.example"))


def test_a_secret_that_git_tracks_is_replaced_with_a_warning(clock: Ticking) -> None:
    front = Front(clock, "shop.example", annotations={"argocd.argoproj.io/tracking-id": f"web:/Secret:{SPACE}/shop"})
    told = front.run(given("shop.example"))
    assert told["changed"] is True
    assert told["warnings"][0].startswith(f"east: Secret {SPACE}/shop is tracked by Argo CD, for its Application web.")


@pytest.mark.parametrize(("name", "host", "yes"), [
    ("shop.example", "shop.example", True), ("SHOP.example", "shop.EXAMPLE", True), ("*.example", "shop.example", True), ("*.example", "*.example", True),
    ("*.bücher.example", "a.xn--bcher-kva.example", True),
    ("192.0.2.7", "192.0.2.7", True), ("2001:db8::7", "2001:DB8:0::7", True), ("*.0.2.7", "192.0.2.7", False),
    ("*.example", "a.shop.example", False), ("*.example", "example", False), ("shop.example", "*.example", False), ("*.b.example", "*.a.b.example", False),
])  # fmt: skip
def test_a_wildcard_stands_for_one_label(name: str, host: str, yes: bool) -> None:
    assert covers(name, host) is yes


class TestUses:
    def test_the_gateway_api_names_the_secret_by_reference_and_the_pods_by_label(self) -> None:
        listeners = [
            {"name": "a", "port": 443, "hostname": "*.shop.example", "tls": {"certificateRefs": [{"name": "shop"}, {"name": "far", "namespace": "certs"}]}},
            {"name": "b", "port": 80},
            {"name": "c", "port": 8443, "tls": {"mode": "Passthrough", "certificateRefs": [{"name": "no"}]}},
        ]
        live = {
            "Gateway": [{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "front", "namespace": SPACE},
                         "spec": {"listeners": listeners}}],
            "Pod": [{**pod("a"), "metadata": {"name": "a", "namespace": SPACE, "labels": {"gateway.networking.k8s.io/gateway-name": "front"}}}, pod("b")],
        }  # fmt: skip
        uses = serving.uses().judge(live, {})
        assert [(str(use.secret), use.hosts, [one.name for one in use.pods]) for use in uses] == [
            (f"Secret {SPACE}/shop", ("*.shop.example",), ["a"]), ("Secret certs/far", ("*.shop.example",), ["a"]),
        ]  # fmt: skip

    @pytest.mark.parametrize(("name", "secret"), [
        ("shop", f"Secret {SPACE}/shop"), ("kubernetes://shop", f"Secret {SPACE}/shop"), ("kubernetes://certs/shop", "Secret certs/shop"),
        ("kubernetes-gateway://certs/shop", "Secret certs/shop"), ("sds://shop", ""), ("kubernetes://", ""), ("Shop", ""),
    ])  # fmt: skip
    def test_a_name_may_bring_its_scheme_and_its_namespace(self, name: str, secret: str) -> None:
        uses = serving.uses().judge({"Gateway": [gateway("shop.example", credentialName=name)], "Pod": [pod("a")]}, {})
        assert [str(use.secret) for use in uses] == ([secret] if secret else [])

    def test_what_a_listener_refers_to_may_be_no_secret(self) -> None:
        refs = [{"name": "shop"}, {"name": "chain", "kind": "ConfigMap"}, {"name": "x", "group": "pki.example", "kind": "Secret"}]
        listeners = [{"name": "a", "port": 443, "tls": {"certificateRefs": refs}}]
        meta, spec = {"name": "front", "namespace": SPACE}, {"listeners": listeners}
        uses = serving.uses().judge({"Gateway": [{"apiVersion": "gateway.networking.k8s.io/v1", "metadata": meta, "spec": spec}]}, {})
        assert [str(use.secret) for use in uses] == [f"Secret {SPACE}/shop"]

    @pytest.mark.parametrize("mode", ["PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"])
    def test_what_serves_no_secret_is_not_meant(self, mode: str) -> None:
        assert serving.uses().judge({"Gateway": [gateway("shop.example", mode=mode)], "Pod": [pod("a")]}, {}) == []
