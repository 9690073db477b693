# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_version import misfit, server_side


@pytest.mark.parametrize(("version", "told"), [("v3.22.0", ""), ("3.8.0", ""), ("v4.0.0", "false"), ("v4.3.1", "false"), ("v10.1.0", "false"), ("", "")])
def test_helm_4_is_told_to_do_as_helm_3_does(version: str, told: str) -> None:
    assert server_side(version) == told


@pytest.mark.parametrize(("helm", "collection", "fits"), [
    ("v3.22.0", "6.4.0", True), ("v4.3.1", "6.5.0", True), ("v4.3.1", "6.10.1", True), ("v4.3.1", "7.0.0", True), ("v4.3.1", "", True), ("", "6.4.0", True),
    ("v4.3.1", "6.4.0", False), ("v4.0.0", "6.4.9", False),
])
def test_helm_4_needs_a_module_that_can_tell_it_so(helm: str, collection: str, fits: bool) -> None:
    assert (misfit(helm, collection) == "") is fits
    assert fits or misfit(helm, collection) == (
        f"kubernetes.core {collection} cannot tell Helm {helm} how to apply; install kubernetes.core 6.5 or later, or use Helm 3"
    )
