# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh of two API servers, each with a stand-in for istiod, and whole runs of the rotation's playbook on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.rules import RULES
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed

from ..conftest import Way, _surroundings
from .play import Play
from .stand_in import BUNDLE, CACERTS, StandIn

NAMES = ("east", "west")
ROOT, NEXT = (Ref("v1", "Secret", name, "meshops-system") for name in ("meshops-root-ca", "meshops-root-ca-next"))
PREVIOUS = Ref("v1", "Secret", "cacerts-previous", "istio-system")
LEASE = ref("shop", "meshops-system")
LIMITS = {"request_timeout": 5, "patience": 6}
_RECAP = re.compile(r"^(\w+)\s*: ok=\d+\s+changed=(\d+)\s+unreachable=\d+\s+failed=(\d+)", re.MULTILINE)


@lru_cache
def root(number: int = 0, age: timedelta = timedelta(hours=3)) -> Material:
    """A root that is old enough to be rotated. `number` makes several different ones."""
    return issue.new_root(f"shop root {number}" if number else "shop root", "shop.example", "P-256", datetime.now(UTC) - age, 365)


@lru_cache
def intermediate(cluster: str, of: Material, age: timedelta = timedelta(hours=2)) -> Material:
    names = trust.needs("istio-system", "shop.example").sans
    return issue.new_intermediate(of, f"Intermediate CA {cluster}", "shop.example", names, "P-256", datetime.now(UTC) - age, 300)


def given(material: Material) -> dict[str, Any]:
    """The root as a value of mesh_root."""
    return {"source": "inline", "certificate": material.certificate.decode(), "private_key": material.key.decode()}


def fingerprints(pem: bytes) -> list[str]:
    return ["mark" if RULES.is_mark(one) else one.fingerprint for one in x509.bundle(pem)]


@dataclass(frozen=True)
class Run:
    rc: int
    output: str
    recap: Mapping[str, tuple[int, int]]
    seconds: float

    @property
    def changed(self) -> int:
        return sum(changed for changed, _failed in self.recap.values())

    @property
    def said(self) -> str:
        """The text without the line breaks and quotes of the terminal's output."""
        return re.sub(r"\s+", " ", self.output.replace("\\n", " ").replace('\\"', '"'))

    def succeeded(self) -> Run:
        assert self.rc == 0, self.output[-6000:]
        return self


