# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

from ansible_collections.meshops.lifecycle.plugins.plugin_utils.collections import version_of


def test_a_collection_that_was_installed_says_its_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", version_of("kubernetes.core"))


def test_of_a_checkout_and_of_none_nothing_is_known() -> None:
    assert (version_of("meshops.lifecycle"), version_of("nobody.nothing")) == ("", "")
