# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster as the layers above see it: methods that take and return plain dictionaries.

Files that a task without changes does not need are imported where they are used, because Python compiles them anew in every task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .._mesh.errors import MeshError
from .._mesh.objects.change import Change, Ref
from .http.answer import Answer, PodRequest
from .http.transport import Transport
from .objects import write
from .objects.server import Objects, Server, all_or_error, each

if TYPE_CHECKING:
    from .._mesh.objects.condition import Condition
    from .._mesh.question import Greeting
    from .objects.rehearse import Rehearsed
    from .objects.tried import ApiTrial

_ASKED_AT_ONCE = 64
T = TypeVar("T")

# A method is called `list`, so types inside its class need other names.
MaybeObjects = list[dict[str, Any] | None]
Changes = list[Change]
MoreOf = list
Rehearsals = list["Rehearsed"]


@dataclass(frozen=True)
class Permission:
    """One right. `resource` may name a subresource, as in pods/portforward."""

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
    """Which cluster this is. `skew` is the local clock minus the server's, in seconds, exact to about one."""

    uid: str
    version: str
    platform: str
    skew: float
    openshift: bool


Permissions = list[Permission]
Answers = list[Answer | MeshError]
Chains = list[bytes | MeshError]


class Cluster:
    """In a dry run every method returns what it would for real, and nothing is stored."""

    def __init__(self, transport: Transport, *, name: str, dry_run: bool = False) -> None:
        self._server = Server(transport, name, dry_run)
        self.name = name
        self.server = transport.access.server
        self.dry_run = dry_run
        self.ca_data = transport.access.ca

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """Return the object; None if it does not exist or the server does not serve its kind."""
        return self._server.get(ref)

    def get_all(self, refs: Iterable[Ref]) -> MaybeObjects:
        """Return what `get` returns for each, read in parallel."""
        return all_or_error(each(self._server.get, refs))

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        fields: str | Mapping[str, str] | None = None,
        metadata_only: bool = False,
        without: Sequence[str] = (),
    ) -> Objects:
        """Return all objects that match, without what lies at these paths; empty if the server does not serve the kind."""
        return self._server.list(api_version, kind, namespace, labels, fields, metadata_only, without=without)

    def serves(self, api_version: str, kind: str) -> bool:
        return self._server.discovery.find(api_version, kind) is not None

    def apply(self, manifests: Iterable[Mapping[str, Any]], force: bool = False) -> Changes:
        """Write only the objects that differ; `force` takes fields over from other managers. Return one change for each manifest."""
        return write.apply(self._server, manifests, force)

    def apply_part(self, parts: Iterable[Mapping[str, Any]], owner: str, rehearsal: bool = False) -> Changes:
        """Write what `owner` adds to objects of others, each as a whole: what an earlier call added and this one does not name, goes.

        A rehearsal stores nothing. It lets the server judge before the first write.
        """
        server = self._server
        if rehearsal:
            server = copy(server)
            server.dry_run = True
        return write.apply(server, parts, owner=owner)

    def create(self, manifest: Mapping[str, Any]) -> Change | None:
        """Create an object. Return None if it exists already, whatever it holds: if several callers try at once, one of them wins."""
        from .objects import remove

        return remove.create(self._server, manifest)

    def rehearse_all(self, manifests: Sequence[Mapping[str, Any]], at_once: int) -> Rehearsals:
        """Ask the server to create each object and to store nothing, in a real run too. Return, in their order, what it would store, or why it would not."""
        from .objects import rehearse

        return rehearse.rehearse_all(self._server, manifests, at_once)

    def trial(self) -> ApiTrial:
        """Return what asks the server whether it would take objects, and what it serves. It stores nothing, in a real run too."""
        from .objects import tried

        return tried.ApiTrial(self._server)

    def amend(self, before: Mapping[str, Any], patch: Mapping[str, Any], exact: bool = True) -> Change:
        """Send a merge patch for the object `before`. With `exact`, raise Outdated if somebody has changed it since it was read."""
        from .objects import amend

        return amend.amend(self._server, before, patch, exact)

    def replace(self, manifest: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Write a whole object that was read and changed. Return None if it has changed on the server since it was read.

        With `before`, the object as it was read, fields that we applied stay applied by us.
        """
        from .objects import replace

        return replace.replace(self._server, manifest, before)

    def delete(self, refs: Iterable[Ref], wait: float = 0) -> Changes:
        """Delete objects in reverse order and wait up to `wait` seconds for their finalizers."""
        from .objects import remove

        return remove.delete(self._server, refs, wait)

    def evict(self, pod: Mapping[str, Any]) -> Change | None:
        """End a pod that was read, if its disruption budgets allow it. Return None if they do not now."""
        from .pods import eviction

        return eviction.evict(self._server, pod)

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
        """Send an HTTP request to a pod's port; to the pod it comes from localhost. `timeout` is in seconds."""
        from .pods import portforward

        asked = PodRequest(namespace, pod, port, path, method, body, timeout)
        return portforward.ask(self._server.transport, asked)

    def ask_all(self, questions: Sequence[PodRequest]) -> Answers:
        """Return the answers in the order of the questions. A question that failed has its error in place of an answer."""
        return each(self._asked, questions, _ASKED_AT_ONCE)

    def hear_all(self, questions: Sequence[PodRequest], hear: Callable[[int, Answer | MeshError], T]) -> MoreOf[T]:
        """Return what `hear` returns for each answer or error, in the order of the questions. Threads call `hear` while others still wait."""

        def heard(numbered: tuple[int, PodRequest]) -> T:
            number, question = numbered
            try:
                answer: Answer | MeshError = self._asked(question)
            except MeshError as failed:
                answer = failed
            return hear(number, answer)

        return all_or_error(each(heard, enumerate(questions), _ASKED_AT_ONCE))

    def _asked(self, question: PodRequest) -> Answer:
        from .pods import portforward

        return portforward.ask(self._server.transport, question)

    def greet_all(self, greetings: Sequence[Greeting]) -> Chains:
        """Return the served chains as PEM, in the order of the greetings. A handshake that failed has its error in place of a chain."""
        from .pods import handshake

        return each(lambda greeting: handshake.greet(self._server.transport, greeting), greetings, _ASKED_AT_ONCE)

    def denied(self, permissions: Sequence[Permission]) -> Permissions:
        """Return the permissions that the credential lacks."""
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
        reviewed = self._server.accepted(answer, "ask what the credential may do").json()
        return bool((reviewed.get("status") or {}).get("allowed"))

    def uid(self) -> str:
        """Return the UID of namespace kube-system. It identifies a cluster for the cluster's whole life."""
        answer = self._server.transport.request("GET", "/api/v1/namespaces/kube-system")
        return str(self._server.accepted(answer, "get Namespace kube-system").json()["metadata"]["uid"])

    def identity(self) -> Identity:
        transport = self._server.transport
        uid = self.uid()
        answer = transport.request("GET", "/version")
        build = self._server.accepted(answer, "get its version").json()
        group = transport.request("GET", "/apis/config.openshift.io")
        if group.status not in (403, 404):
            self._server.accepted(group, "learn whether it is OpenShift")
        return Identity(uid, str(build["gitVersion"]), str(build.get("platform") or ""), _skew(answer), group.ok)


def _skew(answer: Answer) -> float:
    """Return local minus server time in seconds. The Date header has whole seconds, so the middle of its second counts."""
    sent = answer.headers.get("date")
    return round(answer.seen - parsedate_to_datetime(sent).timestamp() - 0.5, 1) if sent else 0.0


__all__ = ["Answer", "Cluster", "Identity", "Permission", "PodRequest"]
