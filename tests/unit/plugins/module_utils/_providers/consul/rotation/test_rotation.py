# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation that Consul drives: where it stands, what proxies lack, and what it is given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import GATEWAY, PROXY, selector
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.rotation import proxies, rotation
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import SMALL
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW


def ca(name: str) -> Material:
    root = issue.new_root(f"{name} root", "shop", "P-256", NOW, 365)
    return issue.new_intermediate(root, name, "shop", ["connect.shop"], "P-256", NOW, 100, 2)


OLD, NEW = ca("old"), ca("new")


def key_id(of: Material) -> str:
    """The identifier of the CA's key as Consul writes it."""
    return ":".join(f"{byte:02x}" for byte in bytes.fromhex(str(x509.bundle(of.certificate)[0].ski).replace(":", "")))


def roots(*listed: tuple[Material, bool]) -> str:
    return json.dumps({"Roots": [{"RootCert": trust.line(one).decode(), "Active": active, "SigningKeyID": key_id(one)} for one, active in listed]})


def leaf(of: Material) -> str:
    return issue.new_leaf(of, ["shop"], "shop", "P-256", NOW, 3).certificate.decode()


def dump(chain: str, *trusted: Material, drains: str = "") -> str:
    """What Envoy says of its listeners. `drains` is the certificate of one that another one replaced."""
    own = {"name": "public_listener", "active_state": listener(chain, *trusted)}
    return json.dumps({"configs": [own | ({"draining_state": listener(drains, OLD)} if drains else {})]})


def listener(chain: str, *trusted: Material) -> dict[str, Any]:
    return listening({"tls_certificates": [shown(chain)], "validation_context": {"trusted_ca": bundle(*trusted)}})


def listening(*contexts: dict[str, Any]) -> dict[str, Any]:
    """A listener with a filter chain for each."""
    return {"listener": {"filter_chains": [{"transport_socket": {"typed_config": {"common_tls_context": one}}} for one in contexts]}}


def shown(chain: str) -> dict[str, Any]:
    return {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": "[redacted]"}}


def bundle(*trusted: Material) -> dict[str, str]:
    return {"inline_string": "".join(trust.line(one).decode() for one in trusted)}


def for_peers(chain: str, *trusted: Material) -> dict[str, Any]:
    """The TLS of what peers may call: each trust domain has a bundle, and nothing stands where it stands otherwise."""
    domains = [{"name": "own.consul", "trust_bundle": bundle(*trusted)}, {"name": "peer.consul", "trust_bundle": bundle(ca("of a peer"))}]
    validator = {"name": "envoy.tls.cert_validator.spiffe", "typed_config": {"trust_domains": domains}}
    return {"tls_certificates": [shown(chain)], "validation_context": {"custom_validator_config": validator}}


def naming(leaf_secret: str = "connect-leaf", root_secret: str = "connect-root") -> dict[str, Any]:
    """The TLS of a listener that names secrets."""
    return {"tls_certificate_sds_secret_configs": [{"name": leaf_secret, "sds_config": {"ads": {}}}],
            "validation_context_sds_secret_config": {"name": root_secret, "sds_config": {"ads": {}}}}  # fmt: skip


def said_of(*contexts: dict[str, Any]) -> str:
    return json.dumps({"configs": [{"name": "public_listener", "active_state": listening(*contexts)}]})


def secrets(chain: str, *trusted: Material) -> str:
    held = {"connect-leaf": {"tls_certificate": shown(chain)}, "connect-root": {"validation_context": {"trusted_ca": bundle(*trusted)}}}
    return json.dumps({"configs": [{"name": name, "secret": {"name": name, **one}} for name, one in held.items()]})


# What a gateway listens with if it only passes on what others encrypted: it looks at the name that is asked for.
PASSING = json.dumps({"configs": [{"name": "default", "active_state": {"listener": {"filter_chains": [{"filters": [{"name": "sni_cluster"}]}]}}}]})


def proxy(name: str = "shop-1", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "labels": {PROXY: "shop"}}, "status": {"phase": "Running", **status}}


