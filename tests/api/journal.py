# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API server's audit log: the writes that it was asked for."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

MODULES = "system:serviceaccount:default:admin"  # whose token the tests' tasks use
_READS = {"get", "list", "watch"}
# Questions that are put as a POST, and a stream to a pod: nothing of these is stored.
_QUESTIONS = {("selfsubjectaccessreviews", None), ("pods", "portforward")}


@dataclass
class Journal:
    """Reads the lines of the log since the last reading."""

    server: Any
    user: str = MODULES
    offset: int = field(default=0)

    def read(self) -> list[dict[str, Any]]:
        """All requests of the user so far. The log is a moment behind the answers, so this waits for a request of its own in it."""
        mark, events, end = uuid.uuid4().hex, [], time.monotonic() + 30
        self.server.api.get(f"/api/v1/namespaces/default?mark={mark}")
        with self.server.audit_log.open("rb") as log:
            log.seek(self.offset)
            while time.monotonic() < end:
                line = log.readline()
                if not line.endswith(b"\n"):
                    log.seek(log.tell() - len(line))
                    time.sleep(0.02)
                elif mark.encode() in line:
                    self.offset = log.tell()
                    return [event for event in events if event["user"].get("username") == self.user]
                else:
                    events.append(json.loads(line))
        raise AssertionError("the audit log does not move")


def writes(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["verb"] not in _READS and _what(event) not in _QUESTIONS]


def _what(event: dict[str, Any]) -> tuple[str, str | None]:
    told = event.get("objectRef") or {}
    return str(told.get("resource")), told.get("subresource")


def dry(event: dict[str, Any]) -> bool:
    """Whether it is a dry run. A deletion says so in its body."""
    return "dryRun=All" in event["requestURI"] or (event.get("requestObject") or {}).get("dryRun") == ["All"]


def said(event: dict[str, Any]) -> str:
    return f"{event['verb']} {event['requestURI']}"
