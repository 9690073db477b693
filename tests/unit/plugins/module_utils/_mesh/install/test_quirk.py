# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of a control plane a quirk is about."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.quirk import Quirk

QUIRK = Quirk((1, 27), (1, 30), "it forgets", "mesh#1")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.26.9", False), ("1.27.0", True), ("v1.29.4-distroless", True), ("1.30.0", False), ("1.100.0", False), ("2.28.0", False), ("latest", False)],
)
def test_it_holds_from_a_version_until_another(version: str, expected: bool) -> None:
    assert QUIRK.applies(version) is expected


def test_it_may_hold_from_the_first_version() -> None:
    assert Quirk((), (1, 18), "it forgets", "mesh#1").applies("1.0.0")


def test_it_says_where_it_is_known_from() -> None:
    assert str(QUIRK) == "until 1.30: it forgets (mesh#1)"
