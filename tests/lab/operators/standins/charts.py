# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an install of a chart is: the lab's Helm with Istio's charts, or Deployments alone where no kubelet runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from .objects import APPLY, UNINSTALL, Object, Write, apply, made, name, owner
from .server import Refused, Server

_OF_TAGS = {"MutatingWebhookConfiguration": "istio-revision-tag-", "Service": "istiod-revision-tag-"}  # what istiod's chart makes of `revisionTags`


class Charts(Protocol):
    """Whoever installs charts. An error is raised as Refused."""

    async def do(self, server: Server, write: Write) -> None: ...


class Deployments:
    """No chart: of istiod there is a Deployment, which nobody runs, and of a tag nothing."""

    async def do(self, server: Server, write: Write) -> None:
        deployment = write.body.get("deployment")
        if write.verb == UNINSTALL:
            if deployment:
                await server.write(Write("delete", "Deployment", deployment, write.namespace))
        elif deployment:
            labels = {"app": "istiod", "istio.io/rev": write.body["values"].get("revision") or "default"}
            container = {"name": "discovery", "image": f"istiod:{write.body['version']}"}
            wanted = {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}
            mine = owner(write.body["owner"], controller=True)
            await server.write(apply(made("Deployment", deployment, write.namespace, wanted, labels=labels, ownerReferences=[mine])))


@dataclass(frozen=True)
class Helm:
    """The charts of Istio by version, each a folder with base, istiod and others, installed by the program `helm` on the PATH."""

    folders: Mapping[str, Path]
    kubeconfig: Path
    context: str = ""

    async def do(self, server: Server, write: Write) -> None:
        if write.body["chart"] == "revisiontags":
            await self._tag(server, write)
        elif write.verb == UNINSTALL:
            await self._helm({}, "uninstall", write.name, "--namespace", write.namespace, "--ignore-not-found", "--wait")
        else:
            chart = self.folders[write.body["version"]] / write.body["chart"]
            await self._helm(write.body["values"], "upgrade", "--install", write.name, str(chart), "--namespace", write.namespace, "--values", "-")

    async def _tag(self, server: Server, write: Write) -> None:
        """Write or delete what leads a tag to its revision. The original has a chart of its own for that, which is a part of istiod's."""
        tag = write.name.removesuffix("-revisiontags")
        if write.verb == UNINSTALL:
            suffix = "" if write.namespace in ("", "istio-system") else f"-{write.namespace}"
            await server.write(Write("delete", "MutatingWebhookConfiguration", f"istio-revision-tag-{tag}{suffix}"))
            if write.namespace:
                await server.write(Write("delete", "Service", f"istiod-revision-tag-{tag}", write.namespace))
            return
        for one in await self.rendered(write, "istiod"):
            if name(one).startswith(_OF_TAGS.get(one["kind"], "/")):
                mine = [owner(write.body["owner"], controller=True)]
                await server.write(apply({**one, "metadata": {**one["metadata"], "ownerReferences": mine}}))

    async def rendered(self, write: Write, chart: str, *options: str) -> list[Object]:
        """Return the objects of a chart that is not installed as a release."""
        folder = self.folders[write.body["version"]] / chart
        words = ("template", write.name, str(folder), "--namespace", write.namespace, "--values", "-", *options)
        return [one for one in yaml.safe_load_all(await self._helm(write.body["values"], *words)) if one]

    async def definitions(self, server: Server) -> None:
        """Serve the CRDs of the newest Istio, which the operator brings by itself. One that is there stays as it is."""
        newest = next(iter(self.folders))
        wanted = Write("install", "Release", "crds", "istio-system", {"version": newest, "values": {}})
        have = {name(one) for one in await server.list("CustomResourceDefinition")}
        for one in await self.rendered(wanted, "base", "--include-crds"):
            if one["kind"] == "CustomResourceDefinition" and name(one) not in have:
                await server.write(Write(APPLY, one["kind"], name(one), body=one))

    async def _helm(self, values: Mapping[str, Any], *words: str) -> str:
        where = ["--kubeconfig", str(self.kubeconfig), *(["--kube-context", self.context] if self.context else [])]
        pipe = asyncio.subprocess.PIPE
        program = await asyncio.create_subprocess_exec("helm", *words, *where, stdin=pipe, stdout=pipe, stderr=pipe)
        said, wrong = await program.communicate(yaml.safe_dump(dict(values)).encode())
        if program.returncode:
            raise Refused(f"helm {words[0]} {words[1]}: {' '.join(wrong.decode(errors='replace').split())[:500]}")
        return said.decode()
