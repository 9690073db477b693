# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-ins on an API server: kopf watches, `stage` decides, `server` writes.

Only handlers of events are registered, so kopf writes nothing into the objects itself: no finalizer and no annotation that the original would not write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import kopf

from . import stage
from .charts import Charts, Deployments
from .objects import DELETE, INSTALL, KINDS, UNINSTALL, Object, Write, made, name, space
from .server import Access, Refused, Server

_LOG = logging.getLogger("standins")
_TICK = 1.0  # seconds: what becomes due by time alone, such as a grace period
_NOISE = ("managedFields",)


@dataclass
class Cache:
    """What is known of the cluster. The answer to a write counts at once, so no turn decides by what it wrote itself before."""

    objects: dict[str, dict[tuple[str, str], Object]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    gone: dict[str, int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, kind: str, live: Object) -> None:
        key, known = (space(live), name(live)), self.objects[kind].get((space(live), name(live)))
        if _version(live) <= max(_version(known), self.gone.get(live["metadata"].get("uid", ""), 0)):
            return
        meta = {field: value for field, value in live["metadata"].items() if field not in _NOISE}
        self.objects[kind][key] = {"apiVersion": KINDS[kind].api, "kind": kind, **live, "metadata": meta}
        self.changed.set()

    def forget(self, kind: str, live: Object) -> None:
        known = self.objects[kind].get((space(live), name(live)))
        self.gone[live["metadata"].get("uid", "")] = _version(live)
        if known and known["metadata"].get("uid") == live["metadata"].get("uid"):
            del self.objects[kind][space(live), name(live)]
            self.changed.set()


def _version(live: Object | None) -> int:
    return int(((live or {}).get("metadata") or {}).get("resourceVersion") or 0)


@dataclass
class Playing:
    """One run of the stand-ins on one API server. `pace` is the time between two turns in seconds."""

    access: Access
    stage: stage.Stage
    pace: float = 0.1
    charts: Charts = field(default_factory=Deployments)
    cache: Cache = field(default_factory=Cache)

    def registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        for kind in self.stage.kinds:
            served = KINDS[kind]
            group, _slash, version = served.api.rpartition("/")
            kopf.on.event(group, version, served.plural, registry=registry)(self._heard(kind))
        kopf.on.login(registry=registry)(self._login)
        kopf.on.startup(registry=registry)(self._begin)
        kopf.on.cleanup(registry=registry)(self._end)
        return registry

    def _heard(self, kind: str) -> Callable[..., None]:
        def heard(event: Any, **_more: Any) -> None:
            live = dict(event["object"])
            (self.cache.forget if event["type"] == "DELETED" else self.cache.keep)(kind, live)

        return heard

    def _login(self, **_more: Any) -> kopf.ConnectionInfo:
        told = self.access
        return kopf.ConnectionInfo(
            server=told.url, ca_data=told.ca.encode(), token=told.token or None, certificate_data=told.certificate.encode() or None,
            private_key_data=told.key.encode() or None,
        )  # fmt: skip

    async def _begin(self, settings: kopf.OperatorSettings, **_more: Any) -> None:
        settings.posting.enabled = False
        settings.scanning.disabled = False
        settings.batching.batch_window = 0.01
        self._task = asyncio.create_task(self._play())
        self._task.add_done_callback(_told)

    async def _end(self, **_more: Any) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task

    async def _play(self) -> None:
        async with Server(self.access) as server:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.cache.changed.wait(), _TICK)
                self.cache.changed.clear()
                await asyncio.sleep(self.pace)
                objects = {kind: list(known.values()) for kind, known in self.cache.objects.items()}
                for write in stage.turn(objects, time.time(), self.stage):
                    await self._do(server, write)

    async def _do(self, server: Server, write: Write) -> None:
        if write.verb in (INSTALL, UNINSTALL):
            await self._install(server, write)
            return
        try:
            live = await server.write(write)
        except (Refused, OSError) as refused:
            _LOG.warning("%s %s %s: %s", write.verb, write.kind, write.name, refused)
            return
        _LOG.info("%s %s %s/%s: %s", write.verb, write.kind, write.namespace, write.name, "done" if live else "gone or newer")
        if live and write.verb != DELETE:
            self.cache.keep(write.kind, live)
        self.cache.changed.set()

    async def _install(self, server: Server, write: Write) -> None:
        """Keep what came of a chart as a Release, which no server knows: after a restart of the stand-in it is installed once more, which changes nothing."""
        error = ""
        try:
            await self.charts.do(server, write)
        except (Refused, OSError) as refused:
            error = str(refused)
        _LOG.info("%s %s: %s", write.verb, write.name, error or "done")
        note = made("Release", write.name, resourceVersion=str(time.time_ns()))
        if write.verb == UNINSTALL:
            self.cache.objects["Release"].pop(("", write.name), None)
        else:
            self.cache.keep("Release", {**note, "status": {"generation": write.body["generation"], "error": error}})
        self.cache.changed.set()


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _LOG.error("the stand-ins stopped", exc_info=error)


def play(access: Access, wanted: stage.Stage, pace: float = 0.1, charts: Charts | None = None) -> None:
    """Play until the process is ended."""
    playing = Playing(access, wanted, pace, charts or Deployments())
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    kopf.run(registry=playing.registry(), settings=settings, clusterwide=True, standalone=True)
