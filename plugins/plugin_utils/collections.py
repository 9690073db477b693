# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the version of another collection that Ansible would load."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from ansible import constants


@cache
def version_of(collection: str) -> str:
    """Return the version; empty if the collection is not installed, or is a checkout without a manifest."""
    places = (Path(base) / "ansible_collections" / collection.replace(".", "/") for base in constants.COLLECTIONS_PATHS)
    folder = next((place for place in places if place.is_dir()), None)
    try:
        manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8")) if folder else {}
    except (OSError, ValueError):
        return ""
    return str((manifest.get("collection_info") or {}).get("version") or "")
