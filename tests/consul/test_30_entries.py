# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration entries in a real Consul: it takes each field, a second run finds nothing to do, and it accepts the order of writes and removals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import api
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import asked
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.full import FULL, PROVIDER
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import (
    DEFAULTS,
    RESOLVER,
    SPLITTER,
    WHOLE,
    WORLDS,
)

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})


@pytest.fixture(scope="module")
def running(make: Make) -> Datacenter:
    made = make(WISH)
    made.complete("servers")
    return made


@pytest.fixture
def east(running: Datacenter) -> Datacenter:
    """The datacenter without entries of a set."""
    declare(running)
    return running


def declare(east: Datacenter, *declared: dict[str, Any], **more: Any) -> list[str]:
    """Declare a set, complete it, and return what was ordered."""
    east.wish = replace(WISH, values={**WISH.values, "entries": {"declared": list(declared), **more}})
    return east.complete("declared")


def write(east: Datacenter, entry: dict[str, Any]) -> int:
    """Play somebody who writes an entry."""
    pod = east.find("Pod", "consul-server-0")
    secrets = {"Secret": [east.find("Secret", "consul-tokens")]}
    (answer,) = east.cluster.ask_all([asked(api.put("order", pod, "/v1/config", api.token(secrets, secondary=False), entry))])
    assert not isinstance(answer, MeshError), answer
    assert answer.status == 200, answer.body
    return answer.status


def test_each_field_is_taken_and_read_back_as_it_was_written(east: Datacenter) -> None:
    write(east, PROVIDER)
    assert len(declare(east, *FULL)) == len(FULL)
    assert declare(east, *FULL) == []
    assert len(declare(east)) == len(FULL)
    assert declare(east) == []


@pytest.mark.parametrize("world", WORLDS)
def test_consul_accepts_each_step_from_one_set_to_another(east: Datacenter, world: str) -> None:
    before, after = WORLDS[world]
    declare(east, *before)
    assert declare(east, *after)
    assert declare(east, *after) == []


def test_an_entry_of_somebody_else_is_refused_and_stays(east: Datacenter) -> None:
    write(east, {"Kind": "service-defaults", "Name": "web", "Protocol": "grpc"})
    with pytest.raises(Refused, match="service-defaults/web is there already, written by somebody else, and differs in protocol"):
        declare(east, *WHOLE)
    assert east.get("/v1/config/service-defaults/web")["Protocol"] == "grpc"
    assert declare(east, *WHOLE, adopt=["service-defaults/web"])


def test_the_edition_says_what_it_does_not_have(east: Datacenter) -> None:
    split = {**SPLITTER, "splits": [{"weight": 100, "namespace": "blue"}]}
    with pytest.raises(Refused, match="only Consul Enterprise knows"):
        declare(east, DEFAULTS, RESOLVER, split)
