# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a cluster serves the kind and the version of an object."""

from __future__ import annotations

from collections.abc import Mapping

from .finding import ERROR, Finding
from .given import Document, is_builtin
from .nearest import nearest

MISSING, UNSERVED = "missing-kind", "version-not-served"
Kinds = Mapping[tuple[str, str], tuple[str, ...]]  # by group and kind the versions


def unserved(document: Document, kinds: Kinds, who: str, whole: bool) -> Finding | None:
    """Return why nothing could take the object; None if something does. `who` serves the kinds; `whole` if these are all that a server has."""
    group, kind, version = document.group, document.ref.kind, document.version
    versions = kinds.get((group, kind))
    if versions is None and not whole and is_builtin(group):
        return None
    if versions is None:
        return _finding(document, MISSING, ("kind",), _missing(document, kinds, who))
    if version in versions:
        return None
    served = ", ".join(f"{group}/{each}" if group else each for each in versions)
    return _finding(document, UNSERVED, ("apiVersion",), f"{document.ref.api_version} is not served: {who} {_has(who)} {kind} as {served or 'nothing'}")


def instead(document: Document, kinds: Kinds) -> str:
    """Return the API version in which the kind is served, if it is not the document's own; empty if the kind is not served at all."""
    versions = kinds.get((document.group, document.ref.kind)) or ()
    return "" if not versions or document.version in versions else "/".join(part for part in (document.group, versions[0]) if part)


def _has(who: str) -> str:
    return "have" if who.endswith("s given") else "has"


def _missing(document: Document, kinds: Kinds, who: str) -> str:
    group, kind = document.group, document.ref.kind
    of_group = [one for theirs, one in kinds if theirs == group]
    elsewhere = sorted(theirs or "v1" for theirs, one in kinds if one == kind)
    said = f"{who} {_has(who)} no kind {kind} in {group or 'v1'}"
    if elsewhere:
        return f"{said}; {kind} is in {', '.join(elsewhere)}"
    if of_group:
        close = nearest(kind, of_group)
        return f"{said}{f'; the nearest is {close}' if close else ''}"
    close = nearest(group, {theirs for theirs, _kind in kinds if theirs}, 0.85)
    return f"{said}: no CRD of this group is installed{f'; the nearest group is {close}' if close else ''}"


def _finding(document: Document, rule: str, way: tuple[str, ...], message: str) -> Finding:
    return Finding(ERROR, rule, message, str(document.ref), way[0], document.file, document.line(way))
