# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection means the same for a task, for a second cluster of a task, and in the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member

HOST = {"mesh_name": "shop", "mesh_kube": {"context": "west", "patience": 60}, "mesh_cluster_uid": "u-1"}


class Unreadable(Mapping[str, str]):
    """Options whose template lacks a variable."""

    def __getitem__(self, key: str) -> str:
        raise Refused("west: mesh_kube cannot be read.")

    def __iter__(self) -> Iterator[str]:
        raise Refused("west: mesh_kube cannot be read.")

    def __len__(self) -> int:
        raise Refused("west: mesh_kube cannot be read.")


def test_what_a_task_is_told() -> None:
    own = Connection.of("west", HOST)
    assert own.task == {"context": "west", "patience": 60, "cluster": "west", "cluster_uid": "u-1"}
    assert own.entry == {"name": "west", "kube": {"context": "west", "patience": 60}, "cluster_uid": "u-1"}
    assert Connection.of_entry(own.entry) == own
    assert Member.of("west", HOST).connection == own


def test_limits_of_all_come_before_those_of_one() -> None:
    assert Connection.of("west", {**HOST, "mesh_limits": {"patience": 5}}).task["patience"] == 5


def test_without_a_pin_there_is_none() -> None:
    assert Connection.of("west", {"mesh_kube": {}}).task == {"cluster": "west", "cluster_uid": None}


def test_options_that_cannot_be_read_are_the_business_of_those_who_need_them() -> None:
    own = Connection.of("west", {"mesh_kube": Unreadable(), "mesh_limits": {"patience": 5}})
    assert own.cluster == "west"
    with pytest.raises(Refused, match="cannot be read"):
        own.task  # noqa: B018


def test_no_option_is_shown() -> None:
    assert "s3cret" not in repr(Connection("west", {"api_key": "s3cret"}))
