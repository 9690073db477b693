# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML that stands as a text in an object, as a ConfigMap has it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

try:
    import yaml

    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    pass  # kubernetes, without which nothing is read, brings it


@lru_cache(maxsize=64)
def parsed(text: str) -> Any:
    """None for what cannot be read: it is not ours to judge."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError):
        return None
