# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Istio's own CRDs, from the chart that the lab has in its cache."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_LAB = Path(__file__).resolve().parents[1] / "lab"


@cache
def charts() -> Path:
    place = subprocess.run([sys.executable, "-m", "meshlab", "path", "charts"], cwd=_LAB, capture_output=True, text=True, check=True).stdout.strip()
    assert place, "the lab's charts are not built yet: make lab-build"
    return Path(place)


@cache
def istio_crds() -> dict[str, dict[str, Any]]:
    """The CRDs by name."""
    text = (charts() / "base" / "files" / "crd-all.gen.yaml").read_text(encoding="utf-8")
    return {crd["metadata"]["name"]: crd for crd in yaml.safe_load_all(text) if crd}
