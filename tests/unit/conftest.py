# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit tests import the collection by its full name, from the collections path that `make setup` lays out."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def pytest_configure() -> None:
    try:
        found = find_spec("ansible_collections.meshops.lifecycle")
    except ModuleNotFoundError:
        found = None
    places = {Path(place).resolve() for place in (found.submodule_search_locations or [])} if found else set()
    if CHECKOUT not in places:
        pytest.exit("This checkout is not importable as ansible_collections.meshops.lifecycle; run `make unit`, or "
                    "`python3 mk/environment.py exec tools pytest …`.", returncode=4)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the collection."""
    return CHECKOUT
