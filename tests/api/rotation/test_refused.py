# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation refuses, with its sentence, and that nothing was written then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.plan import Report
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.modules import rotation
from ansible_collections.meshops.lifecycle.tests.unit.support import authorities
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_live import istio_csr
from cryptography import x509

from .play import ISSUING, SHARED, Stopped, task
from .stand_in import CACERTS
from .two import LEASE, NEXT, ROOT, Two, fingerprints, given, intermediate, root


@pytest.fixture(autouse=True)
def _nothing_written(two: Two) -> Iterator[None]:
    """Check that no run wrote the CA of either cluster."""
    yield
    for cluster in two.clusters.values():
        secret = cluster.get(CACERTS)
        assert secret and "meshops.lifecycle/epoch" not in (secret["metadata"].get("annotations") or {})
    assert two.clusters["east"].get(LEASE) is None


@lru_cache
def bad(what: str) -> Material:
    """A root with one thing wrong."""
    today = (datetime.now(UTC) - authorities.NOW) / timedelta(days=1)
    days, own, more = (today - 1, today + 365), authorities.key(number=40), {}
    if what == "CA:FALSE":
        more = {"ca": False}
    if what == "expired":
        days = (today - 20, today - 1)
    if what == "not yet valid":
        days = (today + 2, today + 365)
    if what == "RSA-1024":
        own = authorities.key("RSA-1024")
    made = authorities.make("new root", own=own, days=days, **more)
    key = authorities.key(number=41) if what == "key" else own
    return authorities.root(made, key=replace(made, key=key).key_pem)


@pytest.mark.parametrize(("what", "said"), [
    ("key", "the key in root.private_key .* does not match the certificate"),
    ("CA:FALSE", r"is not a CA \(CA:FALSE\)"),
    ("expired", "expired at .*Give a valid CA"),
    ("not yet valid", "is not valid before .* Check this machine's clock"),
    ("RSA-1024", "has a weak key, RSA 1024"),
])  # fmt: skip
def test_a_root_that_is_not_sound(two: Two, what: str, said: str) -> None:
    with pytest.raises(Stopped, match=said):
        two.play(root=given(bad(what))).run()


def test_a_root_that_is_taken_for_the_old_one(two: Two) -> None:
    """Two roots have the same subject and serial, so a verifier would take the wrong one."""
    old = x509.load_pem_x509_certificate(root().certificate)
    today = (datetime.now(UTC) - authorities.NOW) / timedelta(days=1)
    twin = authorities.make("shop root", own=authorities.key(number=42), days=(today - 1, today + 365), serial=old.serial_number, subject=old.subject)
    with pytest.raises(Stopped, match=r"The mesh shop: two different roots have the same subject and serial .* Reissue one of them"):
        two.play(root=given(authorities.root(twin))).run()


def test_the_root_of_another_mesh(two: Two) -> None:
    two.clusters["east"].delete([ROOT])
    two.clusters["east"].create(root_secret.secret(root(), ROOT.name, str(ROOT.namespace), "bank"))
    with pytest.raises(Stopped, match="this root was generated for the mesh bank"):
        two.play().run()


