# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python imports this by itself where its folder is on PYTHONPATH: in Ansible, its workers, and the modules that it starts.

As soon as the collection's providers are imported there, the mesh of paper is one of them.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from typing import Any

PROVIDERS = "ansible_collections.meshops.lifecycle.plugins.module_utils._providers"


class _Finder(MetaPathFinder):
    """Finds by all other finders, and has what was found end by adding the mesh."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != PROVIDERS:
            return None
        specs = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, specs), None)
        if spec is not None:
            spec.loader = _Registering(spec.loader)
        return spec


class _Registering:
    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._loader.exec_module(module)
        from registered import paper

        module.PROVIDERS["paper"] = paper()


class _Finders(list[Any]):
    """Ours stays the first, also when Ansible puts its own for collections there."""

    def insert(self, place: Any, finder: Any) -> None:
        super().insert(max(int(place), 1), finder)


if os.environ.get("MESHOPS_PAPER_MESH"):
    sys.meta_path = _Finders([_Finder(), *sys.meta_path])
