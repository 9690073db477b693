# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of Consul in a cluster: a server that is ready, and the tokens that were chosen before it ran."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.links.peer_secret import OFFERED
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER, TOKENS, selector
from ansible_collections.meshops.lifecycle.tests.unit.support.worlds import Object, World

MANAGEMENT = "t0ken-of-management"


def server(number: int = 0, ready: bool = True) -> Object:
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}], "hostIP": f"192.0.2.{number + 1}"}
    return {"metadata": {"name": f"{SERVER}-{number}", "namespace": "mesh", "labels": selector("server")}, "status": status}


def tokens(**values: str) -> Object:
    known = {"management": MANAGEMENT, "agent": "t0ken-of-agents", "gateway": "t0ken-of-gateways", **values}
    return {"metadata": {"name": TOKENS, "namespace": "mesh"}, "data": {name: encoded(value.encode()) for name, value in known.items()}}


def gives_token(live: Object, token: str) -> None:
    """Play the run that has a server make a token for a peering, and keeps it."""
    if live["kind"] == "Secret" and OFFERED in (live["metadata"].get("labels") or {}):
        live["data"] = {"token": encoded(token.encode())}


WORLD = World(fills=gives_token, product={"Pod": [server()], "Secret": [tokens()]}, token=MANAGEMENT)
