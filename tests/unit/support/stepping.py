# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of a rotation in steps without Ansible around them: the same module, options and decisions, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation import stepped_plan
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import stepped_rotation

from .ticking import Ticking

Result = dict[str, Any]
ROOT = {"source": "generated", "kube": {"context": "east"}, "namespace": "meshops-system", "name": "meshops-root-ca"}


class Stopped(Exception):
    """The error with which the play would have failed."""


class Killed(BaseException):
    """What ends a run without a word."""


@dataclass
class Fuse:
    """Ends a run after its write number `left`. Without a number it only counts."""

    left: int | None = None
    burnt: int = 0

    def burn(self) -> None:
        self.burnt += 1
        if self.left is not None and self.burnt >= self.left:
            raise Killed


def fused(transport: Any, fuse: Callable[[], Fuse]) -> None:
    """Count the writes that go to an API server, and end the run after one of them."""
    request = transport.request

    def counted(method: str, path: str, *given: Any, **how: Any) -> Any:
        answer = request(method, path, *given, **how)
        if method in ("PATCH", "POST", "PUT", "DELETE") and answer.ok:
            fuse().burn()
        return answer

    transport.request = counted


@dataclass
class Steps:
    """A rotation of a kind over all clusters, in memory or real ones. The first one is the trust cluster. `meanwhile` is called with each pause of a wait.

    Where the product is real, so is the `clock`.
    """

    clusters: Mapping[str, Any]
    provider: str
    kind: str
    namespace: str
    meanwhile: Callable[[float], None] = lambda _passed: None
    now: datetime | None = None
    timeout: int = 30
    clock: Any = None
    may_restart: bool = False
    results: list[Result] = field(default_factory=list)

    def task(self, name: str, step: str, dry_run: bool = False) -> Result:
        first = next(iter(self.clusters.values()))
        cluster, trusted = (one.checking() if dry_run else one for one in (self.clusters[name], first))
        params = {"provider": self.provider, "mesh": "shop", "trust_domain": "shop.example", "namespace": self.namespace, "network": None, "key_type": "P-256",
                  "intermediate_days": 90, "root_days": 365, "root": ROOT, "kind": self.kind, "step": step, "timeout": self.timeout,
                  "may_restart": self.may_restart}  # fmt: skip
        clock = self.clock or Ticking(self.meanwhile, self.now)
        try:
            result = stepped_rotation.reconcile(cluster, params, connect=lambda *_way, **_how: trusted, clock=clock)
        except MeshError as failed:
            result = {"failed": True, "msg": str(failed), **failed.facts}
        self.results.append(result)
        return result

    def look(self) -> dict[str, Result]:
        return {name: self.task(name, "look") for name in self.clusters}

    def plan(self, min_age: float = 0) -> Result:
        seen = {name: str(one["msg"]) if one.get("failed") else one for name, one in self.look().items()}
        return stepped_plan.plan("shop", self.kind, seen, min_age).facts()

    def run(self, min_age: float = 0, until: str = "") -> Result:
        """Take all steps, or those before `until`. Return the plan."""
        planned = self.plan(min_age)
        if planned["findings"]:
            raise Stopped(" ".join(planned["findings"]))
        if planned["done"]:
            return planned
        taker = next(iter(self.clusters))
        self._ok(self.task(taker, "begin"))
        for step in planned["steps"]:
            if step == until:
                return planned
            self.step(step)
        self._ok(self.task(taker, "finish"))
        return planned

    def step(self, step: str) -> None:
        taken = {name: self.task(name, step) for name in self.clusters}
        seen = {name: str(one["msg"]) if one.get("failed") else one for name, one in taken.items()}
        if late := stepped_plan.late("shop", self.kind, step, seen):
            raise Stopped(" ".join(late))

    @property
    def changed(self) -> bool:
        return any(result.get("changed") for result in self.results)

    @staticmethod
    def _ok(result: Result) -> None:
        if result.get("failed"):
            raise Stopped(str(result["msg"]))