@dataclass
class Two:
    """`clusters` has connections of another user than the run."""

    home: Path
    ways: Mapping[str, Way]
    clusters: Mapping[str, Cluster]
    stand_ins: Mapping[str, StandIn]
    servers: Mapping[str, Any]
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: int = 0

    def reset(self, **bundles: Material) -> None:
        """Put both clusters under one root, and each named cluster under the given one."""
        self.variables = {name: {} for name in NAMES}
        for name, cluster in self.clusters.items():
            cluster.delete([CACERTS, PREVIOUS, *([ROOT, NEXT, LEASE] if name == "east" else [])])
            for space in ("istio-system", "meshops-system", "shop"):
                if cluster.get(Ref("v1", "Namespace", space)) is None:
                    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
            self.give(name, intermediate(name, bundles.get(name, root())))
        self.clusters["east"].create(root_secret.secret(root(), ROOT.name, str(ROOT.namespace), "shop"))
        for one in self.stand_ins.values():
            one.serves, one.idle = (), False
            one.restart()

    def with_a_remote(self) -> Two:
        """West has no control plane: east's serves it."""
        self.variables["west"] = {"mesh_role": "remote", "mesh_primary": "east"}
        self.stand_ins["west"].idle = True
        self.stand_ins["east"].serves = (self.clusters["west"],)
        self.stand_ins["east"].restart()
        return self

    def under(self, of: Material, age: timedelta) -> Two:
        """Put both clusters under another root, with intermediates that are `age` old."""
        self.clusters["east"].delete([ROOT])
        self.clusters["east"].create(root_secret.secret(of, ROOT.name, str(ROOT.namespace), "shop"))
        for name in NAMES:
            self.give(name, intermediate(name, of, age))
            self.stand_ins[name].restart()
        return self

    def give(self, name: str, ca: Material, **annotations: str) -> None:
        """Write another CA into a cluster, as a person would."""
        (made,) = trust.manifests(ca, "istio-system", "shop")
        made["metadata"]["annotations"] = annotations
        self.clusters[name].delete([CACERTS])
        self.clusters[name].create(made)

    def inventory(self) -> Path:
        file = self.home / "hosts.yml"
        hosts = {name: {"mesh_kube": {"kubeconfig": self.ways[name].kubeconfig, "context": "admin"}, **self.variables.get(name, {})} for name in NAMES}
        shared = {"mesh_name": "shop", "mesh_trust_domain": "shop.example", "mesh_trust_cluster": "east", "mesh_limits": LIMITS}
        file.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
        return file

    @property
    def kube(self) -> dict[str, dict[str, Any]]:
        return {name: {"kubeconfig": self.ways[name].kubeconfig, "context": "admin", **LIMITS} for name in NAMES}

    def play(self, **asked: Any) -> Play:
        """The role's tasks, not run yet."""
        return Play(asked.pop("kube", None) or self.kube, variables=self.variables, **asked)

    def alone(self, point: str, **asked: Any) -> subprocess.CompletedProcess[str]:
        """The role's tasks in a process that may be killed."""
        environ = {**os.environ, **armed(point, os.pathsep.join(sys.path))}
        words = [sys.executable, str(Path(__file__).with_name("play.py")), json.dumps({"kube": self.kube, "variables": self.variables, **asked})]
        return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=240, check=False)

    def command(self, *words: str, **variables: Any) -> list[str]:
        given = {"rotate": "root", "rotate_lease_duration": 4, "rotate_timeout": 60, **variables}
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return [program, "meshops.lifecycle.rotate", "-i", str(self.inventory()), "--forks", "2", *words, "-e", json.dumps(given)]

    def environ(self, point: str = "") -> dict[str, str]:
        return {**_surroundings(self.home), **(armed(point) if point else {})}

    def start(self, *words: str, **variables: Any) -> subprocess.Popen[str]:
        """Start the playbook in the background."""
        return subprocess.Popen(
            self.command(*words, **variables), env=self.environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def rotate(self, *words: str, point: str = "", environ: Mapping[str, str] = MappingProxyType({}), **variables: Any) -> Run:
        started, command = time.monotonic(), self.command(*words, **variables)
        environ = {**self.environ(point), **environ}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240, check=False, start_new_session=True)
        return ended(done.returncode, done.stdout + done.stderr, time.monotonic() - started)

    def counted(self, moment: str) -> tuple[str, Path]:
        """A kill point with a directory of its own, and the file of its writes."""
        self.runs += 1
        place = self.home / f"run-{self.runs}"
        place.mkdir()
        return f"{place}:{moment}", place / "writes"

    def state(self) -> dict[str, Any]:
        """The state of the mesh, with names of roots instead of fingerprints."""
        known = {fingerprints(root().certificate)[0]: "old", "mark": "mark"}
        found = {name: self._held(name, known) for name in NAMES}
        kept = self.clusters["east"].get(ROOT)
        active = fingerprints(root_secret.read(kept).certificate)[0] if kept else ""
        return {
            **found,
            "root": known.setdefault(active, f"root {len(known)}"),
            "beside": self.clusters["east"].get(NEXT) is not None,
            "holder": ((self.clusters["east"].get(LEASE) or {}).get("spec") or {}).get("holderIdentity") or "",
        }

    def _held(self, name: str, known: dict[str, str]) -> dict[str, Any]:
        secret = self.clusters[name].get(CACERTS)
        assert secret
        material = trust.material_in(secret)
        seen = x509.inspect(material, name, datetime.now(UTC))
        maps = self.clusters[name].list("v1", "ConfigMap", fields=f"metadata.name={BUNDLE}")

        def named(pem: bytes) -> list[str]:
            return sorted(known.setdefault(one, f"root {len(known)}") for one in fingerprints(pem))

        return {
            "signs": known.setdefault(seen.root.fingerprint, f"root {len(known)}") if seen.root else "",
            "trusts": named(material.roots),
            "handed out": sorted({" ".join(named(one["data"]["root-cert.pem"].encode())) for one in maps}),
            "kept": self.clusters[name].get(PREVIOUS) is not None,
            "fenced": "meshops.lifecycle/epoch" in (secret["metadata"].get("annotations") or {}),
        }


def ended(rc: int, output: str, seconds: float = 0.0) -> Run:
    recap = {host: (int(changed), int(failed)) for host, changed, failed in _RECAP.findall(output)}
    return Run(rc, output, recap, seconds)


def settled(now: str = "root 2", before: bool = True) -> dict[str, Any]:
    """The state of a mesh that has one root and nothing else left. `before` says whether a run wrote the CAs, which then carry an epoch."""
    one = {"signs": now, "trusts": [now], "handed out": [now], "kept": False, "fenced": before}
    return {"east": one, "west": one, "root": now, "beside": False, "holder": ""}
