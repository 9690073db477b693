# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P7: find the laggards among 2,000 proxies. The API server is real; its one node and the proxies on it are a stub."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from meshlab import apionly
from meshlab.apionly import ApiServer

from . import node
from .contestants import OURS, PROXY_CONFIG, Commands, Scene, playbook
from .errors import BenchError
from .figures import Run
from .measure import AuditLog, timed
from .race import Lane, Outcome, Race, Say
from .sidecar import pod

PROXIES, SPACES, LATE, SAMPLE = 2000, 20, 40, 20
NODE, NAMESPACE, MESH = "bench", "istio-system", "bench"
# The laggards catch up one after the other, the first of them this many seconds after everybody was asked once.
FIRST_FLIP, EVERY, PATIENCE = 1.0, 0.05, 120.0
AT_ONCE = 16
NAMED = re.compile(r"\bproxy ([\w-]+/[\w-]+) ")
Names = Sequence[str]


def names() -> list[str]:
    return [f"shop-{number % SPACES:02}/server-{number:04}" for number in range(PROXIES)]


def late(number: int) -> list[str]:
    """The laggards of a round, other ones each time, spread over all namespaces."""
    return [names()[(place * PROXIES // LATE + place + 7 * number) % PROXIES] for place in range(LATE)]


def named(output: str) -> set[str]:
    """The laggards in a playbook's output."""
    return set(NAMED.findall(output))


@dataclass(frozen=True)
class Authority:
    """A root with an intermediate that gives proxies their certificates."""

    root: Material
    own: Material

    @classmethod
    def new(cls, name: str) -> Authority:
        now = datetime.now(UTC)
        root = issue.new_root(name, MESH, "P-256", now, 3650)
        return cls(root, issue.new_intermediate(root, f"{name} intermediate", MESH, [], "P-256", now, 730))

    @property
    def fingerprint(self) -> str:
        return x509.bundle(self.root.certificate)[0].fingerprint

    def leaf(self, host: str) -> str:
        made = issue.new_leaf(self.own, [host], MESH, "P-256", datetime.now(UTC), 1)
        return (made.certificate + (self.own.chain or b"")).decode()


def write_dumps(folder: Path, new: Authority, old: Authority, lagging: Iterable[str]) -> None:
    """Write a certificate for each proxy, and an older one for each proxy that will ever lag."""
    told = {name: new.leaf(_host(name)) for name in names()}
    before = {name: old.leaf(_host(name)) for name in lagging}
    content = {"new": {"roots": new.root.certificate.decode(), "chains": told}, "old": {"roots": old.root.certificate.decode(), "chains": before}}
    (folder / node.DUMPS).write_text(json.dumps(content), encoding="utf-8")


def _host(name: str) -> str:
    space, _slash, one = name.partition("/")
    return f"{one}.{space}.svc"


class Ground:
    """An API server with all objects, and the node that answers for its pods."""

    def __init__(self, server: ApiServer, folder: Path, rounds: int) -> None:
        self.server, self.folder, self.new = server, folder, Authority.new("new root")
        old = Authority.new("old root")
        for name in ("apiserver.crt", "apiserver.key"):
            shutil.copy(server.directory / "pki" / name, folder / name)
        write_dumps(folder, self.new, old, {name for number in range(1, rounds + 1) for name in late(number)})

    def bring(self, port: int) -> None:
        cluster = connect({"kubeconfig": str(self.server.kubeconfig), "context": self.server.context}, environ={})
        spaces = [f"shop-{number:02}" for number in range(SPACES)]
        bundle = self.new.root.certificate.decode()
        cluster.apply([*(_object("Namespace", space) for space in (NAMESPACE, *spaces)), *trust.manifests(self.new.own, NAMESPACE, MESH),
                       *({**_object("ConfigMap", "istio-ca-root-cert", space), "data": {"root-cert.pem": bundle}} for space in spaces)])
        cluster.create(_object("Node", NODE))
        address = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        _status(cluster, f"/api/v1/nodes/{NODE}", address)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: self._run(cluster, name), names()))

    def _run(self, cluster: Cluster, name: str) -> None:
        """The status of a pod that runs, as a kubelet reports it."""
        space, _slash, one = name.partition("/")
        made, status = pod(one, space, NODE)
        cluster.create(made)
        _status(cluster, f"/api/v1/namespaces/{space}/pods/{one}", status)

    def scene(self, name: str) -> Scene:
        (self.folder / name).mkdir(exist_ok=True)
        return Scene(self.folder / name, self.server.kubeconfig, self.server.context, [], [])


def _object(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}


def _status(cluster: Cluster, path: str, status: dict[str, Any]) -> None:
    answer = cluster._server.transport.request("PATCH", f"{path}/status", body={"status": status}, content_type="application/merge-patch+json")
    if not answer.ok:
        raise BenchError(f"The status of {path} could not be written: {answer.body[:300].decode(errors='replace')}")


def look(scene: Scene) -> Commands:
    """A playbook that asks every proxy and prints the laggards."""
    options = {"kubeconfig": str(scene.kubeconfig), "context": scene.context, "namespace": NAMESPACE, "mesh": MESH, "limit": PROXIES}
    return playbook(scene, [{"name": "Look", "meshops.lifecycle.rotation_info": options, "register": "seen"},
                            {"name": "Tell", "ansible.builtin.debug": {"var": "seen.laggards"}}])


def wait(scene: Scene, target: str) -> Commands:
    """A playbook that does the last step of a rotation, in which it only waits until every proxy has followed."""
    options = {"kubeconfig": str(scene.kubeconfig), "context": scene.context, "namespace": NAMESPACE, "mesh": MESH, "step": "retire", "target": target,
               "clusters": [], "timeout": 120}
    return playbook(scene, [{"name": "Wait", "meshops.lifecycle.rotation": options}])


def by_istioctl(scene: Scene, some: Names) -> Commands:
    run = ["istioctl", f"--kubeconfig={scene.kubeconfig}", f"--context={scene.context}", "proxy-config", "secret", "--output=json"]
    return [[*run, f"{one.partition('/')[2]}.{one.partition('/')[0]}"] for one in some]


class Looking:
    """The contestants that look for laggards. Each round has other ones."""

    def __init__(self, ground: Ground, stub: node.Node) -> None:
        self._ground, self._stub = ground, stub
        self._audit = AuditLog(ground.server.audit_log)

    def attempt(self, name: str, number: int) -> tuple[Lane, Run]:
        scene = self._ground.scene(name)
        lane, behind = Lane(name, scene, (self._ground.server,), self._audit), late(number)
        self._stub.lag(behind)
        if name == PROXY_CONFIG:
            asked = timed(by_istioctl(scene, names()[:SAMPLE]), scene.folder, self._audit)
            if "ROOTCA" not in (scene.folder / "out").read_text(encoding="utf-8"):
                raise BenchError("istioctl printed no trust bundle.")
            return lane, replace(asked, each=SAMPLE)
        found = timed(look(scene), scene.folder, self._audit)
        said = named((scene.folder / "out").read_text(encoding="utf-8"))
        if said != set(behind):
            raise BenchError(f"{len(set(behind) - said)} of {LATE} proxies that lag were not named, and {len(said - set(behind))} others were.")
        return lane, replace(found, each=PROXIES, lag=self._lag(scene, behind))

    def _lag(self, scene: Scene, behind: Names) -> float:
        """The seconds from when the last laggard had followed to the end of the playbook."""
        flips: list[float] = []

        def flip() -> None:
            end = time.monotonic() + PATIENCE
            while self._stub.asked() < PROXIES and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(FIRST_FLIP)
            for place in range(1, len(behind) + 1):
                time.sleep(EVERY)
                flips.append(self._stub.lag(behind[place:]))

        self._stub.asked(anew=True)
        flipping = Thread(target=flip, daemon=True)
        flipping.start()
        timed(wait(scene, self._ground.new.fingerprint), scene.folder, AuditLog())
        end = time.time()
        early = flipping.is_alive()
        flipping.join()
        if early:
            raise BenchError("The rotation was called through while proxies still lagged.")
        return end - flips[-1]


def proxies(folder: Path, rounds: int, contestants: Sequence[str], say: Say) -> Outcome:
    place = folder / "P7"
    place.mkdir()
    with apionly.running("bench") as server:
        say(f"P7: {PROXIES} pods")
        ground = Ground(server, place, rounds)
        with node.running(place) as stub:
            ground.bring(stub.port)
            return Race("P7", rounds, say, often=1).run([name for name in contestants if name in (OURS, PROXY_CONFIG)], Looking(ground, stub).attempt)
