# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse YAML that an object such as a ConfigMap holds as text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

try:
    import yaml

    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError:
    pass  # the package kubernetes installs it, and without that package nothing is read


@lru_cache(maxsize=64)
def parsed(text: str) -> Any:
    """Return the parsed text; None if it is not valid YAML, because others own it."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError):
        return None
