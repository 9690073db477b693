# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No key, token or gossip key of Consul is in anything that the playbooks write: output at -vvvv with --diff, events, artifacts, arguments, files.

Files that pods write for themselves, such as the bootstrap of an Envoy, are looked at beside the unit tests (test_secret_files.py).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.tests.unit.support import as_awx
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks, outlets

from ..conftest import _surroundings
from .conftest import Estate, Servers, estate
from .runs import BASE, NAMES, WEB
from .world import APP, SPACE, SYSTEM

KINDS = ("root", "gossip", "tokens", "sidecar-tokens")
# Each run may restart sidecars if it has to.
VARIABLES = {"rotate_restart": True, "rotate_timeout": 240, "rotate_lease_duration": 4}
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----\n", re.DOTALL)
_SOON = 0.5  # seconds between two looks of the controllers, which no run tells of its writes here


@dataclass
class Known:
    """All secrets that ever lay in a Secret, with the first place at which they were seen. Some do so only between two steps."""

    made: Estate
    secrets: dict[bytes, str] = field(default_factory=dict)

    def look(self) -> None:
        for name, world in self.made.worlds.items():
            for space in (SPACE, APP, SYSTEM):
                for one in world.cluster.list("v1", "Secret", space):
                    self._note(name, str(one["metadata"]["name"]), one.get("data") or {})

    def _note(self, cluster: str, secret: str, data: Mapping[str, str]) -> None:
        for key, text in data.items():
            value = decoded(text)
            for found in _KEY.findall(value) or ([] if b"BEGIN CERTIFICATE" in value else [value]):
                self.secrets.setdefault(found, f"{key} of {secret} in {cluster}")

    @property
    def by_name(self) -> dict[str, bytes]:
        return {f"{number}: {name}": value for number, (value, name) in enumerate(self.secrets.items()) if value.strip()}


@contextmanager
def remembering(made: Estate) -> Iterator[Known]:
    known, over = Known(made), threading.Event()

    def look() -> None:
        while not over.wait(_SOON):
            try:
                known.look()
            except MeshError:  # a namespace that is not there yet
                continue

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield known
    finally:
        over.set()
        thread.join()
    known.look()


def inventory(made: Estate, folder: Path) -> Path:
    shared = {"mesh_name": BASE["mesh"], "mesh_provider": "consul", "mesh_version": BASE["version"], "mesh_trust_domain": BASE["trust_domain"],
              "mesh_trust_cluster": "east", "mesh_workloads": [WEB]}  # fmt: skip
    hosts: dict[str, dict[str, Any]] = {}
    for name in NAMES:
        wish = made.mesh.wishes[name]
        hosts[name] = {"mesh_kube": dict(made.mesh.kube[name]), "mesh_network": wish["network"], "mesh_values": wish["values"]}
    hosts["west"] |= {"mesh_role": "remote", "mesh_primary": "east", "mesh_primary_address": made.mesh.wishes["west"]["primary_address"]}
    file = folder / "hosts.yml"
    file.write_text(yaml.safe_dump({"all": {"vars": shared, "hosts": hosts}}))
    return file


def test_of_a_site_and_rotations_nothing_secret_is_written_anywhere(servers: Servers, tmp_path: Path) -> None:
    story = [("site", {}), *(("rotate", {"rotate": kind}) for kind in KINDS)]
    with estate(servers) as made, outlets() as out, remembering(made) as known:
        for world in made.worlds.values():
            world.longest = _SOON
        with out.watching() as watch:
            surroundings = {**_surroundings(tmp_path), **out.environ()}
            ran = as_awx.run(story, inventory(made, tmp_path), surroundings, "--diff", verbosity=4, **VARIABLES)
        assert ran.rc == 0, ran.output[-4000:]
        places = {**out.places(ran.output, watch), **ran.places}
        assert made.faults() == []
    own = known.by_name
    held = " ".join(own)
    for name in ("gossip of", "replication of", "management of", "workloads of", "ca.key of", "tls.key of", "token of web-consul", "root-key.pem of"):
        assert name in held, f"nothing was looked for that is {name} a Secret"
    assert leaks({**own, **{f"our token for {name}": way.tokens["admin"].encode() for name, way in servers.ways.items()}}, places) == []
    events = [place for place in places if "/job_events/" in place]
    assert len(events) > len(KINDS)
    assert json.dumps("(hidden").strip('"') in ran.output, "a Secret that changed is in a diff, without its values"
