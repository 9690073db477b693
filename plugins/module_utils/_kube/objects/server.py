# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read one cluster by kind and name, and run many requests in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ..._mesh.errors import MeshError, Refused
from ..._mesh.objects.change import Ref
from ..http.answer import Answer, error
from ..http.transport import THREADS, Transport
from .discovery import Discovery, Kind

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_PAGE = "500"

# A method is called `list`, so the type inside its class needs another name.
Objects = list[dict[str, Any]]
T = TypeVar("T")
R = TypeVar("R")


class Server:
    """One API server during one task: its kinds and its objects."""

    def __init__(self, transport: Transport, name: str, dry_run: bool = False) -> None:
        self.transport, self.name, self.dry_run = transport, name, dry_run
        self.discovery = Discovery(transport)

    def path(self, ref: Ref, kind: Kind) -> str:
        if kind.namespaced and not ref.namespace:
            raise Refused(f"{self.name}: {ref} names no namespace, and {ref.kind} objects live in one.")
        try:
            return kind.path(ref.namespace, ref.name)
        except Refused as refused:
            raise Refused(f"{self.name}: {ref.kind}: {refused}") from refused

    def get(self, ref: Ref, within: float | None = None) -> dict[str, Any] | None:
        kind = self.discovery.find(ref.api_version, ref.kind)
        if kind is None:
            return None
        answer = self.transport.request("GET", self.path(ref, kind), within=within)
        if answer.status == 404:
            return None
        return dict(self.accepted(answer, f"get {ref}").json())

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        fields: str | Mapping[str, str] | None = None,
        metadata_only: bool = False,
        within: float | None = None,
        without: Sequence[str] = (),
    ) -> Objects:
        """Return all matching objects of a kind, from all pages of a long list, without what lies at these paths. `within` is in seconds."""
        served = self.discovery.find(api_version, kind)
        if served is None:
            return []
        query = {"limit": _PAGE, "labelSelector": _selector(labels), "fieldSelector": _selector(fields)}
        query = {key: value for key, value in query.items() if value}
        accept = _METADATA if metadata_only else "application/json"
        return [{**item, "apiVersion": api_version, "kind": kind} for item in self._pages(served, namespace, query, accept, within=within, without=without)[0]]

    def some(self, kind: Kind, namespace: str | None, labels: str, most: int) -> tuple[Objects, bool]:
        """Return up to about `most` objects of a list, and whether they are all of it."""
        query = {"limit": str(min(int(_PAGE), most)), **({"labelSelector": labels} if labels else {})}
        return self._pages(kind, namespace, query, "application/json", most)

    def _pages(
        self,
        kind: Kind,
        namespace: str | None,
        query: dict[str, str],
        accept: str,
        most: int | None = None,
        within: float | None = None,
        without: Sequence[str] = (),
    ) -> tuple[Objects, bool]:
        items: Objects = []
        while True:
            answer = self.transport.request("GET", kind.path(namespace), query, accept=accept, within=within)
            if answer.status == 410 and "continue" in query:
                if most is not None:
                    return items, False
                # Reading took so long that the server cannot continue the list, so read it all at once.
                query = {key: value for key, value in query.items() if key not in ("continue", "limit")}
                items = []
                continue
            if answer.status == 404:
                return [], True
            page = self.accepted(answer, f"list {kind.plural}{' in ' + namespace if namespace else ''}").json()
            items += _without(page.get("items") or [], without)
            meta = page.get("metadata") or {}
            if not meta.get("continue"):
                return items, True
            if most is not None and len(items) + (meta.get("remainingItemCount") or 1) > most:
                return items, False
            query["continue"] = meta["continue"]

    def accepted(self, answer: Answer, doing: str) -> Answer:
        if answer.ok:
            return answer
        raise error(answer, self.name, doing)


def _without(items: Objects, paths: Sequence[str]) -> Objects:
    """Drop what lies at these paths. Thousands of whole pods would take a gigabyte."""
    for path in paths:
        *way, last = path.split(".")
        for item in items:
            inner: Any = item
            for key in way:
                inner = inner.get(key) or {}
            inner.pop(last, None)
    return items


def _selector(wish: str | Mapping[str, str] | None) -> str:
    if wish is None or isinstance(wish, str):
        return wish or ""
    return ",".join(f"{key}={value}" for key, value in sorted(wish.items()))


def each(work: Callable[[T], R], items: Iterable[T], threads: int = THREADS) -> list[R | MeshError]:
    """Apply `work` to all items in parallel. Return the results in order; an item that failed has its error in place of a result."""
    todo = list(items)

    def attempt(item: T) -> R | MeshError:
        try:
            return work(item)
        except MeshError as failed:
            return failed

    if len(todo) < 2:
        return [attempt(item) for item in todo]
    # Start only as many threads as the same number of rounds needs, because each thread costs a TLS handshake.
    rounds = -(-len(todo) // threads)
    with ThreadPoolExecutor(-(-len(todo) // rounds)) as pool:
        running: list[Future[R | MeshError]] = [pool.submit(attempt, item) for item in todo]
        return [future.result() for future in running]


def all_or_error(results: Iterable[R | MeshError]) -> list[R]:
    """Return the results. If some failed, raise one error of the first one's type with the first three messages."""
    known = list(results)
    failed = [result for result in known if isinstance(result, MeshError)]
    if not failed:
        return [result for result in known if not isinstance(result, MeshError)]
    if len(failed) == 1:
        raise failed[0]
    said = list(dict.fromkeys(str(failure) for failure in failed))
    more = f" And {len(said) - 3} more of this kind." if len(said) > 3 else ""
    raise type(failed[0])(" ".join(said[:3]) + more, **failed[0].facts)
