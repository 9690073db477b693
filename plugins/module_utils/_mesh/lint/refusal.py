# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what an API server answers to a trial: which fields it does not know, and what else it refuses. No value that it quotes is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .given import Way
from .schema import ENUM, RANGE, REQUIRED, TYPE, UNKNOWN, Misfit

IMMUTABLE, REFUSED = "immutable", "refused"
_TYPED = re.compile(r"(?:^|: |\s)(\.\S.*?): (field not declared in schema|expected [^,\n]*)")
_UNDECLARED = "field not declared in schema"
_KEYED = re.compile(r"\[([^\]]*)\]")
_LASTS = re.compile(r"immutable|may not be (changed|updated)|can(not|'t) be (changed|updated|modified)|updates to .* are forbidden", re.IGNORECASE)
_FIRST = re.compile(r"(Invalid value|Unsupported value|Duplicate value|Not found|Too long|Too many|Forbidden|Required value|Internal error)(?:: )?", re.DOTALL)
_QUOTES = ("Invalid value", "Unsupported value", "Duplicate value", "Not found", "Too long", "Too many")
_DENIED = re.compile(r'^admission webhook "([^"]+)" denied the request(?:: |$)', re.DOTALL)
_UNCHECKED = "some validation rules were not checked because the object was invalid"
_SUPPORTED = "supported values: "


def typed(message: str, manifest: Mapping[str, Any]) -> list[Misfit]:
    """Return what does not fit the server's types. Server-side apply names all such fields at once."""
    seen = []
    for text, problem in _TYPED.findall(message):
        way = way_of(text, manifest)
        rule, says = (UNKNOWN, "is unknown") if problem == _UNDECLARED else (TYPE, f"must be {_type(problem)}")
        seen.append(Misfit(rule, way, says))
    return list(dict.fromkeys(seen)) or [Misfit(TYPE, (), "does not fit its kind: a value has another type or is not encoded as it must be")]


def _type(problem: str) -> str:
    wanted = problem.removeprefix("expected ").split(" ")[0].strip("'\"&{")
    return {"map": "a mapping", "list": "a list", "string": "text", "boolean": "true or false", "numeric": "a number"}.get(wanted, "of another type")


def refused(refusal: Mapping[str, Any], manifest: Mapping[str, Any], secret: bool = False) -> list[Misfit]:
    """Return why the server refuses an object, from its Status. Of a Secret only the fields are named."""
    causes = (refusal.get("details") or {}).get("causes") or []
    known = [_cause(cause, manifest, secret) for cause in causes if _UNCHECKED not in str(cause.get("message"))]
    return list(dict.fromkeys(known)) or [Misfit(REFUSED, (), _whole(str(refusal.get("message") or ""), secret))]


def _cause(cause: Mapping[str, Any], manifest: Mapping[str, Any], secret: bool) -> Misfit:
    message, field = str(cause.get("message") or ""), str(cause.get("field") or "")
    way = way_of("" if field == "<nil>" else field, manifest)
    first = _FIRST.match(message)
    kind, detail = (first[1], detailed(message)) if first else ("", message)
    rule = _rule(kind, message, detail)
    if rule == REQUIRED:
        return Misfit(rule, way, "is required and not given")
    if secret:
        return Misfit(rule, way, "is refused by the API server; what it says of a Secret is not shown")
    return Misfit(rule, way, f"is refused by the API server: {detail}" if detail else "is refused by the API server")


def _rule(kind: str, message: str, detail: str) -> str:
    if kind == "Unsupported value":
        return ENUM
    if kind == "Required value":
        return REQUIRED
    if _LASTS.search(detail):
        return IMMUTABLE
    if " in body must be of type " in message:
        return TYPE
    return RANGE if kind in ("Too long", "Too many") or " in body should " in message else REFUSED


def detailed(message: str) -> str:
    """Return the reason in a cause without the value that it quotes; empty if the two cannot be told apart."""
    first = _FIRST.match(message)
    if first is None:
        return message.strip()
    rest = message[first.end() :]
    if first[1] not in _QUOTES:
        return rest.strip()
    if _SUPPORTED in rest:
        return "supported values are " + rest.rpartition(_SUPPORTED)[2].replace('"', "").strip()
    try:
        _value, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return ""
    return rest[end:].removeprefix(":").strip()


def supported(detail: str) -> list[str]:
    """Return the values that a reason says are supported."""
    return [each.strip() for each in detail.rpartition("supported values are ")[2].split(",")] if "supported values are " in detail else []


def _whole(message: str, secret: bool) -> str:
    """Return half a sentence for a refusal of the object as a whole, such as that of a webhook."""
    webhook = _DENIED.match(message)
    who = f"the webhook {webhook[1]}" if webhook else "the API server"
    why = message[webhook.end() :] if webhook else message
    why = " ".join(why.split()).rstrip(".")
    return f"is refused by {who}" + ("; what it says of a Secret is not shown" if secret else f": {why}" if why else "")


def denied_to(message: str) -> str:
    """Return what the credential lacks, as in `patch configmaps`; empty if the refusal is not about rights."""
    lacking = re.search(r'is forbidden: User ".*" cannot (\w+) resource "([^"]+)"', message)
    return f"{lacking[1]} {lacking[2]}" if lacking else ""


def way_of(text: str, manifest: Any) -> Way:
    """Return a way from the server's own notation, which names items of lists by their keys and does not quote dots."""
    steps: list[Any] = []
    rest, seen = text, manifest
    while rest:
        if keyed := _KEYED.match(rest):
            step, rest = _item(keyed[1], seen), rest[keyed.end() :]
        else:
            rest = rest.removeprefix(".")
            step = _key(rest, seen)
            rest = rest[len(step) :]
            if not step:
                break
        steps.append(step)
        seen = _inner(seen, step)
    return tuple(steps)


def _inner(seen: Any, step: Any) -> Any:
    if isinstance(step, int):
        return seen[step] if isinstance(seen, list) and step < len(seen) else None
    return seen.get(step) if isinstance(seen, Mapping) else None


def _key(rest: str, seen: Any) -> str:
    """Return the longest key of the object with which the text begins, or what there is up to the next dot or bracket."""
    known = [str(key) for key in seen if rest == str(key) or rest.startswith((f"{key}.", f"{key}["))] if isinstance(seen, Mapping) else []
    return max(known, key=len) if known else re.match(r"[^.\[]*", rest)[0]  # type: ignore[index]


def _item(inside: str, seen: Any) -> Any:
    """Return the place of a list item, by its number or by the keys that it has; for a mapping the key itself."""
    if isinstance(seen, list) and inside.isdigit():
        return int(inside)
    wanted, items = dict(_pairs(inside)), seen if isinstance(seen, list) else []
    # The server has filled in defaults, so a key that the object does not have fits any value.
    alike = {at: _alike(item, wanted) for at, item in enumerate(items) if isinstance(item, Mapping)}
    best = max(alike, key=lambda at: alike[at]) if alike else None
    return best if best is not None and alike[best] > 0 else inside.strip('"')


def _alike(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> int:
    """Return how many of the keys an item has with their values; 0 if it has another value under one of them."""
    given = {key: value for key, value in wanted.items() if key in item}
    return len(given) if all(item[key] == value for key, value in given.items()) else 0


def _pairs(inside: str) -> Iterator[tuple[str, Any]]:
    for part in re.split(r",(?=[\w-]+=)", inside):
        key, sign, value = part.partition("=")
        if sign:
            try:
                yield key, json.loads(value)
            except ValueError:
                yield key, value
