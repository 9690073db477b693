# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The echo server of `verify` in a datacenter of real programs, with the sidecar that the module workloads gives it."""

from __future__ import annotations

import dataclasses
import http.client
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceSet
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import workloads
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import due
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import PATIENCE, Datacenter, until
from ansible_collections.meshops.lifecycle.tests.consul.pods import Pod
from meshlab import programs

_HOST = 60


class Echo:
    """The echo server of one datacenter. `shift` moves the ports of its upstreams: all datacenters of a test share one loopback interface."""

    def __init__(self, datacenter: Datacenter, clusters: tuple[str, ...], shift: int = 0) -> None:
        self.datacenter, self.wish = datacenter, datacenter.wish
        self.asks = ProbeWish(self.wish.cluster, "", clusters, namespace=self.wish.namespace)
        (service,) = probe.services(self.asks)
        self.service = dataclasses.replace(service, upstreams=tuple(dataclasses.replace(one, port=one.port + shift) for one in service.upstreams))
        self.name = f"echo-{self.wish.cluster}"

    def complete(self, leaving: bool = False) -> list[str]:
        """Order what the service needs, or with `leaving` what is spare without it, and return the names of the orders."""
        named = ServiceSet("probe", () if leaving else (self.service,))
        wanted = (workloads.spare if leaving else workloads.due)(self.wish, named)
        return due.complete(self.datacenter.cluster, wanted, PATIENCE, SystemClock()).ordered

    def start(self) -> Pod:
        self.datacenter.cluster.apply([self._joined()])
        return self.datacenter.run("Deployment", self.name, f"{self.name}-1", _HOST)

    def _joined(self) -> dict[str, Any]:
        """The Deployment as the API server merges the two parts."""
        own = probe.manifests(self.asks)[-1]
        added = workloads.joined(self.wish, self.service, own)["spec"]["template"]
        template = own["spec"]["template"]
        server = template["spec"]["containers"][0] | {"command": [str(programs.build(programs.PROGRAMS["fortio"]) / "fortio")]}
        spec = {**template["spec"], **added["spec"], "containers": [server, *added["spec"]["containers"]]}
        metadata = {**template["metadata"], "labels": {**template["metadata"]["labels"], **added["metadata"]["labels"]}}
        return {**own, "spec": {**own["spec"], "template": {"metadata": metadata, "spec": spec}}}

    def fetch(self, target: str) -> tuple[int, str]:
        """Ask the target through this sidecar, which Consul has listen on the loopback address of this machine."""
        port = next(one.port for one in self.service.upstreams if one.cluster == target)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/debug")
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    def fault(self, target: str) -> str | None:
        """What is wrong with the answer of the target. All servers have the name of this machine, so the name is not judged."""
        status, body = self.fetch(target)
        return probe.fault(self.asks, target, status, f" on echo-{target} - request from \n{body}" if status == 200 else body)

    def await_answer(self, target: str) -> None:
        log = self.datacenter.pods[f"{self.name}-1"]
        until(lambda: self.fault(target) is None, lambda: f"{self.fault(target)}\n{log.log('consul-envoy')[-3000:]}")