def live(*pods: dict[str, Any]) -> dict[str, Any]:
    sets = [{**one, "status": {"readyReplicas": 1}} for stage in install.stages(SMALL) for one in stage.manifests if one["kind"] == "StatefulSet"]
    return {"Pod": [server(), *pods], "Secret": [tokens()], "StatefulSet": sets}


def gateway(component: str = "mesh-gateway") -> dict[str, Any]:
    name = f"{GATEWAY}-0"
    return {"metadata": {"name": name, "namespace": "mesh", "labels": selector(component)}, "status": {"phase": "Running"}}


def progress(said: str | None, *dumps: str | None):
    pods = [proxy(f"shop-{number}") for number, _dump in enumerate(dumps)]
    return progress_of(live(*pods), said, *dumps)


def progress_of(there: dict[str, Any], said: str | None, *dumps: str | None, secrets: str | None = None):
    """`secrets` is what each Envoy answers that is asked for its secrets."""
    wanted = rotation.progress("mesh")
    answers = Answers(dict(zip(wanted.questions(there), [said, *dumps], strict=True)))
    answers.add(Answers(dict.fromkeys(wanted.further(there, answers), secrets)))
    return wanted.judge(there, answers)


def test_before_a_rotation_the_given_ca_is_active_and_leads_to_the_meshs_root() -> None:
    seen = progress(roots((OLD, True)))
    authority = x509.inspect(Material(seen.certificate, b"", seen.chain, seen.roots), "east", NOW)
    assert [one.fingerprint for one in authority.path] == [x509.bundle(part)[0].fingerprint for part in (OLD.certificate, OLD.roots)]
    assert (seen.fault, [plane.ready for plane in seen.planes]) == ("", [1])


def test_during_a_rotation_the_former_root_is_trusted_too() -> None:
    seen = progress(roots((OLD, False), (NEW, True)), dump(leaf(OLD), OLD, NEW))
    assert seen.outgoing == b""
    assert x509.bundle(seen.certificate)[0].fingerprint == x509.bundle(NEW.certificate)[0].fingerprint
    assert {one.fingerprint for one in x509.bundle(seen.roots)} == {x509.bundle(one.roots)[0].fingerprint for one in (OLD, NEW)}


@pytest.mark.parametrize("dumps", [[], [dump(leaf(NEW), OLD, NEW)]], ids=["there is no proxy", "every proxy has a new certificate"])
def test_a_former_root_that_nothing_uses_any_more_is_outgoing(dumps: list[str]) -> None:
    seen = progress(roots((OLD, False), (NEW, True)), *dumps)
    assert [one.fingerprint for one in x509.bundle(seen.roots)] == [x509.bundle(NEW.roots)[0].fingerprint]
    assert [one.fingerprint for one in x509.bundle(seen.outgoing)] == [x509.bundle(OLD.roots)[0].fingerprint]


@pytest.mark.parametrize("dumps", [
    pytest.param([None], id="a proxy is silent"),
    pytest.param([dump(leaf(NEW), OLD, NEW), dump(leaf(OLD), OLD, NEW)], id="one of two has a former certificate"),
])
def test_a_former_root_that_something_may_use_is_not(dumps: list[str | None]) -> None:
    seen = progress(roots((OLD, False), (NEW, True)), *dumps)
    assert (len(x509.bundle(seen.roots)), seen.outgoing) == (2, b"")


def test_after_two_rotations_only_the_latest_root_counts_and_both_former_ones_are_outgoing() -> None:
    third = ca("third")
    listed = roots((OLD, False), (NEW, False), (third, True))
    seen = progress(listed, dump(leaf(third), OLD, NEW, third, drains=leaf(NEW)))
    fingerprints = [x509.bundle(one.roots)[0].fingerprint for one in (OLD, NEW, third)]
    assert [one.fingerprint for one in x509.bundle(seen.roots)] == fingerprints[2:]
    assert {one.fingerprint for one in x509.bundle(seen.outgoing)} == set(fingerprints[:2])
    late = progress(listed, dump(leaf(NEW), OLD, NEW, third))
    assert [user.behind for user in late.users] == ["has no certificate of the new CA yet"]
    assert {one.fingerprint for one in x509.bundle(late.roots)} == set(fingerprints)


