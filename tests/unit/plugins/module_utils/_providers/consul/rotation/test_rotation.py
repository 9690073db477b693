# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation that Consul drives: where it stands, what proxies lack, and what it is given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import PROXY
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
    context = {
        "tls_certificates": [{"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": "[redacted]"}}],
        "validation_context": {"trusted_ca": {"inline_string": "".join(trust.line(one).decode() for one in trusted)}},
    }
    return {"listener": {"filter_chains": [{"transport_socket": {"common_tls_context": context}}]}}


def proxy(name: str = "shop-1", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "labels": {PROXY: "shop"}}, "status": {"phase": "Running", **status}}


def live(*pods: dict[str, Any]) -> dict[str, Any]:
    sets = [{**one, "status": {"readyReplicas": 1}} for stage in install.stages(SMALL) for one in stage.manifests if one["kind"] == "StatefulSet"]
    return {"Pod": [server(), *pods], "Secret": [tokens()], "StatefulSet": sets}


def progress(said: str | None, *dumps: str | None):
    pods = [proxy(f"shop-{number}") for number, _dump in enumerate(dumps)]
    wanted = rotation.progress("mesh")
    asked = wanted.questions(live(*pods))
    return wanted.judge(live(*pods), dict(zip(asked, [said, *dumps], strict=True)))


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
    assert proxies.behind(said, trust.blocks(NEW.certificate)[0], key_id(NEW)) == "has no certificate of the new CA yet"
