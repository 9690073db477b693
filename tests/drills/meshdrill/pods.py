# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The witness of a cutover: a process of its own that sees every pod of every namespace become ready, with a sidecar or without.

python -m meshdrill.pods KUBECONFIG TIMELINE CONTEXT ...    until it is told to end (SIGTERM)

It shares nothing with the collection. It watches pods, so that it misses none however short it lives, and lists them twice a second, so that one knows
that it was there. Every line of the timeline is a JSON object: that it looked ({begin, end, cluster, pods}), the labels of a namespace
({begin, end, cluster, space, labels}), or a pod that came or changed ({begin, end, cluster, space, pod, ready, sidecar, revision, asks, refuses}).
"""

from __future__ import annotations

import http.client
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .api import Api, listed
from .watch import Timeline, proxies

EVERY = 0.5
# After a look that got no answer.
AGAIN = 0.1
# The server ends a watch after so long, and the next one goes on where it ended.
WATCH = 30
PODS, SPACES = "/api/v1/pods", "/api/v1/namespaces"
REV, INJECT = "istio.io/rev", "sidecar.istio.io/inject"


def seen(pod: Mapping[str, Any]) -> dict[str, Any]:
    """What counts of a pod. `asks` and `refuses`: whether it says by itself that it wants a sidecar, or none."""
    labels, annotations = pod["metadata"].get("labels") or {}, pod["metadata"].get("annotations") or {}
    conditions = (pod.get("status") or {}).get("conditions") or []
    return {
        "ready": any(one["type"] == "Ready" and one["status"] == "True" for one in conditions),
        "sidecar": bool(list(proxies([dict(pod)]))),
        "revision": annotations.get(REV, ""),
        "asks": labels.get(INJECT) == "true" or bool(labels.get(REV)),
        "refuses": "false" in (labels.get(INJECT), annotations.get(INJECT)) or bool(pod["spec"].get("hostNetwork")),
    }


class Witness:
    """Looks at the pods of one cluster."""

    def __init__(self, kubeconfig: Path, cluster: str, timeline: Timeline, ended: threading.Event) -> None:
        self._lists, self._watches = Api(kubeconfig, cluster), Api(kubeconfig, cluster, timeout=WATCH + 5.0)
        self._cluster, self._timeline, self._ended = cluster, timeline, ended
        self._known: dict[tuple[str, ...], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        for work in (self._look, self._watch):
            threading.Thread(target=work, daemon=True).start()

    def _look(self) -> None:
        connection, pause = self._lists.connection(), EVERY
        while not self._ended.wait(pause):
            begin, pause = time.time(), EVERY
            try:
                for space in listed(connection, SPACES):
                    self._note(begin, (space["metadata"]["name"],), {"labels": space["metadata"].get("labels") or {}})
                pods = listed(connection, PODS)
                for pod in pods:
                    self._pod(begin, pod)
                self._timeline.write(begin, cluster=self._cluster, pods=len(pods))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._timeline.write(begin, cluster=self._cluster, error=str(error)[:200])
                connection.close()
                pause = AGAIN

    def _watch(self) -> None:
        """From the state of one moment on, over one watch after the other; from a state of its own again where the server has forgotten the last."""
        version = ""
        while not self._ended.is_set():
            begin = time.time()
            try:
                for event in self._events(version):
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] in ("ADDED", "MODIFIED"):
                        self._pod(time.time(), event["object"])
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self._timeline.write(begin, cluster=self._cluster, error=f"watch: {type(error).__name__} {error}"[:200])
                version = ""
                time.sleep(EVERY)

    def _events(self, version: str) -> Iterator[dict[str, Any]]:
        """Without a version the watch begins with every pod that there is."""
        since = f"&resourceVersion={version}" if version else ""
        connection = self._watches.connection()
        try:
            connection.request("GET", f"{PODS}?watch=1&timeoutSeconds={WATCH}&allowWatchBookmarks=true{since}", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise OSError(f"the watch was answered by {answer.status}")
            for line in answer:
                if self._ended.is_set():
                    return
                yield json.loads(line)
        finally:
            connection.close()

    def _pod(self, begin: float, pod: Mapping[str, Any]) -> None:
        meta = pod["metadata"]
        # Two pods of a StatefulSet have one name.
        self._note(begin, (meta["namespace"], meta["name"], meta["uid"]), seen(pod))

    def _note(self, begin: float, name: tuple[str, ...], what: dict[str, Any]) -> None:
        with self._lock:
            if self._known.get(name) == what:
                return
            self._known[name] = what
        space, *pod = name
        self._timeline.write(begin, cluster=self._cluster, space=space, **({"pod": pod[0]} if pod else {}), **what)


def main(words: list[str]) -> None:
    kubeconfig, timeline, contexts = Path(words[0]), Timeline(Path(words[1])), words[2:]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for context in contexts:
        Witness(kubeconfig, context, timeline, ended).start()
    ended.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
