# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kind of datacenter a cluster is follows from the inventory's roles."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import datacenter
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY


def test_a_remote_is_a_secondary_and_whoever_serves_remotes_is_their_primary() -> None:
    assert [datacenter.kind(wish) for wish in (PEER, PRIMARY, SECONDARY)] == [datacenter.PEER, datacenter.PRIMARY, datacenter.SECONDARY]
    assert [datacenter.primary(wish) for wish in (PEER, PRIMARY, SECONDARY)] == ["east", "east", "east"]
    assert [datacenter.federated(wish) for wish in (PEER, PRIMARY, SECONDARY)] == [False, True, True]


def test_a_trust_domain_stays_and_is_that_of_the_primary() -> None:
    made = datacenter.cluster_id(PRIMARY)
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert made == datacenter.cluster_id(replace(PRIMARY, version="1.23.0")) == datacenter.cluster_id(SECONDARY)
    assert made not in (datacenter.cluster_id(replace(PRIMARY, cluster="west")), datacenter.cluster_id(replace(PRIMARY, mesh="other")))


def test_words_do_not_run_together() -> None:
    assert datacenter.uuid("ab", "c") != datacenter.uuid("a", "bc")


@pytest.mark.parametrize(("wish", "says"), [
    pytest.param(replace(SECONDARY, serves_remotes=True), "west: a secondary datacenter cannot be the primary of others", id="a chain"),
    pytest.param(replace(SECONDARY, primary="west"), "west: mesh_primary names the cluster itself", id="its own primary"),
])
def test_what_cannot_be_is_refused(wish, says) -> None:
    with pytest.raises(Refused, match=says):
        datacenter.require_possible(wish)
    datacenter.require_possible(SECONDARY)
