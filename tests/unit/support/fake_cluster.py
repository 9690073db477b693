# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real Cluster on an API server small enough to read.

`FakeCluster(*manifests)` is a Cluster in which those objects exist. What it gets right is in contract.py, which runs
against a real API server too. Lists are always replaced as a whole here, as atomic lists are on a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster, Permission, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Greeting

from .fake_server import FakeServer, rolled_out


class FakeTransport:
    """A transport without a network. `requests` remembers each request as "VERB path"."""

    def __init__(self, server: FakeServer, name: str, ca: bytes | None) -> None:
        self.backend, self.name = server, name
        self.access = Access(server=f"https://{name}.example:6443", ca=ca)
        self.requests: list[str] = []

    def beside(self) -> FakeTransport:
        return self

    def request(self, method: str, path: str, query: Any = None, body: Any = None, **how: Any) -> Answer:
        self.requests.append(f"{method} {path}")
        return self.backend.handle(method, path, dict(query or {}), body, how.get("content_type", ""))


class FakeCluster(Cluster):
    """`answers` maps (namespace, pod, port, path) to what `ask` gives: an Answer, a body, or an error to raise; `served` maps
    (namespace, pod, port) to the chain that is served there. `asked` remembers both.

    `refuses` are permissions the credential lacks; `react` is called with each stored object and plays its controller.
    """

    def __init__(
        self,
        *manifests: Mapping[str, Any],
        name: str = "east",
        dry_run: bool = False,
        kinds: Sequence[Kind] = (),
        answers: Mapping[tuple[str, str, int, str], Answer | bytes | MeshError] | None = None,
        served: Mapping[tuple[str, str, int], bytes | MeshError] | None = None,
        refuses: Sequence[Permission] = (),
        react: Callable[[dict[str, Any]], None] = rolled_out,
        uid: str = "11111111-0000-4000-8000-000000000001",
        ca: bytes | None = b"ca of the API server",
    ) -> None:
        self.backend = FakeServer(manifests, kinds, refuses, react, uid)
        self.transport = FakeTransport(self.backend, name, ca)
        self.answers, self.served = dict(answers or {}), dict(served or {})
        self.asked: list[str] = []
        self.questions: list[PodRequest] = []
        super().__init__(self.transport, name=name, dry_run=dry_run)  # type: ignore[arg-type]

    @property
    def writes(self) -> list[str]:
        """The requests that write."""
        return [request for request in self.transport.requests if request.split()[0] in ("PATCH", "POST", "PUT", "DELETE")]

    def checking(self) -> FakeCluster:
        """The same objects, seen in check mode."""
        twin = FakeCluster(name=self.name, dry_run=True)
        twin.backend = twin.transport.backend = self.backend
        twin.answers = self.answers
        return twin

    def ask(self, namespace: str, pod: str, port: int, path: str, method: str = "GET", *_args: Any, **_how: Any) -> Answer:
        self.asked.append(f"{'' if method == 'GET' else f'{method} '}{namespace}/{pod}:{port}{path}")
        found = self.answers.get((namespace, pod, port, path), MeshError(f"{self.name}: Pod {namespace}/{pod} is silent."))
        if isinstance(found, MeshError):
            raise found
        return found if isinstance(found, Answer) else Answer(200, found)

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        answers: list[Answer | MeshError] = []
        for question in questions:
            try:
                self.questions.append(question)
                answers.append(self.ask(question.namespace, question.pod, question.port, question.path, question.method))
            except MeshError as error:
                answers.append(error)
        return answers

    def hear_all(self, questions: Sequence[PodRequest], hear: Callable[[int, Answer | MeshError], Any]) -> list[Any]:
        return [hear(number, answer) for number, answer in enumerate(self.ask_all(questions))]

    def greet_all(self, greetings: Sequence[Greeting]) -> list[bytes | MeshError]:
        self.asked += [f"{greeting.namespace}/{greeting.pod}:{greeting.port}" for greeting in greetings]
        silent = MeshError(f"{self.name}: nothing listens there.")
        return [self.served.get((greeting.namespace, greeting.pod, greeting.port), silent) for greeting in greetings]