def step(two: Two, name: str, which: str, target: Material, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Run one step in one cluster alone, as a user might, with true facts about the other clusters."""
    play = two.play(plan=True).run()
    (fingerprint,) = fingerprints(target.certificate)
    clusters = play.filter("_rotation_clusters", "seen")
    assert all(Report.of(one) for one in clusters)
    meanwhile()
    aim = {"target": fingerprint, "target_certificate": target.certificate.decode(), "root": given(target), "clusters": clusters, "timeout": 3}
    return task(rotation, {**two.kube[which], "cluster": which, **SHARED, **ISSUING, "step": name, **aim})


def test_the_direct_swap(two: Two) -> None:
    """Signing under a root that others do not trust, or trusting only a root under which no cluster signs."""
    target = root(5)
    told = step(two, "reissue", "east", target)
    assert "east: this cluster may not sign under root" in told["msg"]
    assert "east, west would not trust what it signs. Introduce the root in every cluster" in told["msg"]
    told = step(two, "retire", "east", target)
    assert "No cluster may trust root" in told["msg"]
    assert "Reissue in every cluster of the mesh first" in told["msg"]


def test_a_cluster_that_was_rebuilt_under_its_name(two: Two) -> None:
    stranger = root(6)
    two.give("west", intermediate("west", stranger))
    (own,) = fingerprints(stranger.certificate)
    with pytest.raises(Stopped, match=rf"(west|east) signs under root .* Was .* rebuilt.*rotate_accept_roots: \[{own}|{fingerprints(root().certificate)[0]}\]"):
        two.play().run()


def test_a_cluster_that_was_rebuilt_and_is_pinned(two: Two) -> None:
    kube = two.kube
    kube["west"]["cluster_uid"] = "11111111-2222-4333-8444-555555555555"
    with pytest.raises(Stopped, match="west cannot be judged: .*11111111-2222-4333-8444-555555555555"):
        two.play(kube=kube).run()


def to_cert_manager(two: Two) -> None:
    for name in two.clusters:
        two.give(name, intermediate(name, root()), **{"cert-manager.io/certificate-name": "istio-ca"})


def test_cert_manager_is_left_in_charge(two: Two) -> None:
    to_cert_manager(two)
    with pytest.raises(Stopped, match=r"east cannot be judged: cert-manager, for its Certificate istio-ca manages its CA.*Rotate the issuer there"):
        two.play(root=given(root(7))).run()


def test_external_secrets_may_come_while_it_runs(two: Two) -> None:
    """It sets an owner, and no annotation."""
    owner = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "istio-ca", "uid": "1", "controller": True}

    def taken() -> None:
        live = two.clusters["east"].get(CACERTS)
        assert live
        two.clusters["east"].amend(live, {"metadata": {"ownerReferences": [owner]}})

    told = step(two, "introduce", "east", root(7), meanwhile=taken)
    assert "Secret istio-system/cacerts is managed by ExternalSecret istio-ca, which would undo the change. Rotate there" in told["msg"]


def test_istio_csr_is_left_in_charge(two: Two) -> None:
    """istio-csr signs, so nothing uses the CA in the Secret, and it stays as it is."""
    objects = istio_csr()
    two.clusters["west"].apply(objects)
    try:
        with pytest.raises(Stopped, match=r"west cannot be judged: cert-manager's istio-csr \(cert-manager-istio-csr"):
            two.play().run()
    finally:
        two.clusters["west"].delete([Ref.of(one) for one in objects])


def test_a_cluster_that_cannot_be_reached_is_named(two: Two) -> None:
    kube = two.kube
    kube["west"] |= {"kubeconfig": None, "context": None, "host": "https://127.0.0.1:9", "api_key": "x", "patience": 1}
    kube["west"] = {key: value for key, value in kube["west"].items() if value is not None}
    with pytest.raises(Stopped, match="The mesh shop is not rotated: west cannot be judged: west: .*127.0.0.1:9"):
        two.play(kube=kube).run()


def test_a_clock_that_is_wrong(two: Two) -> None:
    play = two.play(plan=True).run()
    play.vars["west"]["seen"]["clock_skew_seconds"] = -45.0
    (finding,) = play.plan()["findings"]
    assert finding.startswith("west: the cluster's clock is 45 s ahead of this machine's, more than the 30 s allowed")


def test_intermediates_while_a_root_is_under_way(two: Two) -> None:
    two.clusters["east"].create(root_secret.secret(root(8), NEXT.name, str(NEXT.namespace), "shop"))
    with pytest.raises(Stopped, match="A rotation of the mesh shop to .* is under way, .* Finish it with rotate: root, or turn it back"):
        two.play(kind="intermediate").run()
