# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two API servers, the stand-in of the Sail operator as a program beside each, and playbooks of a mesh of OpenShift Service Mesh 3 on both."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.lab.operators.played import playing
from ansible_collections.meshops.lifecycle.tests.ossm3.alone.world import LIMITS, World, worlds
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran, ran
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "tests" / "lab"))

from meshlab import apionly

ORIGINALS = Path(os.environ.get("MESHOPS_CRDS") or CHECKOUT.parent / "shared" / "crds") / "sail"
SAIL = "sailoperator.io/v1"
VERSIONS = ("v1.31.0-beta.1", "v1.30.3")
MESH = {"mesh_name": "shop", "mesh_provider": "ossm3", "mesh_version": "1.30.3", "mesh_trust_domain": "shop.example", "mesh_trust_cluster": "east",
        "mesh_limits": LIMITS}  # fmt: skip
# One cluster as OpenShift, where the network plugin goes with the mesh, and one that names no platform.
HOSTS: dict[str, dict[str, Any]] = {"east": {}, "west": {"mesh_platform": "openshift"}}
# Of Istio's kinds those that an install writes.
ISTIO = (("Gateway", "gateways"), ("VirtualService", "virtualservices"))
_PATIENCE = 600.0
# A playbook on two clusters, on a machine that does other things too.
_LONGEST = 1800.0


@dataclass
class Meshes:
    """Both clusters, and playbooks on them."""

    home: Path
    worlds: Mapping[str, World]
    kubes: Mapping[str, Mapping[str, str]]

    def play(self, playbook: str, *words: str, environ: Mapping[str, str] | None = None, **options: Any) -> Ran:
        file = self.home / "inventory.yml"
        hosts = {name: {**more, "mesh_network": name, "mesh_api_server": f"https://{name}.example:6443", "mesh_kube": dict(self.kubes[name])}
                 for name, more in HOSTS.items()}  # fmt: skip
        file.write_text(yaml.safe_dump({"all": {"vars": MESH, "hosts": hosts}}))
        return ran(playbook, "-i", str(file), *words, "-e", json.dumps(options), home=self.home, patience=_LONGEST, **(environ or {}))

    def get(self, cluster: str, kind: str, name: str, api: str = SAIL) -> dict[str, Any]:
        return self.worlds[cluster].cluster.get(Ref(api, kind, name)) or {}

    def standing(self, cluster: str) -> dict[str, Any]:
        """The specs of the operator's objects, by kind and name."""
        of = self.worlds[cluster].cluster
        kinds = ("Istio", "IstioRevision", "IstioRevisionTag", "IstioCNI")
        return {f"{kind} {one['metadata']['name']}": one["spec"] for kind in kinds for one in of.list(SAIL, kind)}


def _definition(kind: str, plural: str) -> dict[str, Any]:
    """A CRD of ours, which takes every field."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    served = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    spec = {"group": "networking.istio.io", "scope": "Namespaced", "names": names, "versions": served}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.networking.istio.io"}, "spec": spec}


def until(seen: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + _PATIENCE
    while not (found := seen()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="session")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meshes]:
    home = tmp_path_factory.mktemp("ossm3")
    with ExitStack() as stack:
        servers = {name: stack.enter_context(apionly.running(name)) for name in HOSTS}
        programs = {name: stack.enter_context(playing(server.kubeconfig, home / f"{name}.log", "sail", "rollouts", "--versions", *VERSIONS, crds=ORIGINALS))
                    for name, server in servers.items()}  # fmt: skip
        found = stack.enter_context(worlds(servers))
        for name, world in found.items():
            world.cluster.apply([_definition(*one) for one in ISTIO])
            until(lambda name=name, of=world.cluster: programs[name].poll() is not None or of.get(Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition",
                  "ztunnels.sailoperator.io")), f"{name}: the kinds of the operator")  # fmt: skip
            assert programs[name].poll() is None, (home / f"{name}.log").read_text()
        yield Meshes(home, found, {name: {"kubeconfig": str(server.kubeconfig), "context": server.context} for name, server in servers.items()})
