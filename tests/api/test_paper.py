# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same playbooks as for Istio, with the mesh of paper, on two API servers. No role, module or playbook names this mesh."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.modules import links
from ansible_collections.meshops.lifecycle.tests.api.rotation.play import task
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed
from ansible_collections.meshops.lifecycle.tests.paper.registered import with_paper
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import install
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from meshlab import apionly

from .paper_site import site
from .paper_world import SPACE, TOKEN, World, worlds

# In both clusters: a CA in two objects, an operator and its CRD, its mesh, an account and a token for the other one, and three objects of the link to it.
LEAST = 2 * (2 + 2 + 1 + 2 + 3)

HELM = '#!/bin/sh\n[ "$1" = version ] && echo v3.19.0 && exit\necho "helm $*" >&2; exit 1\n'


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    with apionly.running("east") as east, apionly.running("west") as west:
        yield {"east": east, "west": west}


def kubes(servers: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {name: {"kubeconfig": str(server.kubeconfig), "context": server.context} for name, server in servers.items()}


def inventory(folder: Path, servers: dict[str, Any]) -> Path:
    """Write an inventory of these clusters and a stand-in for Helm."""
    (folder / "helm").write_text(HELM)
    (folder / "helm").chmod(0o755)
    hosts = {name: {"mesh_network": name, "mesh_api_server": f"https://{name}.example:6443", "mesh_kube": kube} for name, kube in kubes(servers).items()}
    shared = {"mesh_name": "shop", "mesh_provider": "paper", "mesh_trust_cluster": "east", "mesh_version": "1.0.0"}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"vars": shared, "hosts": hosts}}))
    return folder


@pytest.fixture(scope="module")
def estate(servers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, World]]]:
    """The folder of the inventory, and the controllers that run beside the API servers."""
    folder = tmp_path_factory.mktemp("paper")
    inventory(folder, servers)
    with worlds(servers) as found:
        yield folder, found


def run(playbook: str, folder: Path, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
    words = [str(Path(sys.executable).with_name("ansible-playbook")), f"meshops.lifecycle.{playbook}", "-i", str(folder / "inventory.yml"), *more]
    environment = {**kept, "ANSIBLE_NOCOLOR": "1", "PATH": f"{folder}:{os.environ['PATH']}", **with_paper(), **environ}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[int, int]]:
    """By cluster: how many tasks changed something, and how many failed."""
    found = re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+).*?failed=(\d+)", done.stdout, re.MULTILINE)
    return {name: (int(changed), int(failed)) for name, changed, failed in found}


@dataclass(frozen=True)
class Held:
    """The mesh in one cluster: objects of both stages, the root of its product, the roots that workloads trust, and the link to the other cluster."""

    stages: list[str]
    root: str
    trusts: list[str]
    link: dict[str, str]

    @classmethod
    def of(cls, world: World, other: str) -> Held:
        refs = [Ref("apps/v1", "Deployment", install.OPERATOR, SPACE), Ref(install.VERSION, install.KIND, install.MESH, SPACE)]
        ca = world.product.held()
        seen = x509.inspect(ca, world.name, datetime.now(UTC))
        secret, account, known = (world.cluster.get(Ref("v1", kind, f"paper-link-{other}", SPACE)) or {} for kind in ("Secret", "ServiceAccount", "ConfigMap"))
        link = {**(known.get("data") or {}), "token": decoded((secret.get("data") or {}).get("token")).decode()} if account else {}
        root = seen.root.fingerprint if seen.root else ""
        return cls([ref.kind for ref in refs if world.cluster.get(ref)], root, [one.fingerprint for one in x509.bundle(ca.roots)], link)


def state(found: dict[str, World]) -> dict[str, Held]:
    return {name: Held.of(world, next(other for other in found if other != name)) for name, world in found.items()}


