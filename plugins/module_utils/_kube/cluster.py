# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster as everything above sees it: verbs that take and give plain dictionaries.

What a task without changes does not need is imported where it is used: Ansible has it compiled anew in every task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .._mesh.errors import MeshError
from .._mesh.objects.change import Change, Ref
from .http.answer import Answer, Question
from .http.transport import Transport
from .objects import write
from .objects.server import Objects, Server, all_or_error, each

if TYPE_CHECKING:
    from .._mesh.objects.condition import Condition
    from .._mesh.question import Greeting

_ASKED_AT_ONCE = 64
T = TypeVar("T")

# A method is called `list`, so the types need other names inside of its class.
MaybeObjects = list[dict[str, Any] | None]
Changes = list[Change]
MoreOf = list


@dataclass(frozen=True)
class Permission:
    """One thing somebody may do; `resource` may name a subresource, as in pods/portforward."""

    verb: str
    group: str
    resource: str
    namespace: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        what = f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}"
        what += f" {self.name}" if self.name else ""
        return what + (f" in namespace {self.namespace}" if self.namespace else " in all namespaces")


@dataclass(frozen=True)
class Identity:
    """Which cluster this is. `skew` is the local clock minus the server's, in seconds, good to about one."""

    uid: str
    version: str
    platform: str
    skew: float
    openshift: bool


Permissions = list[Permission]
Answers = list[Answer | MeshError]
Chains = list[bytes | MeshError]


class Cluster:
    """In a dry run every verb answers the same way, and nothing is stored."""

    def __init__(self, transport: Transport, *, name: str, dry_run: bool = False) -> None:
        self._server = Server(transport, name, dry_run)
        self.name = name
        self.server = transport.access.server
        self.dry_run = dry_run
        self.ca_data = transport.access.ca

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """None when the object is missing, or its kind is not served."""
        return self._server.get(ref)

    def get_all(self, refs: Iterable[Ref]) -> MaybeObjects:
        """As `get`, all at once."""
        return all_or_error(each(self._server.get, refs))

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        fields: str | Mapping[str, str] | None = None,
        metadata_only: bool = False,
    ) -> Objects:
        """Empty when the kind is not served."""
        return self._server.list(api_version, kind, namespace, labels, fields, metadata_only)

    def serves(self, api_version: str, kind: str) -> bool:
        return self._server.discovery.find(api_version, kind) is not None

    def apply(self, manifests: Iterable[Mapping[str, Any]], force: bool = False) -> Changes:
        """Write what differs, and only that; `force` takes fields from other managers."""
        return write.apply(self._server, manifests, force)

    def create(self, manifest: Mapping[str, Any]) -> Change | None:
        """None if it exists already, whatever it holds: of several that try at once one wins."""
        from .objects import remove

        return remove.create(self._server, manifest)

    def amend(self, before: Mapping[str, Any], patch: Mapping[str, Any], exact: bool = True) -> Change:
        """A merge patch of an object that was read; with `exact` it is refused if somebody wrote the object since."""
        from .objects import amend

        return amend.amend(self._server, before, patch, exact)

    def replace(self, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """Write what was read and changed; None if somebody else wrote it in between."""
        from .objects import replace

        return replace.replace(self._server, manifest)

    def delete(self, refs: Iterable[Ref], wait: float = 0) -> Changes:
        """`wait` is how many seconds finalizers get."""
        from .objects import remove

        return remove.delete(self._server, refs, wait)

    def settle(self, conditions: Iterable[Condition], timeout: float) -> None:
        from .objects import settle

        settle.settle(self._server, conditions, timeout)

    def ask(
        self,
        namespace: str,
        pod: str,
        port: int,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        timeout: float = 15,
    ) -> Answer:
        """HTTP to a pod's port; the pod sees it come from localhost."""
        from .pods import portforward

        asked = Question(namespace, pod, port, path, method, body, timeout)
        return portforward.ask(self._server.transport, asked)

    def ask_all(self, questions: Sequence[Question]) -> Answers:
        """Answers in the order of the questions; what failed stands in the place of its answer."""
        return each(self._asked, questions, _ASKED_AT_ONCE)

    def hear_all(self, questions: Sequence[Question], hear: Callable[[int, Answer | MeshError], T]) -> MoreOf[T]:
        """What `hear` makes of each answer, or of its failure, in the order of the questions. Several threads call it, while others still wait."""

        def one(numbered: tuple[int, Question]) -> T:
            number, question = numbered
            try:
                answer: Answer | MeshError = self._asked(question)
            except MeshError as failed:
                answer = failed
            return hear(number, answer)

        return all_or_error(each(one, enumerate(questions), _ASKED_AT_ONCE))

    def _asked(self, question: Question) -> Answer:
        from .pods import portforward

        return portforward.ask(self._server.transport, question)

    def greet_all(self, greetings: Sequence[Greeting]) -> Chains:
        """The certificates that are served, as PEM, in the order of the greetings; what failed stands in the place of its chain."""
        from .pods import handshake

        return each(lambda greeting: handshake.greet(self._server.transport, greeting), greetings, _ASKED_AT_ONCE)

    def denied(self, permissions: Sequence[Permission]) -> Permissions:
        """Those of them that our credential does not have."""
        allowed = all_or_error(each(self._allowed, permissions))
        return [permission for permission, yes in zip(permissions, allowed, strict=True) if not yes]

    def _allowed(self, permission: Permission) -> bool:
        resource, _slash, subresource = permission.resource.partition("/")
        asked = {
            "verb": permission.verb,
            "group": permission.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": permission.namespace or "",
            "name": permission.name or "",
        }
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = {**review, "spec": {"resourceAttributes": asked}}
        answer = self._server.transport.request("POST", path, body=body)
        told = self._server.accepted(answer, "ask what the credential may do").json()
        return bool((told.get("status") or {}).get("allowed"))

    def uid(self) -> str:
        """The UID of namespace kube-system, which names a cluster for as long as it lives."""
        answer = self._server.transport.request("GET", "/api/v1/namespaces/kube-system")
        return str(self._server.accepted(answer, "get Namespace kube-system").json()["metadata"]["uid"])

    def identity(self) -> Identity:
        transport = self._server.transport
        uid = self.uid()
        answer = transport.request("GET", "/version")
        told = self._server.accepted(answer, "get its version").json()
        group = transport.request("GET", "/apis/config.openshift.io")
        if group.status not in (403, 404):
            self._server.accepted(group, "learn whether it is OpenShift")
        return Identity(uid, str(told["gitVersion"]), str(told.get("platform") or ""), _skew(answer), group.ok)


def _skew(answer: Answer) -> float:
    """The Date header has whole seconds, so its middle is meant."""
    told = answer.headers.get("date")
    return round(answer.seen - parsedate_to_datetime(told).timestamp() - 0.5, 1) if told else 0.0


__all__ = ["Answer", "Cluster", "Identity", "Permission", "Question"]
