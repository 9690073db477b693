# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn what does not fit, by the server or by a schema, into findings with their lines and with what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import refusal, schema
from .finding import ERROR, NOTICE, WARNING, Finding
from .given import Document, Way, below, written
from .schema import Misfit
from .schema_tree import Schema

DROPPED, NO_NAMESPACE, DEPRECATED = "dropped-field", "missing-namespace", "deprecated"
NO_TRIAL, NO_RIGHT, UNREADABLE, UNREAD = "no-trial", "no-right", "unreadable-file", "unread-objects"


def findings(document: Document, wrong: Iterable[Misfit], known: Schema | None) -> list[Finding]:
    """Return a finding for each misfit. The schema, if there is one, tells which names and values are near."""
    return [_finding(document, misfit, known) for misfit in wrong]


def _finding(document: Document, misfit: Misfit, known: Schema | None) -> Finding:
    says, way = misfit.says, misfit.way
    if known and misfit.rule == schema.UNKNOWN:
        says = schema.unknown(known, way).says
    elif misfit.rule == schema.ENUM:
        values = refusal.supported(says) or (schema.alternatives(known, way) if known else [])
        says = schema.chosen(values, below(document.manifest, way)) if values and not document.is_secret else says
    message = f"{written(way) or 'the object'} {says}"
    return Finding(ERROR, misfit.rule, message, str(document.ref), written(way), document.file, document.line(way))


def dropped(live: Document, known: Schema | None) -> Iterator[Finding]:
    """Yield the fields that somebody asked for, as kubectl notes it, and that the server dropped."""
    for misfit in schema.misfits(live.manifest, known) if known else ():
        if misfit.rule == schema.UNKNOWN:
            message = f"{written(misfit.way)} was applied and {misfit.says.replace('drops or refuses it', 'dropped it')}"
            yield Finding(WARNING, DROPPED, message, str(live.ref), written(misfit.way))


def without(manifest: Any, ways: Sequence[Way]) -> Any:
    """Return a manifest without some fields, as a server would store it that drops them."""
    gone = {way[0] for way in ways if len(way) == 1}
    inner: dict[Any, list[Way]] = {}
    for way in ways:
        if len(way) > 1:
            inner.setdefault(way[0], []).append(way[1:])
    if isinstance(manifest, Mapping):
        return {key: without(value, inner[key]) if key in inner else value for key, value in manifest.items() if key not in gone}
    if isinstance(manifest, list):
        return [without(value, inner[place]) if place in inner else value for place, value in enumerate(manifest) if place not in gone]
    return manifest


def no_namespace(document: Document, namespace: str, planned: bool) -> Finding:
    """`planned` if the files make the namespace."""
    why = "the files make it" if planned else "no given file makes it"
    message = f"the namespace {namespace} does not exist yet ({why}), so the schema judged this and not the server with its CEL rules and webhooks"
    return Finding(NOTICE, NO_NAMESPACE, message, str(document.ref), "metadata.namespace", document.file, document.line(("metadata", "namespace")))


def no_trial(document: Document, message: str) -> Finding:
    """Return why the server could not judge an object although it was asked."""
    says = f"the server could not be asked, so its schema judged: {message}"
    return Finding(NOTICE, NO_TRIAL, says, str(document.ref), file=document.file, line=document.line(()))


def warned(document: Document, texts: Iterable[str]) -> list[Finding]:
    return [Finding(NOTICE, DEPRECATED, f"the API server warns: {text}", str(document.ref), file=document.file, line=document.line(())) for text in texts]


def no_right(lacking: Iterable[str]) -> list[Finding]:
    """Return what the credential may not do, once for each right."""
    says = "so the schema judged these objects and not the server"
    return [Finding(NOTICE, NO_RIGHT, f"the credential may not {right}, {says}") for right in sorted(set(lacking))]


def unreadable(files: Iterable[tuple[str, int, str]]) -> list[Finding]:
    return [Finding(ERROR, UNREADABLE, f"the file {why}", file=file, line=line) for file, line, why in files]


def unread(what: str, why: str) -> Finding:
    return Finding(NOTICE, UNREAD, f"{what} could not be read: {why}")
