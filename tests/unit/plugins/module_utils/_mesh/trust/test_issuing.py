# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep, issue or refuse."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Authority
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.issuing import Source, decide, wish_faults
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import (
    EAST,
    OTHER_ROOT,
    ROOT,
    issuer,
    key,
    make,
    root,
    seen,
)

WHERE = "east: Secret meshops-system/meshops-root-ca"
EXPIRED = issuer(make("Intermediate CA east", ROOT, key(number=3), path_length=0, days=(-20, -1)))
SOON = issuer(make("Intermediate CA east", ROOT, key(number=3), path_length=0, days=(-20, 10)))
OLD_ROOT = make("old root", own=key(number=5), days=(-20, -1))
SELF_SIGNED = seen(root(OTHER_ROOT), "east: Secret istio-system/istio-ca-secret")


def source(made: Any = ROOT, **how: Any) -> Source:
    return Source(WHERE, root=seen(root(made, **how), WHERE))


NO_KEY = source(key=b"")
ABSENT, MISSING = Source(WHERE, generated=True), Source(WHERE)
UNREACHABLE = Source(WHERE, generated=True, unreachable="north: no answer from https://north:6443.")


@pytest.mark.parametrize(("held", "given", "action", "words"), [
    pytest.param(None, source(), "issue", "", id="nothing there"),
    pytest.param(None, ABSENT, "issue", "", id="nothing there, and no root yet"),
    pytest.param(seen(issuer()), source(), "keep", "", id="of this root"),
    pytest.param(seen(issuer(ROOT)), source(), "keep", "", id="the root itself signs"),
    pytest.param(seen(issuer()), NO_KEY, "keep", "", id="of this root, whose key is kept elsewhere"),
    pytest.param(seen(issuer(under=(ROOT, OTHER_ROOT))), source(), "keep", "", id="trusts one more"),
    pytest.param(seen(issuer(under=(ROOT, OTHER_ROOT))), source(OTHER_ROOT), "keep", "a rotation is under way", id="in a rotation"),
    pytest.param(seen(issuer()), UNREACHABLE, "keep", "north: no answer", id="the trust cluster is away"),
    pytest.param(seen(issuer()), ABSENT, "keep", "no other cluster can share", id="its root is nowhere else"),
    pytest.param(seen(SOON), source(), "keep", "in 10 days; rotate it now", id="expires soon"),
    pytest.param(seen(EXPIRED, ours=True), source(), "issue", "had expired", id="expired, and issued by us"),
])  # fmt: skip
def test_what_is_done(held: Authority | None, given: Source, action: str, words: str) -> None:
    decision = decide("east", held, None, given)
    assert (decision.action, [*decision.objections]) == (action, [])
    assert words in " ".join(decision.warnings)
    assert bool(words) == bool(decision.warnings)


@pytest.mark.parametrize(("held", "given", "reason", "words"), [
    pytest.param(seen(issuer()), source(OTHER_ROOT), "other_root", "Rotate", id="another root"),
    pytest.param(seen(issuer(self_made=True)), source(), "made_by_control_plane", "Rotate", id="made by istiod for itself"),
    pytest.param(seen(EXPIRED), source(), "expired", "or delete it and run again to get an intermediate", id="expired, and not ours"),
    pytest.param(seen(EXPIRED, ours=True), source(OTHER_ROOT), "expired", "of the same root", id="expired, of another root"),
    pytest.param(seen(issuer(make("i", OLD_ROOT), under=(OLD_ROOT,)), ours=True), source(), "expired", "'CN=old root'", id="expired root"),
    pytest.param(seen(issuer(key=b""), ours=True), source(), "missing_part", "delete it and run again to get a new", id="incomplete, and ours"),
    pytest.param(seen(issuer()), MISSING, "missing_root", "the mesh's root does not exist", id="no Secret where the root should be"),
    pytest.param(seen(issuer()), source(OLD_ROOT), "expired", "expired at", id="the mesh's root has expired"),
    pytest.param(None, MISSING, "missing_root", "the mesh's root does not exist", id="nothing there and no root"),
    pytest.param(None, NO_KEY, "missing_part", "private key is missing", id="to be issued without the root's key"),
    pytest.param(None, source(OLD_ROOT), "expired", "expired at", id="to be issued of an expired root"),
    pytest.param(None, source(EAST), "root_not_self_signed", "no root", id="to be issued of an intermediate"),
    pytest.param(None, UNREACHABLE, "unreachable_root", "north: no answer", id="to be issued while the trust cluster is away"),
    pytest.param(None, Source(WHERE, root=source().root, other_mesh="bank"), "root_of_another_mesh", "mesh bank", id="another mesh's"),
])  # fmt: skip
def test_what_is_refused(held: Authority | None, given: Source, reason: str, words: str) -> None:
    decision = decide("east", held, None, given)
    assert decision.action == "refuse"
    assert [one for one in decision.objections if one.reason == reason and words in one.sentence], decision.objections


def test_a_self_signed_control_plane_is_not_given_another_root() -> None:
    decision = decide("east", None, SELF_SIGNED, source())
    assert [one.reason for one in decision.objections] == ["self_signed_mesh"]
    assert "istio-ca-secret" in decision.objections[0].sentence


def test_a_self_signed_control_plane_is_given_an_intermediate_of_its_own_root() -> None:
    decision = decide("east", None, SELF_SIGNED, source(OTHER_ROOT))
    assert (decision.action, len(decision.warnings)) == ("issue", 1)


@pytest.mark.parametrize(("option", "value", "words"), [
    pytest.param("key_type", "Ed25519", "the key_type Ed25519 is refused, because this mesh cannot use it", id="Ed25519"),
    pytest.param("key_type", "RSA-1024", "use one of P-256, RSA-2048", id="a short key"),
    pytest.param("key_types", ["RSA-2048"], "the key_type P-256 is refused, because this mesh cannot use it; use RSA-2048", id="a mesh with one key type"),
    pytest.param("mesh", "Shop_1", "not a DNS label", id="mesh"),
    pytest.param("trust_domain", "a b", "not a DNS name", id="trust domain"),
    pytest.param("intermediate_days", 0, "give 1 to", id="no life at all"),
])  # fmt: skip
def test_a_wrong_wish_is_told(option: str, value: object, words: str) -> None:
    wish: dict[str, Any] = {"mesh": "shop", "trust_domain": "shop.example", "namespace": "istio-system", "key_type": "P-256",
                            "key_types": ("P-256", "RSA-2048"), "days": {"intermediate_days": 730, "root_days": 3650}}  # fmt: skip
    assert wish_faults(**wish) == []
    changed = {"days": {**wish["days"], option: value}} if option in wish["days"] else {option: value}
    (told,) = wish_faults(**{**wish, **changed})
    assert words in told