def test_a_ca_that_consul_made_for_itself_is_seen() -> None:
    own = issue.new_root("consul", "consul", "P-256", NOW, 365)
    seen = progress(json.dumps({"Roots": [{"RootCert": own.certificate.decode(), "Active": True}]}))
    assert (seen.certificate, seen.roots) == (own.certificate, own.certificate)


@pytest.mark.parametrize("said", [None, "nonsense", "[]", "{}", '{"Roots": null}', roots((OLD, False))])
def test_a_server_that_does_not_name_its_ca_is_a_fault(said: str | None) -> None:
    assert progress(said).fault.startswith("no server of Consul said which CA it uses")


@pytest.mark.parametrize(("said", "lacks"), [
    pytest.param(dump(leaf(NEW), OLD, NEW), "", id="it has both"),
    pytest.param(dump(leaf(OLD), OLD, NEW), "has no certificate of the new CA yet", id="it trusts the new CA and has a former certificate"),
    pytest.param(dump(leaf(OLD), OLD), "does not trust the new CA yet", id="nothing has reached it"),
    pytest.param("{}", "has no certificate of Consul yet", id="it has no configuration"),
    pytest.param(dump(leaf(NEW), OLD, NEW, drains=leaf(OLD)), "", id="only a listener that drains has a former certificate"),
    pytest.param(dump(leaf(OLD), OLD, NEW, drains=leaf(NEW)), "has no certificate of the new CA yet", id="only a listener that drains has a new certificate"),
])
def test_a_proxy_lacks(said: str, lacks: str) -> None:
    (user,) = progress(roots((OLD, False), (NEW, True)), said).users
    assert (user.where, user.behind, user.fault) == ("shop/shop-0", lacks, "")


def test_a_proxy_that_does_not_answer_is_a_fault_and_one_that_ends_is_not_asked() -> None:
    (user,) = progress(roots((NEW, True)), None).users
    assert user.fault == "its Envoy did not answer"
    ends = {**proxy(), "metadata": {**proxy()["metadata"], "deletionTimestamp": "2026-11-27T08:00:00Z"}}
    assert proxies.questions({"Pod": [proxy(phase="Pending"), ends]}) == []


def test_consul_is_given_the_line_the_key_and_the_lifetimes_that_hold() -> None:
    order = rotation.order(live(), "mesh", NEW)
    body = json.loads(order.body or b"")
    assert (order.method, order.path, order.pod) == ("PUT", "/v1/connect/ca/configuration", "consul-server-0")
    assert (body["Provider"], body["ForceWithoutCrossSigning"]) == ("consul", False)
    assert body["Config"] == {
        "PrivateKey": NEW.key.decode(), "RootCert": trust.line(NEW).decode(), "LeafCertTTL": "1h", "IntermediateCertTTL": "8760h",
    }  # fmt: skip


def test_a_leaf_of_another_ca_with_the_same_name_is_not_taken_for_it() -> None:
    said = json.loads(dump(leaf(ca("new")), NEW))
    assert proxies.behind(said, {}, trust.blocks(NEW.certificate)[0], key_id(NEW)) == "has no certificate of the new CA yet"


TURNING = roots((OLD, False), (NEW, True))


@pytest.mark.parametrize(("chain", "trusted", "lacks"), [
    pytest.param(leaf(NEW), (OLD, NEW), "", id="it has both"),
    pytest.param(leaf(OLD), (OLD, NEW), "has no certificate of the new CA yet", id="it trusts the new CA and has a former certificate"),
    pytest.param(leaf(OLD), (OLD,), "does not trust the new CA yet", id="nothing has reached it"),
])
@pytest.mark.parametrize("which", [proxy("shop-0"), gateway(), gateway("terminating-gateway")], ids=["sidecar", "mesh gateway", "terminating gateway"])
def test_what_peers_may_call_lacks(which: dict[str, Any], chain: str, trusted: tuple[Material, ...], lacks: str) -> None:
    (user,) = progress_of(live(which), TURNING, said_of(for_peers(chain, *trusted))).users
    assert (user.name, user.behind, user.fault) == (which["metadata"]["name"], lacks, "")


