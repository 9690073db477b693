# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch objects of some kinds from outside, by the Python client of Kubernetes, and keep all that they said."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kubernetes import client, config, watch
from urllib3.exceptions import HTTPError

LONGEST = 600  # seconds


class Watched:
    """`seen` has a line for each event since the watch began: kind, name, status, spec, and the version of the object, which orders events of all kinds.

    The status of what is gone says only that.
    """

    def __init__(self, api: Any, api_version: str, plurals: Mapping[str, str], namespace: str = "") -> None:
        self.api, self.place, self.plurals = api, (*api_version.split("/"), namespace), plurals
        self.seen: list[tuple[str, str, dict[str, Any], dict[str, Any], int]] = []
        self.lock, self.over, self.watches = threading.Lock(), False, []
        self.threads = [threading.Thread(target=self._follow, args=(kind,), daemon=True) for kind in plurals]

    def _follow(self, kind: str) -> None:
        group, version, namespace = self.place
        stream = watch.Watch()
        self.watches.append(stream)
        read, where = (self.api.list_namespaced_custom_object, (namespace,)) if namespace else (self.api.list_cluster_custom_object, ())
        try:
            for event in stream.stream(read, group, version, *where, self.plurals[kind], timeout_seconds=LONGEST):
                live = event["object"]
                said = {"gone": True} if event["type"] == "DELETED" else live.get("status") or {}
                with self.lock:
                    self.seen.append((kind, live["metadata"]["name"], said, live.get("spec") or {}, int(live["metadata"]["resourceVersion"])))
        except HTTPError:  # `stop` closes the connection under its reader
            if not self.over:
                raise

    def lines(self, kind: str, name: str, tell: Callable[[Mapping[str, Any]], Any]) -> list[Any]:
        """What `tell` makes of each status of an object, once for as long as it lasted."""
        with self.lock:
            said = [one for what, who, one, _spec, _at in self.seen if (what, who) == (kind, name)]
        return [line for line, _same in itertools.groupby("gone" if "gone" in one else tell(one) for one in said)]

    def specs(self, kind: str) -> dict[str, dict[str, Any]]:
        with self.lock:
            return {name: spec for what, name, _said, spec, _at in self.seen if what == kind and spec}

    def first(self, kind: str, name: str, **wanted: str) -> int:
        """The first version of an object that said so."""
        with self.lock:
            return next(at for what, who, said, _spec, at in self.seen if (what, who) == (kind, name) and wanted.items() <= said.items())


@contextmanager
def watching(kubeconfig: str, context: str, api_version: str, plurals: Mapping[str, str], namespace: str = "") -> Iterator[Watched]:
    api = client.CustomObjectsApi(config.new_client_from_config(kubeconfig, context or None))
    seen = Watched(api, api_version, plurals, namespace)
    for thread in seen.threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.over = True
        for one in seen.watches:
            one.stop()
        for thread in seen.threads:
            thread.join(10)
