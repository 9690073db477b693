# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server's answer, and the message that an error becomes."""

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
    """Status, headers (names in lower case) and raw body of one reply. `seen` is when it came, by the local clock in seconds."""

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
        """Return whether a success carries no JSON object. A proxy can truncate an object and still send a matching length."""
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
        """Return the Status object of an error, or one made from whatever text came instead."""
        try:
            status = self._parsed
        except ValueError:
            status = None
        if isinstance(status, dict) and status.get("kind") == "Status":
            return status
        text = " ".join(self.body.decode(errors="replace").split())[:200]
        return {"reason": "", "message": text or f"HTTP {self.status}", "details": {}}

    @property
    def mistyped(self) -> bool:
        """Return whether the wish does not fit the schema, which server-side apply reports as an internal error."""
        return self.status == 500 and any(sign in self.body for sign in _MISTYPED)

    @property
    def reason(self) -> str:
        return str(self.refusal.get("reason") or "")


@dataclass(frozen=True)
class PodRequest:
    """One HTTP request to one port of one pod; `timeout` is in seconds. A header or the body may be secret, so repr shows neither."""

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
# The API server quotes a wrong value over many lines or in nested braces. The value may be a secret, so no part of it is kept.
_QUOTED = re.compile(r"(: expected [^,\n]*), got .*", re.DOTALL)
_NEXT = re.compile(r"\n(?=\s*\.[^\s:]+: )")
_OWNER = re.compile(r'conflicts? with "([^"]+)"')


def owners(refusal: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the field managers that own fields of the wish, with these fields."""
    fields: dict[str, list[str]] = {}
    for cause in (refusal.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "FieldManagerConflict":
            match = _OWNER.search(str(cause.get("message")))
            fields.setdefault(match.group(1) if match else "another manager", []).append(str(cause.get("field")))
    return fields


def error(answer: Answer, cluster: str, doing: str) -> MeshError:
    """Return the MeshError for an answer. `doing` is the attempted action, as in "apply ConfigMap x/y"."""
    refusal = answer.refusal
    message = _unquoted(str(refusal.get("message") or "").strip().rstrip("."))
    facts = {"status": answer.status, "reason": answer.reason}
    if answer.status == 401:
        return Denied(f"{cluster}: {_EXPIRED}", **facts)
    others = {manager: fields for manager, fields in owners(refusal).items() if not is_our_manager(manager)} or owners(refusal)
    if others:
        owned = "; ".join(f"{', '.join(fields)} belongs to {manager}" for manager, fields in others.items())
        way_out = "Leave the field to its owner, or take it with force: true."
        return Conflict(f"{cluster}: cannot {doing}: {owned}. {way_out}", owners=others, **facts)
    if answer.mistyped:
        misfit = message.partition("): ")[2] if "typed patch" in message else _last(message)
        return MeshError(f"{cluster}: cannot {doing}: it does not fit its schema: {misfit}.", **facts)
    if _terminating(refusal):
        return NotReady(f"{cluster}: cannot {doing} while its namespace is being deleted; run again when it is gone.", **facts)
    error_type, sentence, remedy = _BY_STATUS.get(answer.status, (MeshError, "cannot", ""))
    if answer.status == 403 and not _LACKS.search(message):
        remedy = ""  # a quota or a webhook forbids, and says why
    return error_type(f"{cluster}: {sentence} {doing}: {message}.{remedy}", **facts)


def _unquoted(message: str) -> str:
    """Remove quoted values error by error, because one error may follow another's value."""
    return "\n".join(_QUOTED.sub(r"\1, got another type", line) for line in _NEXT.split(message))


def _last(message: str) -> str:
    """Return the last of a chain of causes, with the path that it is about."""
    *_causes, path, cause = ["", *message.rsplit(": ", 2)]
    return f"{path}: {cause}" if path.startswith(".") else cause


_EXPIRED = (
    "the API server does not accept the credential (401): the token or certificate is expired, revoked or of another cluster. Get a new one and run again."
)
_LACKS = re.compile(r'User "[^"]*" cannot ')
_BUSY = (Unreachable, "the API server is too busy or not ready to", " Run again when it is ready.")
_BY_STATUS: dict[int, tuple[type[MeshError], str, str]] = {
    403: (Denied, "not allowed to", " Grant this right, as docs/rbac.yml does, or use another credential."),
    429: _BUSY,
    500: (NotReady, "the API server failed to", ""),
    502: _BUSY,
    503: _BUSY,
    504: _BUSY,
}


def _terminating(refusal: Mapping[str, Any]) -> bool:
    causes = (refusal.get("details") or {}).get("causes") or []
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
