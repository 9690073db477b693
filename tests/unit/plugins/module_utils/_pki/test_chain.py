# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains that share all certificates but the first, and the roots to which their signatures lead."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.chain import Reader
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, OTHER_ROOT, ROOT, Made, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import bundle, chain, leaf

SAME_KEY = make("shop root", own=key(number=1), days=(-1, 3650))
CROSSED = make("shop root", OTHER_ROOT, key(number=1), days=(-1, 3650))
FORGED = make("server", issuer="Intermediate CA east", ca=False)


@pytest.mark.parametrize(("served", "known", "signer", "root"), [
    pytest.param([leaf(), EAST, ROOT], [], EAST, ROOT, id="a whole chain"),
    pytest.param([leaf(), EAST], [ROOT], EAST, ROOT, id="the root is known"),
    pytest.param([leaf()], [ROOT, EAST], EAST, ROOT, id="a leaf alone"),
    pytest.param([leaf()], [], None, None, id="nothing is known"),
    pytest.param([leaf(), EAST], [OTHER_ROOT], EAST, None, id="another root"),
    pytest.param([leaf(by=ROOT), ROOT], [], ROOT, ROOT, id="signed by the root itself"),
    pytest.param([FORGED, EAST, ROOT], [], None, None, id="a name alone proves nothing"),
    pytest.param([leaf(), EAST, SAME_KEY], [ROOT], EAST, SAME_KEY, id="of two roots with one key the served one"),
    pytest.param([leaf(), EAST, CROSSED, ROOT], [], EAST, ROOT, id="a cross-signed root beside itself"),
    pytest.param([leaf(), EAST, CROSSED], [OTHER_ROOT], EAST, OTHER_ROOT, id="by way of a cross-signed root"),
])  # fmt: skip
def test_where_signatures_lead(served: list[Made], known: list[Made], signer: Made | None, root: Made | None) -> None:
    reader = Reader()
    reader.know(bundle(*known))
    line = reader.line(bundle(*served))
    assert line
    assert line.leaf.fingerprint == served[0].fingerprint
    assert (line.signer, line.root) == tuple(made.fingerprint if made else "" for made in (signer, root))


@pytest.mark.parametrize("pem", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate(pem: bytes) -> None:
    assert Reader().line(pem) is None
    assert Reader().bundle(pem) == ()


def test_a_bundle_has_each_root_once() -> None:
    found = Reader().bundle(bundle(ROOT, OTHER_ROOT, ROOT))
    assert [one.fingerprint for one in found] == [ROOT.fingerprint, OTHER_ROOT.fingerprint]


def test_what_becomes_known_later_leads_on() -> None:
    reader, served = Reader(), chain(leaf(), EAST)
    assert getattr(reader.line(served), "root", None) == ""
    reader.know(ROOT.pem)
    assert getattr(reader.line(served), "root", None) == ROOT.fingerprint


def test_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    real = x509.read

    def counted(pem: bytes, name: str) -> Any:
        reads.append(pem)
        return real(pem, name)

    monkeypatch.setattr(x509, "read", counted)
    reader = Reader()
    served = [chain(leaf(f"server-{number}")) for number in range(5)]
    for pem in [*served, *served]:
        reader.line(pem)
        reader.bundle(bundle(ROOT))
    assert len(reads) == len(set(reads)) == 5 + 2
