# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of Cluster, on a real API server."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import Contract


class TestOnARealServer(Contract):
    @pytest.fixture
    def cluster(self, admin):
        return connect(admin, environ={})

    @pytest.fixture
    def checking(self, admin):
        return connect(admin, dry_run=True, environ={})
