# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the containers of a mesh of Consul write that holds secrets: in memory, for themselves alone, and shown to nobody.

The scripts run in a shell of this machine, with a stand-in for the program consul that gives a bootstrap with its token as the real one does. What
servers and agents keep in their data directories is not looked at: they keep tokens and the gossip key there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import workloads
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, WISHES

TOKEN, KEY = "f3e1d2c4-0000-4000-8000-00000000t0k3", "k3y-0f-the-c4"
CONSUL = f"""#!/bin/sh
case "$*" in *-bootstrap*) echo '{{"initial_metadata": [{{"key": "x-consul-token", "value": "{TOKEN}"}}]}}' ;; esac
"""


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, wish in WISHES.items():
        made = [one for stage in install.stages(wish) for one in stage.manifests if "template" in (one.get("spec") or {})]
        yield from ((f"{name}: {one['metadata']['name']}", one["spec"]["template"]["spec"]) for one in made)
    shop = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [{"name": "shop"}]}}}}  # fmt: skip
    yield "a workload", workloads.joined(PEER, ServiceWish("shop", "shop", 8080, name="shop"), shop)["spec"]["template"]["spec"]


TEMPLATES = dict(templates())
WRITERS = {f"{name}, {one['name']}": (pod, one) for name, pod in TEMPLATES.items() for one in pod["initContainers"]}


def volumes(pod: dict[str, Any], container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the volume at each path of a container."""
    known = {one["name"]: one for one in pod["volumes"]}
    return {mount["mountPath"]: known[mount["name"]] for mount in container["volumeMounts"]}


def ran(container: dict[str, Any], mounted: dict[str, dict[str, Any]], place: Path) -> str:
    """Run the script of a container with its paths below `place`, and return what it shows."""
    for path, volume in mounted.items():
        folder = place / path.strip("/")
        folder.mkdir(parents=True)
        if "emptyDir" not in volume:
            for file in ("ca.crt", "ca.key", "chain.pem", "gateway", "port", "token", "wan"):
                (folder / file).write_text(KEY if file == "ca.key" else TOKEN)
    program = place / "bin" / "consul"
    program.parent.mkdir()
    program.write_text(CONSUL)
    program.chmod(0o755)
    script = container["command"][-1].replace("/consul/", f"{place}/consul/")
    secret = {one["name"]: TOKEN for one in container.get("env", []) if "secretKeyRef" in one.get("valueFrom", {})}
    more = {"PATH": f"{program.parent}:{os.environ['PATH']}", "POD_NAME": "pod-1", "POD_IP": "192.0.2.1", "HOST_IP": "192.0.2.2", "SERVICE": "{}"}
    done = subprocess.run(["sh", "-c", script], env={**secret, **more}, capture_output=True, text=True, check=True, timeout=20, umask=0o022)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_with_a_secret_is_in_memory_and_its_owners_alone(name: str, tmp_path: Path) -> None:
    pod, container = WRITERS[name]
    mounted = volumes(pod, container)
    shown = ran(container, mounted, tmp_path)
    assert (TOKEN in shown, KEY in shown) == (False, False)
    memory = [path for path, volume in mounted.items() if volume.get("emptyDir") == {"medium": "Memory"}]
    written = [file for path in memory for file in (tmp_path / path.strip("/")).iterdir()]
    assert [file for file in written if TOKEN in file.read_text()], "nothing was written, so this shows nothing"
    assert [oct(file.stat().st_mode & 0o077) for file in written] == ["0o0"] * len(written)
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert sorted(writable) == sorted(memory), "it can write nowhere else"


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_container_has_a_secret_in_an_argument(name: str) -> None:
    """Everybody on a node sees the arguments of a process. `$(NAME)` in them is expanded by the kubelet, `$NAME` in a script by its shell."""
    for one in (*TEMPLATES[name]["initContainers"], *TEMPLATES[name]["containers"]):
        secret = [each["name"] for each in one.get("env", []) if "secretKeyRef" in each.get("valueFrom", {})]
        words = [*one.get("command", []), *one.get("args", [])]
        assert not [each for each in secret for word in words if f"$({each})" in word]


@pytest.mark.parametrize("name", TEMPLATES)
def test_secrets_are_mounted_by_those_who_need_them(name: str) -> None:
    """Envoy has its bootstrap, and neither the token's file nor any key."""
    pod = TEMPLATES[name]
    for one in (each for each in pod["containers"] if each["name"].endswith("envoy")):
        assert [volume.get("emptyDir") for volume in volumes(pod, one).values()] == [{"medium": "Memory"}]
