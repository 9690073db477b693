# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action and the module of the same name do the same work and take the same options."""

from __future__ import annotations

from importlib import import_module

import pytest
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.in_process import InProcess
from ansible_collections.meshops.lifecycle.tests.unit.support.source import sources

PLUGINS = "ansible_collections.meshops.lifecycle.plugins"
NAMES = sorted(source.path.stem for source in sources("action") if source.text)


@pytest.mark.parametrize("name", NAMES)
def test_it_does_what_its_module_does(name: str) -> None:
    action, module = import_module(f"{PLUGINS}.action.{name}"), import_module(f"{PLUGINS}.modules.{name}")
    assert action.ActionModule.work.reconcile is module.reconcile
    assert action.ActionModule.work.TASK is module.TASK


@pytest.mark.parametrize("name", [name for name in NAMES if name != "helm_release"])
def test_all_but_helm_have_one_base(name: str) -> None:
    """helm_release runs a module of another collection, so no file of _work belongs to it."""
    action = import_module(f"{PLUGINS}.action.{name}").ActionModule
    assert action.__bases__ == (InProcess,)
    assert [own for own in vars(action) if not own.startswith("_")] == ["work"]


def test_no_module_is_left_to_a_process_of_its_own() -> None:
    """Such a process took a tenth of the time of `site`."""
    assert sorted(source.path.stem for source in sources("modules") if source.text) == NAMES


def test_there_are_some() -> None:
    assert {"mesh_config", "ca", "mesh_info", "releases", "links", "lease"} <= set(NAMES)
