# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes next for one operator, as data: `_work` does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..objects.change import Ref
from ..objects.shapes import Object

APPLY, APPROVE, UNPIN, DELETE = "apply", "approve", "unpin", "delete"
# What changes one field of an object that was read, whoever wrote it before.
PATCHES: Mapping[str, Mapping[str, Any]] = {
    APPROVE: {"spec": {"approved": True}},
    UNPIN: {"spec": {"source": {"catalog": {"version": None}}}},
}
SUBSCRIPTIONS = "operators.coreos.com/v1alpha1"
GROUPS = "operators.coreos.com/v1"
EXTENSIONS = "olm.operatorframework.io/v1"
PACKAGES = "packages.operators.coreos.com/v1"
DEFINITIONS = "apiextensions.k8s.io/v1"


@dataclass(frozen=True)
class OperatorWrite:
    """One write: an object to apply, an InstallPlan to approve, a ClusterExtension to take the pin from, or an object to delete.

    `force` takes fields over from who wrote them before.
    """

    verb: str
    manifest: Object
    force: bool = False

    @property
    def ref(self) -> Ref:
        return Ref.of(self.manifest)

    @property
    def mark(self) -> str:
        """What two writes have in common that ask for the same."""
        return f"{self.verb} {self.ref} {json.dumps(self.manifest, sort_keys=True) if self.verb == APPLY else ''}"

    def undone(self, times: int) -> str:
        """Return what to say of a write that was made so often and is due again."""
        said = "was deleted {} times, and it is there again" if self.verb == DELETE else "was written {} times, and it is still not as it was written"
        return f"{self.ref} {said.format(times)}. Somebody else undoes that, such as a GitOps tool, a policy or a webhook; its managedFields name the writers."

    def __str__(self) -> str:
        csvs = (self.manifest.get("spec") or {}).get("clusterServiceVersionNames") or []
        return f"{self.verb} {self.ref}" + (f" ({', '.join(csvs)})" if self.verb == APPROVE else "")


@dataclass(frozen=True)
class Next:
    """Writes that are due, or what is waited for, in words; with neither, all is as wanted.

    `trouble`: what is seen heals by itself, or never does. `failed` is a sentence about what waiting cannot resolve. `notices` go with what is as wanted.
    """

    writes: tuple[OperatorWrite, ...] = ()
    waits: str = ""
    trouble: bool = False
    failed: str = ""
    notices: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return not (self.writes or self.waits or self.failed)
