# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, told in one sentence each; only `_ansible/run.py` turns it into Ansible."""

from __future__ import annotations

from typing import Any

from .confidential import without_userinfo


class MeshError(Exception):
    """A sentence for the person who runs the playbook, and facts for the one who automates around it.

    Facts end up in the task's result: they are JSON safe and never secret. Addresses in the sentence lose the user and password that they were given with.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(without_userinfo(message))
        self.facts = facts


class Refused(MeshError):
    """The wish is wrong or unsafe; nothing was written."""


class NotReady(MeshError):
    """A wait ran out."""


class Unreachable(MeshError):
    """No answer from the API server, or none that can be trusted."""


class Denied(MeshError):
    """The API server refused the credential, or what it was used for."""


class Conflict(MeshError):
    """Another field manager owns a field of the wish."""
