# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh that puts CAs below a cluster's CA needs room for them in every certificate above."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.path_length import shortage
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.intermediate import proved
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW, ROOT, issuer, key, make

NARROW = make("Issuing CA", ROOT, key(number=4), path_length=1)


def below(path_length: int) -> Material:
    root = issue.new_root("root", "shop", "P-256", NOW, 30)
    return issue.new_intermediate(root, "east", "shop", ["ca.mesh"], "P-256", NOW, 20, path_length)


@pytest.mark.parametrize(("own", "wanted", "enough"), [(0, 0, True), (0, 1, False), (2, 2, True), (1, 2, False), (2, 0, True)])
def test_a_ca_has_room_or_says_which_certificate_has_none(own: int, wanted: int, enough: bool) -> None:
    short = shortage(x509.inspect(below(own), "east", NOW), wanted)
    assert short.startswith("" if enough else f"the path length {own} of 'CN=east")
    assert bool(short) != enough


def test_each_certificate_above_needs_one_more() -> None:
    ca = x509.inspect(issuer(make("east", NARROW, key(number=3), path_length=1), NARROW), "east", NOW)
    assert len(ca.path) == 3
    assert shortage(ca, 0) == ""
    assert "of 2 or more" in shortage(ca, 1)


def test_a_ca_without_room_is_refused_before_it_signs() -> None:
    assert proved(below(2), "east: the new intermediate", NOW, (), below=2)
    with pytest.raises(Refused, match="east: the new intermediate: the path length 0 of .* up to 1 CAs"):
        proved(below(0), "east: the new intermediate", NOW, (), below=1)
