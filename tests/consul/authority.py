# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CAs of datacenters: the one that a datacenter was given, others to give it, and whether a leaf is trusted."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import asked
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter


def given(east: Datacenter) -> Material:
    return trust.read({ref: east.cluster.get(ref) for ref in trust.objects("consul")})


def verified(leaf: dict[str, Any], roots: bytes, folder: Path) -> str:
    """What openssl says of a leaf with the certificates that come along, held against roots."""
    certificates = trust.blocks(leaf["CertPEM"].encode())
    for name, parts in (("leaf", certificates[:1]), ("along", certificates[1:]), ("roots", [roots])):
        (folder / f"{name}.pem").write_bytes(b"".join(parts) or b"\n")
    along = ["-untrusted", str(folder / "along.pem")] if certificates[1:] else []
    command = ["openssl", "verify", "-CAfile", str(folder / "roots.pem"), *along, str(folder / "leaf.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "OK" if done.returncode == 0 else done.stderr


def below_another_root(key_type: str = "P-256") -> Material:
    """A CA as the collection makes it, below a new root whose key is of this type."""
    now = datetime.now(UTC)
    root = issue.new_root("second root", "shop.example", key_type, now, 365)
    return issue.new_intermediate(root, "east", "shop.example", ["connect.consul.shop.example"], "P-256", now, 100, 2)


def order(east: Datacenter, material: Material) -> Answer:
    """Give the servers a CA, as a rotation does."""
    rotation = PROVIDERS["consul"].driven_rotation
    assert rotation
    live = {kind: east.cluster.list(version, kind, "consul") for kind, version in (("Pod", "v1"), ("Secret", "v1"), ("StatefulSet", "apps/v1"))}
    (answer,) = east.cluster.ask_all([asked(rotation.order(live, "consul", material))])
    assert isinstance(answer, Answer), answer
    return answer


def give(east: Datacenter, material: Material) -> None:
    answer = order(east, material)
    assert answer.status == 200, answer.body
