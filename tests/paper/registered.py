# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For tests: add the mesh of paper to the providers of a run. The collection itself does not know this mesh."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

VARIABLE = "MESHOPS_PAPER_MESH"
_HERE = Path(__file__).resolve().parent
# Its sitecustomize.py calls `paper` in each process of the run.
_HOOKS = _HERE.parent / "killpoint"
_PAPER = _HERE.parent / "unit" / "support" / "paper"


def with_paper(path: str = os.environ.get("PYTHONPATH", "")) -> dict[str, str]:
    """The environment of a run in which `mesh_provider: paper` works. `path` is where the run finds its modules."""
    return {VARIABLE: "1", "PYTHONPATH": os.pathsep.join(filter(None, (str(_HOOKS), str(_HERE), path)))}


def paper() -> Any:
    """The provider, imported under a name of its own, because the process of a module has no tests beside the collection."""
    name = "meshops_paper_mesh"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _PAPER / "__init__.py", submodule_search_locations=[str(_PAPER)])
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return importlib.import_module(f"{name}.mesh").PAPER