@pytest.mark.parametrize(("second", "lacks"), [
    (for_peers(leaf(NEW), OLD), "does not trust the new CA yet"), (for_peers(leaf(OLD), OLD, NEW), "has no certificate of the new CA yet"),
    ({"validation_context": {"trusted_ca": bundle(OLD, NEW)}}, "has no certificate of Consul yet"),
])
def test_a_gateway_is_late_if_one_of_the_services_behind_it_is(second: dict[str, Any], lacks: str) -> None:
    seen = progress_of(live(gateway()), TURNING, said_of(for_peers(leaf(NEW), OLD, NEW), second))
    assert [user.behind for user in seen.users] == [lacks]
    assert seen.outgoing == b"", "the former root stays while a gateway uses it"


def test_a_gateway_that_only_passes_on_what_others_encrypted_lacks_nothing() -> None:
    seen = progress_of(live(gateway()), TURNING, PASSING)
    assert [(user.where, user.behind, user.fault) for user in seen.users] == [(f"mesh/{GATEWAY}-0", "", "")]
    assert [one.fingerprint for one in x509.bundle(seen.outgoing)] == [x509.bundle(OLD.roots)[0].fingerprint]
    (sidecar,) = progress(TURNING, PASSING).users
    assert sidecar.behind == "has no certificate of Consul yet", "a sidecar always has one"


@pytest.mark.parametrize("said", ["{}", "nonsense", json.dumps({"configs": [{"name": "default", "draining_state": listener(leaf(OLD), OLD)}]})])
def test_a_gateway_to_which_consul_gave_no_listener_is_waited_for(said: str) -> None:
    assert [user.behind for user in progress_of(live(gateway()), TURNING, said).users] == ["has no configuration of Consul yet"]


def test_a_gateway_that_does_not_answer_is_a_fault_and_keeps_the_former_root() -> None:
    seen = progress_of(live(gateway()), TURNING, None)
    assert ([user.fault for user in seen.users], seen.outgoing) == (["its Envoy did not answer"], b"")


def test_pods_of_others_in_the_namespace_are_not_asked() -> None:
    others = [{**gateway(), "metadata": {**gateway()["metadata"], "labels": labels}} for labels in ({"component": "mesh-gateway"}, selector("api-gateway"), {})]
    assert proxies.questions({"Pod": others}) == []


@pytest.mark.parametrize(("held", "lacks", "fault"), [
    pytest.param(secrets(leaf(NEW), OLD, NEW), "", "", id="it has both"),
    pytest.param(secrets(leaf(OLD), OLD, NEW), "has no certificate of the new CA yet", "", id="it trusts the new CA and has a former certificate"),
    pytest.param(secrets(leaf(OLD), OLD), "does not trust the new CA yet", "", id="nothing has reached it"),
    pytest.param("{}", "has no certificate of Consul yet", "", id="it has no secrets yet"),
    pytest.param(None, "", "its Envoy did not answer", id="it is silent"),
])
def test_a_listener_that_names_secrets_lacks(held: str | None, lacks: str, fault: str) -> None:
    (user,) = progress_of(live(proxy("shop-0")), TURNING, said_of(naming()), secrets=held).users
    assert (user.behind, user.fault) == (lacks, fault)


def test_only_an_envoy_whose_listeners_name_secrets_is_asked_for_them() -> None:
    wanted, there = rotation.progress("mesh"), live(proxy("shop-0"), proxy("shop-1"))
    answers = Answers(dict(zip(wanted.questions(there), [TURNING, said_of(naming()), dump(leaf(NEW), NEW)], strict=True)))
    assert [(one.pod, one.path) for one in wanted.further(there, answers)] == [("shop-0", "/config_dump?resource=dynamic_active_secrets")]


def test_a_secret_of_another_name_is_not_taken_for_the_one_that_a_listener_names() -> None:
    mixed = said_of({**naming(root_secret="another"), "validation_context": {"trusted_ca": bundle(OLD)}})
    (user,) = progress_of(live(proxy("shop-0")), TURNING, mixed, secrets=secrets(leaf(NEW), OLD, NEW)).users
    assert user.behind == "does not trust the new CA yet"
