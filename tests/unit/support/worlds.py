# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh has in its clusters beside the objects that it writes. The tests of the contract need this, and each mesh's own tests define it.

A mesh whose clusters hold more than pods and account tokens has a file world.py with a WORLD beside its unit tests.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import encoded

Object = dict[str, Any]
_TESTS = Path(__file__).resolve().parents[1] / "plugins" / "module_utils" / "_providers"
_PACKAGE = "ansible_collections.meshops.lifecycle.tests.unit"
TOKEN = "s3cret-token"


def account_token(live: Object, token: str) -> None:
    """Fill in the token that a Secret asks for, as a controller of the source does."""
    if live["kind"] == "Secret" and not live.get("data"):
        live["data"] = {"token": encoded(token.encode()), "ca.crt": "Y2E="}


@dataclass(frozen=True)
class World:
    """`source` and `consumer` are the objects, namespaces and kinds that the two sides of a link have before they are linked.

    `fills` plays the controller of the source: it is called with each stored object and with the token that it has to give out.
    `product` is what runs of a product that drives its rotation: objects by kind, as a Look lists them. `token` is what it asks for.
    """

    source: Sequence[Object] = ()
    consumer: Sequence[Object] = ()
    fills: Callable[[Object, str], None] = account_token
    product: Mapping[str, list[Object]] = field(default_factory=dict)
    token: str = ""


def world(mesh: str) -> World:
    place = f"{_PACKAGE}.support.{mesh}" if mesh == "paper" else f"{_PACKAGE}.plugins.module_utils._providers.{mesh}"
    if mesh != "paper" and not (_TESTS / mesh / "world.py").exists():
        return World()
    found: World = importlib.import_module(f"{place}.world").WORLD
    return found
