# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of this collection, each with a message for people. Only `_ansible/run.py` turns them into failed tasks."""

from __future__ import annotations

from typing import Any

from .confidential import without_userinfo


class MeshError(Exception):
    """A message for the person who runs the playbook, and facts for automation.

    The facts become part of the task's result, so they are JSON safe and never secret. User and password are removed from addresses in the message.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(without_userinfo(message))
        self.facts = facts


class Refused(MeshError):
    """The wish is wrong or unsafe, and nothing was written."""


class Outdated(Refused):
    """An object has changed since it was read, so it was not written: look again, and decide anew."""

    def __init__(self, cluster: str, ref: object) -> None:
        super().__init__(f"{cluster}: {ref} has changed since it was read, so it was not written. Run again to decide anew.")


class NotReady(MeshError):
    """A wait ran out."""


class Unreachable(MeshError):
    """The API server did not answer, or its answer cannot be trusted."""


class Denied(MeshError):
    """The API server refused the credential or lacks a right for it."""


class Conflict(MeshError):
    """Another field manager owns a field of the wish."""
