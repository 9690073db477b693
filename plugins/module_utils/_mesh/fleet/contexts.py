# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read clusters from the contexts of a kubeconfig, and recognize two names that lead to one cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from ..errors import Refused
from ..few_names import few

_PORTS = {"https": 443, "http": 80}
_TEMPLATE = ("{{", "{%", "{#", "#jinja2:")
_NAMED = 10  # contexts that a message lists

Lead = tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """A context. `through` is what else decides where `server` leads: the name in its certificate, or a proxy."""

    name: str
    server: str
    through: str = ""


@dataclass(frozen=True)
class DiscoveredCluster:
    """A cluster and all that is known about it. Two that share one of `leads` are the same cluster."""

    name: str
    source: str
    told_by: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    leads: frozenset[Lead] = frozenset()


def templated(value: object) -> bool:
    """Return whether Ansible would evaluate this string as a template, whatever its source."""
    return isinstance(value, str) and any(mark in value for mark in _TEMPLATE)


def endpoint(server: str, through: str = "") -> Lead:
    """Return a lead with one spelling for all ways to write the same URL."""
    try:
        parts = urlsplit(server.rstrip("/"))
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ("server", server, through)
    return ("server", f"{parts.scheme}://{parts.hostname or ''}:{port}{parts.path}", through)


def of_kube(kube: object) -> Iterable[Lead]:
    """Yield where a `mesh_kube` leads, as far as this is known without rendering a template."""
    if not isinstance(kube, Mapping):
        return
    texts = {key: value for key, value in kube.items() if isinstance(value, str) and value and not templated(value)}
    if "kubeconfig" in texts and "context" in texts:
        yield ("context", texts["context"], texts["kubeconfig"])
    if "host" in texts:
        yield endpoint(texts["host"])


def of_contexts(contexts: Iterable[Context], wish: Mapping[str, Any], kubeconfig: str, fixed: bool = True) -> list[DiscoveredCluster]:
    """Return the contexts that `include` and `exclude` choose, under the names that `names` gives them. Raise Refused if none is left.

    Unless the kubeconfig is `fixed`, hosts name the context alone, and each run looks for its own kubeconfig.
    """
    there, names = list(contexts), wish.get("names") or {}
    lacking = sorted(set(names) - {context.name for context in there})
    if lacking:
        raise Refused(f"`names` has the context {lacking[0]!r}, but the kubeconfig {kubeconfig} has no such context; {listed(names_of(there), lacking[0])}.")
    chosen = [context for context in there if _chosen(context.name, wish)]
    if not chosen:
        raise Refused(f"`include` and `exclude` leave no context of the kubeconfig {kubeconfig}; {listed(names_of(there))}.")
    return [_discovered(context, names.get(context.name, context.name), wish, kubeconfig, fixed) for context in chosen]


def names_of(contexts: Iterable[Context]) -> list[str]:
    return [context.name for context in contexts]


def listed(names: Iterable[str], meant: str = "") -> str:
    """Name the first contexts that there are. A fleet has hundreds, so those that resemble what was `meant` come first."""
    there = sorted(names)
    close = get_close_matches(meant, there, 3)
    return f"there are: {few([*close, *(name for name in there if name not in close)], _NAMED) or 'none'}"


def _chosen(name: str, wish: Mapping[str, Any]) -> bool:
    wanted = any(fnmatchcase(name, pattern) for pattern in wish.get("include") or ["*"])
    return wanted and not any(fnmatchcase(name, pattern) for pattern in wish.get("exclude") or [])


def _discovered(context: Context, name: str, wish: Mapping[str, Any], kubeconfig: str, fixed: bool) -> DiscoveredCluster:
    told_by = f"the context {context.name} of the kubeconfig {kubeconfig}"
    if templated(context.name):
        raise Refused(f"The name of {told_by} reads as a template; rename it with `kubectl config rename-context`, or leave it out with `exclude`.")
    kube = {**({"kubeconfig": kubeconfig} if fixed else {}), "context": context.name}
    leads = {("context", context.name, kubeconfig)} | ({endpoint(context.server, context.through)} if context.server else set())
    return DiscoveredCluster(name, "kubeconfig", told_by, {"mesh_kube": kube, **(wish.get("variables") or {})}, frozenset(leads))


def twins(where: str, leads: Mapping[str, Iterable[Lead]]) -> list[str]:
    """Return a sentence for each group of names that lead to the same cluster: a copied context is the usual way to reach the wrong one."""
    by_lead: dict[Lead, list[str]] = {}
    for name, those in leads.items():
        for lead in set(those):
            by_lead.setdefault(lead, []).append(name)
    shared: dict[str, Lead] = {}
    for lead in sorted(by_lead):
        if len(by_lead[lead]) > 1:
            shared.setdefault(" and ".join(sorted(by_lead[lead])), lead)
    return [f"{where}: {names} lead to the same cluster ({_words(lead)}); leave all but one of them out." for names, lead in shared.items()]


def _words(lead: Lead) -> str:
    kind, place = lead[:2]
    return {"context": f"the context {place} of {lead[-1]}", "id": f"its ID is {place}"}.get(kind, place)
