# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have objects judged: by the API server, which stores nothing of them, or by schemas alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._kube.objects.tried import ApiTrial, Tried
from ..._mesh.lint import refusal, schema, verdict
from ..._mesh.lint.finding import Finding
from ..._mesh.lint.given import Document
from ..._mesh.lint.schema_tree import Schema, of_definitions, served_by
from ..._mesh.lint.served import instead, unserved
from .schemas import PublishedSchemas

_ROUNDS = 50  # a server names one unknown field of each mapping at a time; what is left without them is judged again
_NO_DRY_RUN, _NO_WEBHOOK = "does not support dry run", "failed calling webhook"


class OfflineJudge:
    """Judges by the CRDs that were given."""

    def __init__(self, crds: Sequence[Mapping[str, Any]]) -> None:
        self._kinds, self._schemas = served_by(crds), of_definitions(crds)
        self.counts = {"server": 0, "schema": 0, "nobody": 0}

    def judge(self, documents: Sequence[Document]) -> list[Finding]:
        return [finding for document in documents for finding in self._judged(document)]

    def _judged(self, document: Document) -> list[Finding]:
        missing = unserved(document, self._kinds, "the CRDs given", whole=False)
        known = self._schemas.get((document.ref.api_version, document.ref.kind))
        self.counts["nobody" if known is None else "schema"] += 1
        near = known or self._schemas.get((instead(document, self._kinds), document.ref.kind))
        return [*([missing] if missing else []), *_by_schema(document, near)]


def _by_schema(document: Document, known: Schema | None) -> list[Finding]:
    return verdict.findings(document, schema.misfits(document.manifest, known), known) if known else []


@dataclass
class _Trial:
    """An object on its way through the rounds: what is asked next, and what is known of it."""

    document: Document
    wish: dict[str, Any] = field(repr=False)
    wrong: list[schema.Misfit] = field(default_factory=list)
    last: Tried | None = None


class OnlineJudge:
    """Judges by the server, and by the schema that it publishes where it cannot be asked."""

    def __init__(self, trial: ApiTrial, crds: Sequence[Mapping[str, Any]], default_namespace: str) -> None:
        self._trial, self._default = trial, default_namespace
        self.served = trial.served()
        self._given = of_definitions(crds)
        self._kinds = {**served_by(crds), **self.served}
        self._schemas = PublishedSchemas(trial, self._given)
        self._planned: set[str] = set()
        self._lacking: set[str] = set()
        self.counts = {"server": 0, "schema": 0, "nobody": 0}

    def judge(self, documents: Sequence[Document]) -> list[Finding]:
        self._planned |= {document.ref.name for document in documents if document.ref.kind == "Namespace"}
        found: list[Finding] = []
        trials: list[_Trial] = []
        for document in documents:
            missing = None if document.ref.api_version in self._trial.silent() else unserved(document, self._kinds, "the API server", whole=True)
            if missing:
                self.counts["nobody"] += 1
                near = self._schemas.of(instead(document, self._kinds), document.ref.kind)
                found += [missing, *_by_schema(document, near)]
            elif wish := self._wish(document):
                trials.append(_Trial(document, wish))
            else:
                found += self._by_schema(document)
        self._run(trials)
        return found + [finding for trial in trials for finding in self._verdict(trial)]

    def dropped(self, asked: Iterable[Document]) -> list[Finding]:
        """Return the fields that somebody asked for and that the server dropped."""
        return [finding for document in asked for finding in verdict.dropped(document, self._schema(document))]

    def remarks(self) -> list[Finding]:
        """Return what the credential lacked."""
        return verdict.no_right(self._lacking)

    def _wish(self, document: Document) -> dict[str, Any]:
        """Return the object as it is tried, with the name and the namespace that it would get; empty if it can be tried under none."""
        kind, meta = self._trial.find(document.ref.api_version, document.ref.kind), document.manifest.get("metadata")
        if kind is None or not isinstance(meta, Mapping):
            return {}
        name = meta.get("name") or (f"{meta['generateName']}lint" if meta.get("generateName") else "")
        placed = {**meta, "name": name, "namespace": meta.get("namespace") or self._default}
        if not kind.namespaced:
            del placed["namespace"]
        return {**document.manifest, "metadata": placed} if isinstance(name, str) and name else {}

    def _run(self, trials: Sequence[_Trial]) -> None:
        due: Sequence[_Trial] = trials
        for _round in range(_ROUNDS):
            if not due:
                break
            for trial, answer in zip(due, self._trial.ask([trial.wish for trial in due]), strict=True):
                trial.last = answer
            due = [trial for trial in due if _again(trial)]

    def _verdict(self, trial: _Trial) -> list[Finding]:
        document, last = trial.document, trial.last or Tried(0)
        message = str(last.refusal.get("message") or "")
        found = verdict.findings(document, trial.wrong, self._schema(document) if trial.wrong else None)
        if last.namespace_missing:
            space = str(trial.wish["metadata"].get("namespace"))
            return [*self._by_schema(document), verdict.no_namespace(document, space, space in self._planned)]
        if lacking := refusal.denied_to(message) if last.status == 403 else "":
            self._lacking.add(lacking)
            return self._by_schema(document)
        if not last.accepted and (_NO_DRY_RUN in message or _NO_WEBHOOK in message):
            return [*self._by_schema(document), verdict.no_trial(document, _unasked(message, document.is_secret))]
        self.counts["server"] += 1
        if last.accepted:
            return [*found, *verdict.warned(document, () if document.is_secret else last.warnings)]
        if last.mistyped:
            return found
        wrong = refusal.refused(last.refusal, trial.wish, document.is_secret)
        return [*found, *verdict.findings(document, wrong, self._schema(document))]

    def _by_schema(self, document: Document) -> list[Finding]:
        known = self._schema(document)
        self.counts["nobody" if known is None else "schema"] += 1
        return _by_schema(document, known)

    def _schema(self, document: Document) -> Schema | None:
        return self._schemas.of(document.ref.api_version, document.ref.kind)


def _again(trial: _Trial) -> bool:
    """Keep what does not fit the types, and return whether the rest is to be asked again: if all of it was unknown fields."""
    if trial.last is None or not trial.last.mistyped:
        return False
    wrong = refusal.typed(str(trial.last.refusal.get("message") or ""), trial.wish)
    trial.wrong += wrong
    fields = [misfit.way for misfit in wrong if misfit.rule == schema.UNKNOWN]
    trial.wish = verdict.without(trial.wish, fields)
    return bool(wrong) and len(fields) == len(wrong)


def _unasked(message: str, secret: bool) -> str:
    if secret:
        return "a webhook stands in the way"
    return " ".join(message.split())[:300]
