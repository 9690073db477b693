# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python imports this by itself where its folder is on PYTHONPATH: in Ansible, its workers, and the modules that it starts.

As soon as a module of the collection is imported there that a test wants to be otherwise, it is made so: connections count their writes, and the
mesh of paper (tests/paper) is one of the providers, and modules answer from a file (tests/stubs). Python takes one file of this name only, so all stand
here, and a run may have several.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from typing import Any

_MODULES = "ansible_collections.meshops.lifecycle.plugins.module_utils."
_ACTIONS = "ansible_collections.meshops.lifecycle.plugins.plugin_utils.in_process"


def _count(connect: Any) -> None:
    from killpoint import Counted

    connect.Transport = Counted


def _register(providers: Any) -> None:
    from registered import paper

    providers.PROVIDERS["paper"] = paper()


def _answer(in_process: Any) -> None:
    from cutover_stub import arm

    arm(in_process)


# By the variable that asks for it: the module, and what is done to it once it is imported.
HOOKS = {
    "MESHOPS_KILL_POINT": (f"{_MODULES}_kube.connect", _count),
    "MESHOPS_PAPER_MESH": (f"{_MODULES}_providers", _register),
    "MESHOPS_CUTOVER_STUB": (_ACTIONS, _answer),
}


class _Finder(MetaPathFinder):
    """Finds a module by all other finders, and calls `arm` at the end of its import."""

    def __init__(self, name: str, arm: Callable[[Any], None]) -> None:
        self._name, self._arm = name, arm

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != self._name:
            return None
        specs = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, specs), None)
        if spec is not None:
            spec.loader = _Armed(spec.loader, self._arm)
        return spec


class _Armed:
    def __init__(self, loader: Any, arm: Callable[[Any], None]) -> None:
        self._loader, self._arm = loader, arm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._loader.exec_module(module)
        self._arm(module)


class _Finders(list[Any]):
    """Keeps our finder first, also when Ansible adds its own finder for collections."""

    def insert(self, place: Any, finder: Any) -> None:
        super().insert(max(int(place), len(_OURS)), finder)


_OURS = [_Finder(*hook) for variable, hook in HOOKS.items() if os.environ.get(variable)]
if _OURS:
    sys.meta_path = _Finders([*_OURS, *sys.meta_path])
