# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lint looks at: objects with the place of each of their fields, and scripts. No repr shows content, because it may be a Secret's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from ..objects.change import Ref

Step = Union[str, int]  # noqa: UP007 - sanity's pylint knows no other
Way = tuple[Step, ...]  # to a field: keys, and places in lists
_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*")
DEFINITION = "CustomResourceDefinition"
# The groups of which every API server has the kinds, whatever CRDs it has.
_BUILTIN = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates", "coordination", "discovery", "events",
        "flowcontrol.apiserver", "internal.apiserver", "networking", "node", "rbac.authorization", "resource", "scheduling", "storage", "storagemigration",
    )
) | {"", "apps", "autoscaling", "batch", "policy"}  # fmt: skip


def is_builtin(group: str) -> bool:
    return group in _BUILTIN


def written(way: Way) -> str:
    """Return a way as people write it: spec.ports[0].name."""
    text = ""
    for step in way:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def below(value: Any, way: Way) -> Any:
    """Return what lies at the end of a way; None if nothing does."""
    for step in way:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


@dataclass(frozen=True)
class Document:
    """One object. `lines` has the lines of its fields, `comments` what is written beside them by line. A live object has no file."""

    manifest: Mapping[str, Any] = field(repr=False)
    file: str = ""
    lines: Mapping[Way, int] = field(default_factory=dict, repr=False)
    comments: Sequence[tuple[int, str]] = field(default=(), repr=False)

    @property
    def ref(self) -> Ref:
        meta = self.manifest.get("metadata")
        named = {key: str(meta[key]) for key in ("name", "namespace") if meta.get(key)} if isinstance(meta, Mapping) else {}
        return Ref.of({**self.manifest, "metadata": named})

    @property
    def group(self) -> str:
        return self.ref.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        return self.ref.api_version.rpartition("/")[2]

    @property
    def is_secret(self) -> bool:
        return self.ref.kind.lower() == "secret"

    def line(self, way: Way) -> int:
        """Return the line of a field, or of what holds it."""
        return next((self.lines[way[:end]] for end in range(len(way), -1, -1) if way[:end] in self.lines), 0)

    def get(self, *way: Step) -> Any:
        return below(self.manifest, way)

    def items(self, *way: Step) -> Sequence[Any]:
        """Return a list; an empty one if none is there, because users write anything."""
        value = self.get(*way)
        return value if isinstance(value, list) else ()

    def mapping(self, *way: Step) -> Mapping[str, Any]:
        """Return a mapping; an empty one if none is there."""
        value = self.get(*way)
        return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True)
class Script:
    """A program for a shell: its lines, from the first on."""

    file: str
    lines: Sequence[str] = field(repr=False)


@dataclass(frozen=True)
class LintScene:
    """All that a rule may look at. `beside` is there to be known and not judged; `files` are the names of all files that were given."""

    documents: Sequence[Document]
    beside: Sequence[Document] = ()
    scripts: Sequence[Script] = ()
    files: frozenset[str] = frozenset()
    platform: str = ""

    @property
    def known(self) -> list[Document]:
        return [*self.documents, *self.beside]

    def of(self, group: str, kind: str) -> list[Document]:
        """Return the objects of a kind that are to be judged."""
        return [each for each in self.documents if (each.group, each.ref.kind) == (group, kind)]

    def namespaces(self) -> set[str]:
        """Return the namespaces that the objects name."""
        named = {each.ref.namespace for each in self.known}
        return {name for name in (*named, *(each.ref.name for each in self.known if each.ref.kind in ("Namespace", "Project", "ProjectRequest"))) if name}
