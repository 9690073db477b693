# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The witness: a separate process that looks at every proxy again and again and writes down what the proxy holds.

python -m meshdrill.watch KUBECONFIG TIMELINE CONTEXT ...    until it is told to end (SIGTERM)

It shares nothing with the collection: no code, no connection, no opinion of what should be. Every line of the timeline is a JSON object: what a proxy
held ({begin, end, proxy, trusts, issuer, leaf}), that it could not be asked ({begin, end, proxy, error}), or that a namespace's bundle became another
({begin, end, configmap, roots}).
"""

from __future__ import annotations

import base64
import http.client
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .api import Api, Tunnel, listed
from .certificates import root_of, roots

EVERY = 0.25
SECRETS = "/config_dump?resource=dynamic_active_secrets"
CONFIGMAPS = "/api/v1/configmaps?fieldSelector=metadata.name%3Distio-ca-root-cert"
PODS = "/api/v1/pods?fieldSelector=status.phase%3DRunning"


def held(dump: bytes) -> dict[str, Any]:
    """The certificates that a proxy reports, without those that it has not got yet."""
    found: dict[str, Any] = {}
    for entry in json.loads(dump).get("configs", []):
        secret = entry.get("secret", {})
        if entry.get("name") == "default":
            chain = base64.b64decode(secret["tls_certificate"]["certificate_chain"]["inline_bytes"])
            found |= {"issuer": root_of(chain), "leaf": hash_of(chain)}
        elif entry.get("name") == "ROOTCA":
            found["trusts"] = sorted(roots(base64.b64decode(secret["validation_context"]["trusted_ca"]["inline_bytes"])))
    return found


def hash_of(chain: bytes) -> str:
    """A hash that distinguishes leaves."""
    return next(iter(roots(chain[: chain.index(b"-----END CERTIFICATE-----") + 26])))[:16]


def proxies(pods: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Namespace and name of each pod with a proxy, be it a sidecar, one that is an init container, or a gateway."""
    for pod in pods:
        containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
        if any(container["name"] == "istio-proxy" for container in containers):
            yield pod["metadata"]["namespace"], pod["metadata"]["name"]


class Timeline:
    """The file of the timeline. All threads write whole lines."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("w", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, begin: float, **seen: Any) -> None:
        line = json.dumps({"begin": round(begin, 4), "end": round(time.time(), 4), **seen})
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()


class Witness:
    """Looks at the proxies and bundles of one cluster."""

    def __init__(self, api: Api, cluster: str, timeline: Timeline, ended: threading.Event) -> None:
        self._api, self._cluster, self._timeline, self._ended = api, cluster, timeline, ended
        self._followed: set[tuple[str, str]] = set()
        self._bundles: dict[str, list[str]] = {}

    def start(self) -> None:
        threading.Thread(target=self._discover, daemon=True).start()

    def _discover(self) -> None:
        connection = self._api.connection()
        while not self._ended.wait(EVERY):
            begin = time.time()
            try:
                present = set(proxies(listed(connection, PODS)))
                self._compare(listed(connection, CONFIGMAPS), begin)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._timeline.write(begin, cluster=self._cluster, error=str(error)[:200])
                connection.close()
                continue
            arrived, self._followed = present - self._followed, present
            for one in arrived:
                threading.Thread(target=self._follow, args=one, daemon=True).start()

    def _compare(self, configmaps: list[dict[str, Any]], begin: float) -> None:
        for item in configmaps:
            name = f"{self._cluster}/{item['metadata']['namespace']}"
            found = sorted(roots(item.get("data", {}).get("root-cert.pem", "").encode()))
            if self._bundles.get(name) != found:
                self._bundles[name] = found
                self._timeline.write(begin, configmap=name, roots=found)

    def _follow(self, namespace: str, pod: str) -> None:
        """Look at a pod as long as it exists."""
        tunnel: Tunnel | None = None
        name = f"{self._cluster}/{namespace}/{pod}"
        while (namespace, pod) in self._followed:
            begin = time.time()
            try:
                tunnel = tunnel or self._api.tunnel(namespace, pod, 15000)
                self._timeline.write(begin, proxy=name, **held(tunnel.get(SECRETS)))
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self._timeline.write(begin, proxy=name, error=f"{type(error).__name__} {error}"[:200])
                if tunnel:
                    tunnel.close()
                tunnel = None
            if self._ended.wait(max(0.0, EVERY - (time.time() - begin))):
                return


def main(words: list[str]) -> None:
    kubeconfig, timeline, contexts = Path(words[0]), Timeline(Path(words[1])), words[2:]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for context in contexts:
        Witness(Api(kubeconfig, context), context, timeline, ended).start()
    ended.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
