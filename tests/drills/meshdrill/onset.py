# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client's proxy and the control planes know when requests begin to be lost: when they are answered again, nobody can see it any more."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

from .app import NAMESPACE
from .byhand import MESH
from .ledger import Book, Request

# So many lost requests of one flow between two looks are no chance.
EVERY, MANY = 1.0, 20
# Once for each stretch of losses, and not for ever.
APART, MOST = 60.0, 5
ENDPOINTS = "config_dump?include_eds&resource=dynamic_endpoint_configs"
OF_ISTIOD = ("networkz", "clusterz", "endpointShardz")
RECENT = "180s"


def many_lost(requests: Iterable[Request]) -> list[str]:
    """The flows that lose many."""
    lost = Counter(one.flow for one in requests if one.lost)
    return sorted(flow for flow, number in lost.items() if number >= MANY)


@dataclass
class Onset:
    """Writes a folder for each stretch of losses: a file for each thing that was asked."""

    estate: Estate
    clusters: Sequence[str]
    folder: Path
    written: list[float] = field(default_factory=list)

    def look(self, requests: Iterable[Request], now: float) -> bool:
        """Return whether something was written down."""
        flows = many_lost(requests)
        if not flows or len(self.written) >= MOST or (self.written and now - self.written[-1] < APART):
            return False
        self.written.append(now)
        place = self.folder / f"{now:.0f}"
        place.mkdir(parents=True, exist_ok=True)
        (place / "flows").write_text("\n".join(flows) + "\n", encoding="utf-8")
        for pod in self._pods(self.clusters[0], NAMESPACE, "app=client"):
            words = ("-n", NAMESPACE, "exec", pod, "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", ENDPOINTS)
            self._write(place / f"{self.clusters[0]}-{pod}-endpoints", self.clusters[0], *words)
        for cluster in self.clusters:
            for pod in self._pods(cluster, MESH, "app=istiod"):
                for what in OF_ISTIOD:
                    words = ("-n", MESH, "exec", pod, "--", "pilot-discovery", "request", "GET", f"/debug/{what}")
                    self._write(place / f"{cluster}-{pod}-{what}", cluster, *words)
                self._write(place / f"{cluster}-{pod}-log", cluster, "-n", MESH, "logs", pod, f"--since={RECENT}")
        return True

    def _pods(self, cluster: str, space: str, label: str) -> list[str]:
        return [item["metadata"]["name"] for item in self.estate.get(cluster, "pods", "-n", space, "-l", label)["items"]]

    def _write(self, file: Path, cluster: str, *words: str) -> None:
        """A pod that does not answer has just come or gone: then the file says so."""
        try:
            said = str(self.estate.kubectl(cluster, *words))
        except AssertionError as error:
            said = str(error)
        file.write_text(said, encoding="utf-8")


@contextmanager
def watching(onset: Onset, ledgers: Path) -> Iterator[None]:
    """Follow the records of the load beside whatever happens in the block."""
    ended, book = threading.Event(), Book(ledgers)
    book.news()  # what was lost before does not count

    def follow() -> None:
        while not ended.wait(EVERY):
            try:
                onset.look(book.news(), time.time())
            except (OSError, AssertionError, ValueError) as error:
                onset.folder.mkdir(parents=True, exist_ok=True)
                (onset.folder / "trouble").write_text(f"{error}\n", encoding="utf-8")

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
