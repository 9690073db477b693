# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate of the user's that answers over HTTP: a query of Prometheus, or any page. What it asks, and what the answer says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union
from urllib.parse import urlencode, urlsplit

from ..errors import Refused
from .gate import UserGate

KINDS = ("prometheus", "http", "tasks", "pause")
_SECONDS = 10.0
_SHOWN = 160
_TELLING = 4  # letters of a word of a header that may be secret


@dataclass(frozen=True)
class WebQuestion:
    """A GET request to a server that is no API server. The values of `headers` may be secret. `ca` is a file of certificates."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str = ""
    seconds: float = _SECONDS

    def hidden(self, text: str) -> str:
        """A text of the server's without the words of the headers that it may repeat."""
        words = {word for value in self.headers.values() for word in (value, *value.split()) if len(word) >= _TELLING}
        for word in sorted(words, key=len, reverse=True):
            text = text.replace(word, "***")
        return text


@dataclass(frozen=True)
class WebAnswer:
    """`seconds` is how long the whole answer took. The body may repeat what was sent, so nothing shows it but the reason that Prometheus gives."""

    status: int
    body: str = field(default="", repr=False)
    seconds: float = 0.0


@dataclass(frozen=True)
class QueryGate:
    """A query of Prometheus, of whose samples each has to be within bounds."""

    name: str
    question: WebQuestion
    most: float | None = None
    least: float | None = None

    def judge(self, answer: WebAnswer) -> UserGate:
        """A query that returns nothing proves nothing."""
        try:
            values = _samples(answer)
        except ValueError as wrong:
            return UserGate(self.name, fault=self.question.hidden(str(wrong))[:_SHOWN])
        if not values:
            return UserGate(self.name, fault="the query returned no sample. Add `or vector(0)` if that means zero")
        bad = [value for value in values if not self._within(value)]
        return UserGate(self.name, not bad, ", ".join(f"{value:g}" for value in (bad or values)[:5]))

    def _within(self, value: float) -> bool:
        return not math.isnan(value) and (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


@dataclass(frozen=True)
class PageGate:
    """A page that has to answer with one of these statuses, in time, and to contain a text."""

    name: str
    question: WebQuestion
    status: tuple[int, ...] = (200,)
    contains: str = ""
    most_seconds: float | None = None

    def judge(self, answer: WebAnswer) -> UserGate:
        if answer.status not in self.status:
            return UserGate(self.name, value=f"HTTP {answer.status}")
        if self.contains not in answer.body:
            return UserGate(self.name, value="an answer without the text that it should contain")
        if self.most_seconds is not None and answer.seconds > self.most_seconds:
            return UserGate(self.name, value=f"an answer after {answer.seconds:.2f} s")
        return UserGate(self.name, True, f"HTTP {answer.status}")


Gate = Union[QueryGate, PageGate]  # noqa: UP007 - sanity's pylint knows no other


def gate_of(wish: Mapping[str, Any]) -> Gate:
    """Read one gate of the user's. Refuse by its name what cannot be asked."""
    name = str(wish.get("name") or "")
    query, page = wish.get("prometheus"), wish.get("http")
    if not name or (query is None) == (page is None):
        raise Refused(f"The gate {name or 'without a name'} of cutover_gates needs a name, and one of prometheus, http, tasks and pause.")
    return _query(name, query) if query is not None else _page(name, page or {})


def gate_faults(wishes: Any) -> list[str]:
    """Return what is wrong with the gates of cutover_gates, those that are asked by tasks included, a sentence for each."""
    if not isinstance(wishes, list | tuple) or not all(isinstance(wish, Mapping) for wish in wishes):
        return ["cutover_gates is no list of gates. Write a list, each with a name and one of prometheus, http, tasks and pause."]
    names = [str(wish.get("name") or "") for wish in wishes]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    said = [f"Two gates of cutover_gates are called {name}. Give each its own name." for name in twice]
    return [*said, *(fault for wish in wishes if (fault := _fault(wish)))]


def _fault(wish: Mapping[str, Any]) -> str:
    kinds = [kind for kind in KINDS if wish.get(kind) is not None]
    try:
        if len(kinds) == 1 and kinds[0] in ("tasks", "pause") and wish.get("name"):
            return ""
        gate_of(wish if len(kinds) == 1 else {"name": wish.get("name")})
    except (Refused, TypeError, ValueError, AttributeError) as wrong:
        return str(wrong) if isinstance(wrong, Refused) else f"The gate {wish.get('name')} of cutover_gates has an option of a wrong type."
    return ""


def _query(name: str, wish: Mapping[str, Any]) -> QueryGate:
    most, least = wish.get("most"), wish.get("least")
    if not wish.get("query") or (most is None and least is None):
        raise Refused(f"The gate {name} of cutover_gates needs a query, and most or least, between which each of its samples has to be.")
    base = _checked(name, wish).rstrip("/")
    question = WebQuestion(f"{base}/api/v1/query?{urlencode({'query': wish['query']})}", _headers(wish), str(wish.get("ca") or ""))
    return QueryGate(name, question, None if most is None else float(most), None if least is None else float(least))


def _page(name: str, wish: Mapping[str, Any]) -> PageGate:
    most = wish.get("most_seconds")
    seconds = _SECONDS if most is None else max(_SECONDS, 2 * float(most))
    status = tuple(int(code) for code in wish.get("status") or (200,))
    question = WebQuestion(_checked(name, wish), _headers(wish), str(wish.get("ca") or ""), seconds)
    return PageGate(name, question, status, str(wish.get("contains") or ""), None if most is None else float(most))


def _headers(wish: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in (wish.get("headers") or {}).items()}


def _checked(name: str, wish: Mapping[str, Any]) -> str:
    """The URL of a gate. A user and a password in it would be shown wherever the URL is."""
    url = str(wish.get("url") or "")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Refused(f"The gate {name} of cutover_gates has a url that cannot be read. Write https://host:port/path.") from None
    if not usable:
        raise Refused(f"The gate {name} of cutover_gates has no http:// or https:// url. Write https://host:port/path.")
    if parts.username is not None:
        raise Refused(f"The gate {name} of cutover_gates has a user in its url. Give the credential in a header of its headers.")
    return url


def _samples(answer: WebAnswer) -> list[float]:
    """The values of an instant query, whatever it returns: a scalar, or a vector of samples."""
    try:
        body = json.loads(answer.body)
        if answer.status != 200 or body["status"] != "success":
            raise ValueError(f"HTTP {answer.status}: {body.get('error') or 'no reason was given'}")
        kind, result = body["data"]["resultType"], body["data"]["result"]
        return [float(one["value"][1]) for one in result] if kind == "vector" else [float(result[1])] if kind == "scalar" else _unusable(kind)
    except (KeyError, TypeError, IndexError, AttributeError, json.JSONDecodeError):
        raise ValueError(f"HTTP {answer.status}, and no answer of Prometheus") from None


def _unusable(kind: str) -> list[float]:
    raise ValueError(f"the query returned a {kind}, and a gate needs a scalar or a vector")
