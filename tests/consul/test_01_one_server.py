# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of Consul that runs with our configuration: what it says of itself, what it accepts, and what the stand-in for it in other tests says instead."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import datacenter as kinds
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})


@pytest.fixture(scope="module")
def east(make: Make) -> Datacenter:
    return make(WISH)


def test_the_trust_domain_is_the_one_that_was_chosen(east: Datacenter) -> None:
    assert east.get("/v1/connect/ca/roots")["TrustDomain"] == f"{kinds.cluster_id(WISH)}.consul"


def test_what_is_due_is_ordered_once(east: Datacenter) -> None:
    assert east.complete("servers") == []
    assert east.complete("servers") == []
