# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for istiod on servers without pods: it takes `cacerts` or ignores it, and writes its bundle into the namespaces."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.objections import overdue
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust

from ..changes import Changes

CACERTS = Ref("v1", "Secret", "cacerts", "istio-system")
BUNDLE = "istio-ca-root-cert"
_TOUCHED = "meshops.lifecycle/touched"


class StandIn:
    """The stand-in runs as another user than the tasks. `stale` has the namespaces that it ignores, `serves` the clusters without a control plane.

    One that is `idle` is as if it were not there.

    A ConfigMap that somebody else changed it only notices when the ConfigMap is touched: the event was lost, which is the worse case.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.stale: set[str] = set()
        self.serves: tuple[Cluster, ...] = ()
        self.idle = False
        self.ignored: list[frozenset[str]] = []
        self._seen, self._roots = b"", b""
        self._given: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._lost: set[str] = set()
        self._ended, self._lock = threading.Event(), threading.Lock()

    def restart(self) -> None:
        """Restart the stand-in: a new process takes any CA."""
        with self._lock:
            self.stale, self.ignored, self._seen, self._roots, self._given, self._lost = set(), [], b"", b"", {}, set()
            self._look()

    def lose(self, space: str) -> None:
        """Lose the event of the next change of the bundle for this namespace. It arrives when the ConfigMap is touched."""
        with self._lock:
            self._lost.add(space)

    def run(self) -> None:
        changes = Changes()
        while not self._ended.wait(0.15):
            with self._lock:
                try:
                    if changes.due(self.cluster, *self.serves):
                        self._look()
                except MeshError:  # the API server is about to end, or somebody was faster
                    changes.again()

    def end(self) -> None:
        self._ended.set()

    def _look(self) -> None:
        if self.idle:
            return
        self._take()
        for cluster in (self.cluster, *self.serves) if self._roots else ():
            live = {one["metadata"]["namespace"]: one for one in cluster.list("v1", "ConfigMap", fields=f"metadata.name={BUNDLE}")}
            spaces = [one["metadata"]["name"] for one in cluster.list("v1", "Namespace", metadata_only=True)]
            for space in spaces:
                if not space.startswith("kube-") and space not in self.stale:
                    self._give(cluster, space, live.get(space))

    def _take(self) -> None:
        """Take a CA that verifies if one bundle contains the other. Otherwise ignore it silently.

        What a new process finds it takes: it stands for one that runs since the CA was valid.
        """
        secret = self.cluster.get(CACERTS)
        told = decoded((secret or {}).get("data", {}).get("root-cert.pem"))
        if secret is None or told == self._seen:  # a Secret that was removed stays in the pod
            return
        self._seen = told
        old, new = _fingerprints(self._roots), _fingerprints(told)
        if not old or ((old <= new or new <= old) and not _overdue(secret)):
            self._roots = told
        else:
            self.ignored.append(new)

    def _give(self, cluster: Cluster, space: str, live: dict[str, Any] | None) -> None:
        touched = ((live or {}).get("metadata", {}).get("annotations") or {}).get(_TOUCHED, "")
        roots, before = self._given.get((cluster.name, space), (b"", ""))
        if live is not None and touched == before and (roots == self._roots or space in self._lost):
            return
        self._lost.discard(space)
        metadata = {"name": BUNDLE, "namespace": space}
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"root-cert.pem": self._roots.decode()}}
        cluster.apply([made], force=True)
        self._given[cluster.name, space] = (self._roots, touched)


def _overdue(secret: dict[str, Any]) -> bool:
    return bool(overdue(x509.inspect(trust.material_in(secret), "cacerts", datetime.now(UTC))))


def _fingerprints(pem: bytes) -> frozenset[str]:
    return frozenset(one.fingerprint for one in x509.bundle(pem))


@contextmanager
def standing_in(cluster: Cluster) -> Iterator[StandIn]:
    itself = StandIn(cluster)
    thread = threading.Thread(target=itself.run, daemon=True)
    thread.start()
    try:
        yield itself
    finally:
        itself.end()
        thread.join(10)