def succeeded(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    return done


def test_without_the_hook_of_the_tests_nobody_knows_it() -> None:
    """Start Python as Ansible does for a module, without and with the variable of the hook."""
    asked = [sys.executable, "-c", "from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS; print(*PROVIDERS)"]
    path = os.pathsep.join(sys.path)
    without, known = ({**os.environ, "PYTHONPATH": path}, {**os.environ, **with_paper(path)})
    said = [subprocess.run(asked, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout.split() for environ in (without, known)]
    assert said == [list(PROVIDERS), [*PROVIDERS, "paper"]]


def test_one_story_from_nothing_to_nothing(estate: tuple[Path, dict[str, World]]) -> None:
    """site, site again, status, both rotations, status, teardown. No run shows a token or a key."""
    folder, found = estate
    said = [succeeded(run("site", folder, "-vvv"))]
    first = state(found)
    assert all(world.order == ["operator", "mesh"] for world in found.values()), "the mesh was looked at before its operator ran"
    assert {name: (world.product.name, world.product.named) for name, world in found.items()} == {"east": ("east", 1), "west": ("west", 1)}
    for name, other in (("east", "west"), ("west", "east")):
        held = first[name]
        assert (held.stages, held.trusts) == (["Deployment", install.KIND], [held.root])
        assert held.link == {"source": other, "address": found[other].address, "identity": f"gateway.{SPACE}.{other}.paper",
                             "token": f"token of paper-for-{name}-token for {other}"}  # fmt: skip

    said.append(succeeded(run("site", folder, "-vvv")))
    assert recap(said[-1]) == {"east": (0, 0), "west": (0, 0)}, said[-1].stdout
    assert state(found) == first
    assert [world.product.named for world in found.values()] == [1, 1]
    assert re.search(r"east\s+-\s+[√‼] ok", succeeded(run("status", folder)).stdout)

    keys = [world.product.held().key for world in found.values()]
    said.append(succeeded(run("rotate", folder, "-vvv", "-e", json.dumps({"rotate": "root", "rotate_min_age": 0, "rotate_timeout": 30}))))
    rotated = state(found)
    (root,) = {held.root for held in rotated.values()}
    assert root not in {held.root for held in first.values()}
    assert rotated == {name: dataclasses.replace(held, root=root, trusts=[root]) for name, held in first.items()}
    assert [(world.product.ordered, world.product.refused) for world in found.values()] == [(1, 0), (1, 0)]
    assert re.search(r"east\s+-\s+[√‼] ok", succeeded(run("status", folder)).stdout)

    former = {name: world.product.seal() for name, world in found.items()}
    said.append(succeeded(run("rotate", folder, "-vvv", "-e", "rotate=seal")))
    sealed = {name: world.product.seal() for name, world in found.items()}
    assert {name: world.product.seals for name, world in found.items()} == {name: [seal] for name, seal in sealed.items()}
    assert not set(sealed.values()) & set(former.values())
    said.append(succeeded(run("rotate", folder, "-e", "rotate=seal")))
    assert recap(said[-1]) == {"east": (0, 0), "west": (0, 0)}, said[-1].stdout
    assert "Nothing is to be done" in said[-1].stdout
    unknown = "The provider paper has no rotation of the kind tokens. It has root, intermediate, links, seal."
    assert unknown in run("rotate", folder, "-e", "rotate=tokens").stdout

    said.append(succeeded(run("teardown", folder, "-e", "teardown_confirm=shop", "-e", "teardown_config=true")))
    for world in found.values():
        assert (Held.of(world, "nobody").stages, world.product.name) == ([], "")
        assert world.cluster.get(Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", install.CRD)) is None
        assert world.cluster.get(Ref("v1", "Namespace", SPACE))
    assert said[-1].stdout.count(f"the namespace {SPACE} stays, with the seal of the product.") == 2
    rootless = run("teardown", folder, "-e", "teardown_confirm=shop", "-e", "teardown_root=true").stdout
    assert "and their CA is below this root. Nothing was removed." in re.sub(r"\s+", " ", rootless)
    said.append(succeeded(run("teardown", folder, "-e", "teardown_confirm=shop", "-e", "teardown_data=true")))
    for world in found.values():
        assert world.cluster.get(Ref("v1", "Namespace", SPACE)) is None
    secret = [TOKEN, "token of paper-for", *former.values(), *sealed.values(), *(key.decode().split("\n")[1] for key in keys)]
    assert not [one for one in secret for done in said if one in done.stdout + done.stderr]


def test_killed_again_and_again_the_site_is_made_in_the_end(
    servers: dict[str, Any], estate: tuple[Path, dict[str, World]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run is killed after its second write and goes on where the one before it was killed, until one has nothing left to write.

    A cluster has an odd number of writes in its stages and in its links. So each of these that no run ends with in one cluster a run ends with in the other.
    """
    found = estate[1]
    for world in found.values():
        world.clear()
    kube = kubes(servers)
    words, killed = [sys.executable, str(Path(__file__).with_name("paper_site.py")), json.dumps(kube)], 0
    while True:
        place = tmp_path / str(killed)
        place.mkdir()
        environ = {**os.environ, **armed(f"{place}:after:2", os.pathsep.join(sys.path))}
        done = subprocess.run(words, env={**environ, **with_paper(environ["PYTHONPATH"])}, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != -signal.SIGKILL:
            break
        killed += 1
    assert done.returncode == 0, done.stdout + done.stderr
    assert killed >= LEAST // 2
    for name, held in state(found).items():
        other = next(one for one in found if one != name)
        assert (held.stages, held.trusts) == (["Deployment", install.KIND], [held.root])
        assert found[name].product.name == name
        assert (held.link["source"], held.link["address"]) == (other, found[other].address)
        assert held.link["token"] == f"token of paper-for-{name}-token for {other}"
    assert len({held.root for held in state(found).values()}) == 1
    monkeypatch.setitem(PROVIDERS, "paper", PAPER)
    assert not site(kube), "the run that was not killed changed nothing, and neither does the next"


@pytest.fixture
def standing(servers: dict[str, Any], estate: tuple[Path, dict[str, World]], monkeypatch: pytest.MonkeyPatch) -> dict[str, World]:
    """The mesh as `site` leaves it."""
    monkeypatch.setitem(PROVIDERS, "paper", PAPER)
    site(kubes(servers))
    return estate[1]


LINKS = ("ConfigMap", "Secret", "ServiceAccount")


def linked_with(server: Any, name: str, *others: tuple[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    """Run the module links as the role federate does."""
    peers = [{"name": other, "kube": {"kubeconfig": str(theirs.kubeconfig), "context": theirs.context}, "server": f"https://{other}.example:6443"}
             for other, theirs in others]  # fmt: skip
    own = {"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": name}
    return task(links, {**own, "provider": "paper", "namespace": SPACE, "links": peers, **more}, check=check)


def test_a_member_that_leaves_is_unlinked_on_both_sides(servers: dict[str, Any], standing: dict[str, World], tmp_path: Path) -> None:
    """`site` without the member unlinks it in those that stay, and the task with which it leaves does so there: the links, and the accounts that others had.

    Nothing else is touched, not even what looks like a link and is somebody else's.
    """
    theirs = {"name": "paper-link-north", "namespace": SPACE, "labels": {"paper/link": "north"}}
    for world in standing.values():
        world.cluster.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": theirs}])
    before = {name: world.there() for name, world in standing.items()}
    planned = linked_with(servers["west"], "west", check=True)
    assert (planned["changed"], standing["west"].there()) == (True, before["west"])

    succeeded(run("site", inventory(tmp_path, {"east": servers["east"]})))
    left = linked_with(servers["west"], "west")
    assert [change["object"] for change in left["changes"]] == [change["object"] for change in planned["changes"]]
    for name, other in (("east", "west"), ("west", "east")):
        gone = {f"{kind} paper-link-{other}" for kind in LINKS} | {f"ServiceAccount paper-for-{other}", f"Secret paper-for-{other}-token"}
        assert gone <= before[name].keys()
        assert standing[name].there() == {key: version for key, version in before[name].items() if key not in gone}
    assert linked_with(servers["west"], "west")["changed"] is False
    for world in standing.values():
        world.cluster.delete([Ref("v1", "ConfigMap", theirs["name"], SPACE)], wait=0)


def test_a_source_without_an_address_is_named_and_nothing_is_linked_by_halves(servers: dict[str, Any], standing: dict[str, World]) -> None:
    east, west = standing["east"], standing["west"]
    assert not linked_with(servers["east"], "east").get("failed")
    west.cluster.delete([Ref("v1", kind, name, SPACE) for kind, name in (("ServiceAccount", "paper-for-east"), ("Secret", "paper-for-east-token"))], wait=0)
    west.take_address()
    before = east.there(), west.there()
    begun = time.monotonic()
    late = linked_with(servers["east"], "east", ("west", servers["west"]), token_timeout=3)
    assert 3 <= time.monotonic() - begun < 10
    assert late["msg"] == f"west: the Service {SPACE}/paper-gateway got no address within 3 s. Look after the paper mesh there."
    offered = ["ServiceAccount paper-for-east", "Secret paper-for-east-token"]
    assert [(change["object"], change["action"]) for change in late["changes"]] == [(one.replace(" ", f" {SPACE}/"), "created") for one in offered]
    assert (late["failed"], east.there()) == (True, before[0])
    assert west.there().keys() - before[1].keys() == set(offered)
    assert before[1].items() <= west.there().items()

    west.gives_address = True
    resumed = linked_with(servers["east"], "east", ("west", servers["west"]))
    assert [(change["object"], change["action"]) for change in resumed["changes"]] == [
        (f"{kind} {SPACE}/paper-link-west", "created") for kind in ("Secret", "ServiceAccount", "ConfigMap")
    ]
