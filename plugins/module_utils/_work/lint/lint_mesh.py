# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what an API server would prune or refuse of files and of its own objects, and which known defects they have. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import connect
from ..._kube.objects import marked
from ..._mesh.lint import rule, verdict
from ..._mesh.lint.finding import Finding, ordered
from ..._mesh.lint.given import Document, LintScene
from ..._mesh.lint.schema_tree import is_definition
from ..._providers import LINT_GROUPS, LINT_RULES
from .judging import OfflineJudge, OnlineJudge
from .living import living


def loaded(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the files that were read, and with the Secrets in them, so that Ansible hides their values."""
    if "given" in params:
        return params
    given, beside, crds = (marked.read(params[name]) for name in ("src", "beside", "crds"))
    secrets = [document.manifest for document in (*given.documents, *beside.documents) if document.is_secret]
    return {**params, "given": given, "known": beside, "defined": crds, "secrets": secrets}


TASK: dict[str, Any] = dict(
    argument_spec=dict(
        src=dict(type="list", elements="path", default=[]),
        beside=dict(type="list", elements="path", default=[]),
        crds=dict(type="list", elements="path", default=[]),
        live=dict(type="bool", default=False),
        groups=dict(type="list", elements="str", default=[]),
        offline=dict(type="bool", default=False),
        default_namespace=dict(default="default"),
        platform=dict(default=""),
        skip=dict(type="list", elements="str", default=[]),
    ),
    prepare=loaded,
    connected=False,
)


@dataclass(frozen=True)
class Request:
    """What was read of the files, the API groups whose live objects are looked at too, and the rules to leave out."""

    given: marked.ReadFiles = field(repr=False)
    beside: marked.ReadFiles = field(repr=False)
    crds: Sequence[Mapping[str, Any]] = field(repr=False)
    live: tuple[str, ...]
    offline: bool
    default_namespace: str
    platform: str
    skip: tuple[str, ...]

    @classmethod
    def of(cls, params: dict[str, Any]) -> Request:
        params = loaded(params)
        given, beside, defined = params["given"], params["known"], params["defined"]
        crds = [document.manifest for document in (*defined.documents, *given.documents, *beside.documents) if is_definition(document.manifest)]
        groups = tuple(params["groups"]) or LINT_GROUPS
        plain = (params["offline"], params["default_namespace"], params["platform"], tuple(params["skip"]))
        return cls(given, beside, crds, groups if params["live"] else (), *plain)


def reconcile(_cluster: None, params: dict[str, Any], connector: Callable[..., Cluster] = connect) -> dict[str, Any]:
    """Ask the cluster only if the task is not offline, and only for trials."""
    request = Request.of(params)
    looked = _offline(request) if request.offline else _online(request, connector(params, dry_run=True))
    files = frozenset(request.given.files | request.beside.files)
    scene = LintScene(looked.documents, request.beside.documents, request.given.scripts, files, request.platform)
    by_rule = rule.broken(LINT_RULES, scene, request.skip)
    unreadable = verdict.unreadable([*request.given.unread, *request.beside.unread])
    findings = rule.without_those_known_by_name([*looked.findings, *unreadable], by_rule)
    return {
        "changed": False,
        "findings": [finding.facts() for finding in ordered(findings) if finding.rule not in request.skip],
        "judged": dict(looked.judged),
        "files": len(request.given.files),
    }


@dataclass(frozen=True)
class _Looked:
    """The objects that were looked at, what was found by judging them one by one, and how many were judged by whom."""

    documents: Sequence[Document] = field(repr=False)
    findings: Sequence[Finding]
    judged: Mapping[str, int]


def _offline(request: Request) -> _Looked:
    judge = OfflineJudge(request.crds)
    return _Looked(request.given.documents, judge.judge(request.given.documents), judge.counts)


def _online(request: Request, cluster: Cluster) -> _Looked:
    judge = OnlineJudge(cluster.trial(), request.crds, request.default_namespace)
    by_file = judge.judge(request.given.documents)
    live, unread = living(cluster, judge, request.live)
    documents = [each.document for each in live]
    by_live = [*judge.judge(documents), *judge.dropped(each.asked for each in live if each.asked)]
    return _Looked([*request.given.documents, *documents], [*by_file, *by_live, *unread, *judge.remarks()], judge.counts)
