# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of the role rotate without Ansible around them, so that they can be run often: the same modules, options and filters, in the same order.

`python play.py <options as JSON>` is a run of its own, to be killed. What Ansible does around it test_to_the_end.py shows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import ARGUMENTS, connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.modules import (
    ca,
    lease,
    links,
    mesh_config,
    rotation,
    rotation_info,
    rotation_target,
    stage_orders,
    workloads,
)
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

SHARED = {"provider": "istio", "namespace": "istio-system"}
ISSUING = {"mesh": "shop", "trust_domain": "shop.example"}
Result = dict[str, Any]


class Stopped(Exception):
    """The error with which the play would have failed."""


def _spec(module: Any) -> dict[str, Any]:
    """The argument spec that the module's `main` would run with."""
    spec: dict[str, Any] = {**ARGUMENTS}
    asked, module.run = module.run, lambda _reconcile, argument_spec, **_how: spec.update(argument_spec)
    try:
        module.main()
    finally:
        module.run = asked
    return spec


MODULES = (ca, lease, links, mesh_config, rotation, rotation_info, rotation_target, stage_orders, workloads)
SPECS = {module: _spec(module) for module in MODULES}


def task(module: Any, options: Mapping[str, Any], check: bool = False) -> Result:
    """Run a module as Ansible does, with its argument spec and defaults. A failure raises its message."""
    known = ArgumentSpecValidator(SPECS[module]).validate(dict(options))
    assert not known.error_messages, known.error_messages
    params = known.validated_parameters
    try:
        result: Result = module.__dict__["reconcile"](connect(params, dry_run=check, environ={}), params)
    except MeshError as failed:
        return {"failed": True, "msg": str(failed), **failed.facts}
    return result


