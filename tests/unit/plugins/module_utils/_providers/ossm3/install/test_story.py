# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An install by the operator from beginning to end, on the API server in memory. tests/api has it on a real one."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.sail_operator import definitions
from ansible_collections.meshops.lifecycle.tests.unit.support.sail_stories import SailStories

_ISTIO = [Kind("networking.istio.io/v1", kind, plural, True) for kind, plural in (("Gateway", "gateways"), ("VirtualService", "virtualservices"))]
_OWN = [Kind("sailoperator.io/v1", one["spec"]["names"]["kind"], one["spec"]["names"]["plural"], False) for one in definitions()]


class TestInMemory(SailStories):
    @pytest.fixture
    def admin(self) -> Cluster:
        return FakeCluster(*definitions(), namespace("istio-system"), kinds=[*_ISTIO, *_OWN], react=lambda _live: None)
