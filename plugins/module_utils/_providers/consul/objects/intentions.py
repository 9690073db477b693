# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may call whom: what must hold of one service-intentions, and of all of them together, since Consul takes only the most exact rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .entry import ANY, Content, State
from .kinds import INTENTIONS
from .matches import match_faults

_LONGEST = 512
DENY, ALLOW = "deny", "allow"


def faults(name: str, content: Content) -> Iterator[str]:
    seen = set()
    for source in content["sources"]:
        place = f"sources[{_called(source)}]"
        who = (source["name"], *(source.get(part) for part in ("peer", "namespace", "partition", "samenessGroup")))
        if who in seen:
            yield f"{place} is given twice"
        seen.add(who)
        if ANY in source["name"] and source["name"] != ANY:
            yield f"{place}.name has a wildcard in a part of it; give * or a whole name"
        if ANY in source.get("peer", ""):
            yield f"{place}.peer has a wildcard; name each peer"
        if len(source.get("description", "")) > _LONGEST:
            yield f"{place}.description has more than {_LONGEST} characters"
        yield from _verdict(name, source, place)


def _called(source: Content) -> str:
    return f"{source['peer']}/{source['name']}" if source.get("peer") else str(source["name"])


def _verdict(name: str, source: Mapping[str, Any], place: str) -> Iterator[str]:
    permissions = source.get("permissions") or ()
    if bool(permissions) == bool(source.get("action")):
        yield f"{place} has {'both action and permissions' if permissions else 'neither action nor permissions'}; give one of them"
    if permissions and name == ANY:
        yield f"{place}.permissions cannot be given for *: name each service whose requests are told apart"
    for number, permission in enumerate(permissions):
        where, criteria = f"{place}.permissions[{number}]", permission.get("http") or {}
        yield from match_faults(criteria, f"{where}.http")
        if not criteria:
            yield f"{where}.http is missing: give a path, a header or methods; the path prefix / stands for all requests"
        elif criteria == {"pathPrefix": "/"} and not permission.get("jwt") and number < len(permissions) - 1:
            yield f"{where} holds for every request, so the permissions below it are never used; put it last"


def denies(content: Content) -> bool:
    return any(source.get("action") == DENY or any(one["action"] == DENY for one in source.get("permissions") or ()) for source in content["sources"])


def outranked(state: State) -> list[str]:
    """Return each deny that looks as if it held and does not, because a rule for the exact service takes precedence over one for every service."""
    entries = {name: content for (kind, name), content in state.items() if kind == INTENTIONS}
    everywhere = [source for source in (entries.get(ANY) or {}).get("sources") or () if source.get("action") == DENY and source["name"] != ANY]
    texts = []
    for source in everywhere:
        who = _called(source)
        for name, content in sorted(entries.items()):
            rules = {_called(one): one for one in content["sources"]} if name != ANY else {}
            wide = rules.get(_wide(source)) or {}
            if wide.get("action") == ALLOW and who not in rules:
                texts.append(
                    f"the entry {INTENTIONS}/*: sources[{who}] denies {who} everywhere, but {INTENTIONS}/{name} allows {_wide(source)}, which takes precedence;"
                    f" deny {who} in {INTENTIONS}/{name} too, or allow by name there"
                )
    return texts


def _wide(source: Content) -> str:
    return f"{source['peer']}/{ANY}" if source.get("peer") else ANY
