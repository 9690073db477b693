# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API server answers, and the sentence a refusal becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..._mesh.errors import Conflict, Denied, MeshError, NotReady, Unreachable
from ..._mesh.objects.pruning import is_our_manager
from ..._mesh.question import Tls


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and the raw body of one reply; `seen` is when, by the local clock."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seen: float = 0.0

    def json(self) -> Any:
        return self._parsed if self.body else {}

    @cached_property
    def _parsed(self) -> Any:
        return json.loads(self.body)

    @property
    def garbled(self) -> bool:
        """An API server that agrees sends an object; a truncated one can come with a fitting length from a proxy."""
        if not self.ok and not self.headers.get("content-type", "").startswith("application/json"):
            return False
        try:
            return not isinstance(self._parsed, dict)
        except ValueError:
            return True

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refusal(self) -> dict[str, Any]:
        """The Status object of an error, or one made of what came instead."""
        try:
            told = self._parsed
        except ValueError:
            told = None
        if isinstance(told, dict) and told.get("kind") == "Status":
            return told
        text = " ".join(self.body.decode(errors="replace").split())[:200]
        return {"reason": "", "message": text or f"HTTP {self.status}", "details": {}}

    @property
    def mistyped(self) -> bool:
        """Server-side apply calls it an internal error when the wish does not fit the schema."""
        return self.status == 500 and any(sign in self.body for sign in _MISTYPED)

    @property
    def reason(self) -> str:
        return str(self.refusal.get("reason") or "")


@dataclass(frozen=True)
class Question:
    """One request to one port of one pod. A header or the body may be secret, so neither is shown."""

    namespace: str
    pod: str
    port: int
    path: str
    method: str = "GET"
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 15
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tls: Tls | None = None


_MISTYPED = (b"failed to create typed patch object", b"failed to convert new object")
# The API server quotes what does not fit in ways of its own, over many lines or in braces within braces. It may be a secret, so none of it is kept.
_QUOTED = re.compile(r"(: expected [^,\n]*), got .*", re.DOTALL)
_NEXT = re.compile(r"\n(?=\s*\.[^\s:]+: )")
_OWNER = re.compile(r'conflicts? with "([^"]+)"')


def owners(refusal: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which manager holds which of the fields we asked for."""
    held: dict[str, list[str]] = {}
    for cause in (refusal.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "FieldManagerConflict":
            found = _OWNER.search(str(cause.get("message")))
            held.setdefault(found.group(1) if found else "another manager", []).append(str(cause.get("field")))
    return held


def error(answer: Answer, cluster: str, doing: str) -> MeshError:
    """`doing` says what was asked, as in "apply ConfigMap x/y"."""
    told = answer.refusal
    message = _unquoted(str(told.get("message") or "").strip().rstrip("."))
    facts = {"status": answer.status, "reason": answer.reason}
    if answer.status == 401:
        return Denied(f"{cluster}: {_EXPIRED}", **facts)
    held = {manager: fields for manager, fields in owners(told).items() if not is_our_manager(manager)} or owners(told)
    if held:
        said = "; ".join(f"{', '.join(fields)} belongs to {manager}" for manager, fields in held.items())
        way_out = "Leave the field to its owner, or take it with force: true."
        return Conflict(f"{cluster}: cannot {doing}: {said}. {way_out}", owners=held, **facts)
    if answer.mistyped:
        misfit = message.partition("): ")[2] if "typed patch" in message else _last(message)
        return MeshError(f"{cluster}: cannot {doing}: it does not fit its schema: {misfit}.", **facts)
    if _terminating(told):
        return NotReady(f"{cluster}: cannot {doing} while its namespace is being deleted; run again when it is gone.", **facts)
    error_type, sentence = _BY_STATUS.get(answer.status, (MeshError, "cannot"))
    return error_type(f"{cluster}: {sentence} {doing}: {message}.", **facts)


def _unquoted(message: str) -> str:
    """Each error by itself, as one of them may stand behind another's value."""
    return "\n".join(_QUOTED.sub(r"\1, got another type", line) for line in _NEXT.split(message))


def _last(message: str) -> str:
    """Of a chain of causes the last, with the path that it is about."""
    *_causes, path, said = ["", *message.rsplit(": ", 2)]
    return f"{path}: {said}" if path.startswith(".") else said


_EXPIRED = (
    "the API server does not accept the credential (401): the token or certificate is expired, revoked or of another cluster. Get a new one and run again."
)
_BUSY = "the API server is too busy or not ready to"
_BY_STATUS: dict[int, tuple[type[MeshError], str]] = {
    403: (Denied, "not allowed to"),
    429: (Unreachable, _BUSY),
    500: (NotReady, "the API server failed to"),
    502: (Unreachable, _BUSY),
    503: (Unreachable, _BUSY),
    504: (Unreachable, _BUSY),
}


def _terminating(refusal: Mapping[str, Any]) -> bool:
    causes = (refusal.get("details") or {}).get("causes") or []
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