class Play:
    """`kube` has the connections by host, `variables` the other variables of each host, `asked` the role's variables.

    `between` is called before each step, by its name. `shared` are the mesh and its namespace.
    """

    def __init__(
        self,
        kube: Mapping[str, Mapping[str, Any]],
        between: Callable[[str], None] = lambda _step: None,
        variables: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        shared: Mapping[str, str] = MappingProxyType(SHARED),
        **asked: Any,
    ) -> None:
        self.hosts, self.shared = list(kube), dict(shared)
        self.vars: dict[str, Result] = {
            name: {"mesh_name": "shop", **variables.get(name, {}), "mesh_kube": dict(given)} for name, given in kube.items()
        }
        no: dict[str, Any] = dict.fromkeys(("rollback", "recover", "plan"), False)
        no |= {"retire_roots": [], "soak": 0}
        self.asked: dict[str, Any] = {"kind": "root", "min_age": 3600, **no, "duration": 3, "timeout": 60, "accepted": [], **asked}
        self.between, self.results = between, list[Result]()
        trust = {**self.vars["east"]["mesh_kube"], "cluster": "east"}
        self.root = self.asked.get("root") or {"source": "generated", "kube": trust}
        self.hold: Result = {}

    def filter(self, name: str, *given: Any, **more: Any) -> Any:
        try:
            return FILTERS[name](self.hosts, self.vars, self.hosts[0], *given, **more)
        except Exception as error:
            raise Stopped(str(error)) from error

    def each(self, module: Any, register: str, check: bool = False, hosts: Sequence[str] | None = None, of: str = "", **options: Any) -> None:
        """Run one task on all hosts at once, or on those that are named. A host that failed is left out, as in a play."""

        def one(host: str) -> None:
            primary = {"primary": self._primary(host, of or register)} if "primary" in SPECS[module] else {}
            found = task(module, {**self.vars[host]["mesh_kube"], "cluster": host, **primary, **options}, check)
            self.vars[host][register] = found
            self.results.append(found)

        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(one, self.hosts if hosts is None else hosts))

    def primaries_first(self, module: Any, register: str, **options: Any) -> None:
        """Run a step for the primaries and then for the remote clusters, as the role does, because a remote cluster is measured by the facts of its primary."""
        primaries = [host for host in self.hosts if not self._primary(host, register)]
        self.each(module, register, hosts=primaries, **options)
        self.each(module, register, hosts=[host for host in self.hosts if host not in primaries], **options)

    def _primary(self, host: str, register: str) -> Result:
        found: Result = FILTERS["_rotation_primary"](self.hosts, self.vars, host, register)
        return found

    def run(self) -> Play:
        self.primaries_first(rotation_info, "seen", **self.shared)
        self._target(check=True)
        planned = self.plan()
        if planned["findings"]:
            raise Stopped(" ".join(planned["findings"]))
        if not self.asked["plan"] and not planned["done"]:
            self._under_lease()
        return self

    def plan(self) -> Any:
        return self.filter(
            "_rotation_plan",
            "seen",
            self.target["fingerprint"],
            accepted=self.asked["accepted"],
            **{key: self.target[key] for key in ("stale", "leaving", "moment")},
            unsettled=self.target["unsettled"],
            clock_skew_max=30,
            recover=self.asked["recover"],
        )

    @property
    def target(self) -> Result:
        return self._ok(self.vars[self.hosts[0]]["target"])

    @property
    def changed(self) -> bool:
        return any(result.get("changed") for result in self.results)

    def _ok(self, result: Result) -> Result:
        if result.get("failed"):
            raise Stopped(str(result["msg"]))
        return result

    def _target(self, check: bool, **more: Any) -> None:
        options = {key: self.asked[key] for key in ("min_age", "rollback", "retire_roots")}
        renew = self.asked["kind"] == "intermediate"
        clusters = self.filter("_rotation_clusters", "seen")
        self.each(rotation_target, "target", check, **self.shared, **ISSUING, **options, root=self.root, clusters=clusters, renew_intermediates=renew, **more)

    def _under_lease(self) -> None:
        place = self.filter("_rotation_lease", "east")
        here = {**self.vars[place["taker"]]["mesh_kube"], "cluster": place["taker"]}
        options = {**here, "mesh": "shop", "kube": place["kube"], "duration": self.asked["duration"], "break_holder": self.asked.get("break_lease", "")}
        taken = self._ok(task(lease, options))
        self.hold = {**place, "holder": taken["holder"], "epoch": taken["epoch"]}
        try:
            self._target(check=False, hosts=[place["taker"]], lease=self.hold)
            before = "seen"
            for step in ("introduce", "reissue", "retire"):
                if step == "retire" and self.asked["soak"]:
                    self.between("soak")
                    self._ok(task(rotation, {**here, **ISSUING, "step": "soak", "soak": self.asked["soak"], "lease": self.hold}))
                self.between(step)
                self.step(step, before)
                before = step
            self.between("finish")
            self._finish()
        finally:
            task(lease, {**here, "mesh": "shop", "kube": place["kube"], "holder": taken["holder"], "state": "released"})

    def step(self, step: str, before: str) -> None:
        clusters, recover = self.filter("_rotation_clusters", before), self.asked["recover"]
        aim = {"target": self.target["fingerprint"], "target_certificate": self.target["certificate"], "root": self.root}
        aim |= {key: self.target[key] for key in ("stale", "leaving", "moment")}
        more = {"clusters": clusters, "recover": recover, "timeout": self.asked["timeout"], "lease": self.hold}
        self.primaries_first(rotation, step, step=step, **self.shared, **ISSUING, **aim, **more)
        planned = {key: self.target[key] for key in ("leaving", "moment")}
        late = self.filter("_rotation_barrier", step, step, self.target["fingerprint"], recover=recover, **planned)
        if late:
            raise Stopped(" ".join(late))

    def _finish(self) -> None:
        aim = {"mesh": "shop", "root": self.root, "target": self.target["fingerprint"], "leaving": self.target["leaving"], "lease": self.hold}
        clusters = self.filter("_rotation_clusters", "retire")
        self.each(rotation, "finish", of="retire", step="finish", **self.shared, **aim, clusters=clusters)
        for host in self.hosts:
            self._ok(self.vars[host]["finish"])
        here = {**self.vars[self.hosts[0]]["mesh_kube"], "cluster": self.hosts[0]}
        self.results.append(self._ok(task(rotation_target, {**here, "provider": self.shared["provider"], "state": "settled", **aim})))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    Play(given.pop("kube"), **given).run()
