# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trust bundle grows behind what is there, and shrinks to what was written before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Certificate
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.rules import arranged

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def root(letter: str) -> Certificate:
    pem = f"-----BEGIN CERTIFICATE-----\n{letter * 4}\n-----END CERTIFICATE-----\n".encode()
    return Certificate("CN=x", "CN=x", "1", WHEN, WHEN, True, None, "EC P-256", letter, "ECDSA_WITH_SHA256", pem=pem)


A, B, C = map(root, "abc")
KNOWN = {one.fingerprint: one.pem for one in (A, B, C)}


@pytest.mark.parametrize(
    ("existing", "held", "wanted", "expected"),
    [
        (A.pem, [A], {"a"}, A.pem),
        (b"# ours\n" + A.pem.strip(), [A], {"a", "b"}, b"# ours\n" + A.pem + B.pem),
        (A.pem + B.pem, [A, B], {"a", "b", "c"}, A.pem + B.pem + C.pem),
        (A.pem + B.pem + C.pem, [A, B, C], {"b"}, B.pem),
        (A.pem + B.pem, [A, B], {"b", "c"}, B.pem + C.pem),
    ],
)
def test_bytes_stay_where_they_can(existing: bytes, held: list[Certificate], wanted: set[str], expected: bytes) -> None:
    assert arranged(existing, held, wanted, KNOWN) == expected


def test_a_root_that_nobody_has_is_told() -> None:
    with pytest.raises(Refused, match="The root d should be trusted, but no cluster of the mesh has its certificate"):
        arranged(A.pem, [A], {"a", "d"}, KNOWN)
