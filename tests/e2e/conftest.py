# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's two clusters. The files of this directory are one story, told in the order of their names."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


@pytest.fixture(scope="session")
def estate() -> Estate:
    """East and west, running: `make lab` brings them up, and `make test-lab` calls it."""
    return Estate()
