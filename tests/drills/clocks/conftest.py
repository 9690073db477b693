# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that wait for a clock take minutes, so they are drills and not part of the gate."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


@pytest.fixture(scope="session")
def estate() -> Estate:
    """East and west, running."""
    return Estate()
