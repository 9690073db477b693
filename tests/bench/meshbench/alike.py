# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many meshes of which only the first is kept, run as a program of its own, as stubs.py is.

The two clusters of the first mesh are stubs that a real run of `site` fills. Every other cluster answers as one of these two does, under its own names, and
stores nothing: a question is put to the first mesh in its words, and what it says is put into the words of who was asked. So a thousand clusters take no more
memory than two, and as much time as a thousand times the same answers. Names are found inside of what is base64 too, and of what Helm packs, but not inside
of certificates: all meshes show those of the first one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import gzip
import json
import re
import sys
import uuid
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer

from meshbench.stubs import READS, REVIEWS, Stub, main, mesh

FIRST = ("c0001", "c0002")
QUOTED = re.compile(rb'(?<=")[A-Za-z0-9+/]{16,}={0,2}(?=")')
GZIP = b"\x1f\x8b"
Words = tuple[bytes, ...]


def words(cluster: str) -> Words:
    """What the clusters of a mesh are called, and by what they are known: the names, that of the mesh, and the UIDs."""
    number = (int(cluster[1:]) - 1) // 2 * 2 + 1
    pair = [f"c{number:04}", f"c{number + 1:04}"]
    return tuple(word.encode() for word in (*pair, mesh(pair[0]), *(str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in pair)))


@dataclass(frozen=True)
class Told:
    """A text with gaps. A piece is bytes, the number of a word, or a text that is packed."""

    pieces: tuple[bytes | int | Told, ...]
    packed: str = ""

    def by(self, own: Words) -> bytes:
        return self._packed(b"".join(self._piece(one, own) for one in self.pieces))

    def _piece(self, one: bytes | int | Told, own: Words) -> bytes:
        if isinstance(one, Told):
            return one.by(own)
        return gzip.compress(own[one], 1) if isinstance(one, int) and self.packed == "helm" else own[one] if isinstance(one, int) else one

    def _packed(self, raw: bytes) -> bytes:
        return base64.b64encode(base64.b64encode(raw)) if self.packed == "helm" else base64.b64encode(raw) if self.packed else raw


def told(text: bytes, known: Words) -> Told:
    """Find the words in a text, and in what is packed in it."""
    pieces: list[bytes | int | Told] = []
    end = 0
    for found in QUOTED.finditer(text):
        if inner := _unpacked(found[0], known):
            pieces += [*_gaps(text[end : found.start()], known), inner]
            end = found.end()
    return Told((*pieces, *_gaps(text[end:], known)))


def _gaps(text: bytes, known: Words) -> list[bytes | int | Told]:
    parts = re.split(rb"(?<![a-z0-9])(" + b"|".join(map(re.escape, known)) + rb")(?![a-z0-9])", text)
    return [known.index(part) if place % 2 else part for place, part in enumerate(parts) if part]


def _unpacked(text: bytes, known: Words) -> Told | None:
    """What is packed, if it has one of the words. Pieces of Helm's are packed one by one, because gzip reads many as one."""
    try:
        plain = base64.b64decode(text, validate=True)
        if plain.startswith(b"H4sI"):
            pieces = _gaps(gzip.decompress(base64.b64decode(plain, validate=True)), known)
            return Told(tuple(gzip.compress(one, 1) if isinstance(one, bytes) else one for one in pieces), "helm") if len(pieces) > 1 else None
        pieces = _gaps(plain, known)
        return Told(tuple(pieces), "base64") if len(pieces) > 1 or isinstance(pieces[0], int) else None
    except (binascii.Error, OSError, EOFError, zlib.error, IndexError):
        return None


class Alike(Stub):
    """A cluster that answers as another one."""

    def __init__(self, name: str, mates: list[str], like: Stub) -> None:
        self.name, self._mates, self._like = name, mates, like
        # Their names change places with the own ones: nobody here has one of theirs.
        self._own, self._theirs = words(name) + words(like.name), words(like.name) + words(name)

    def handle(self, method: str, target: str, body: Any, content_type: str) -> Answer:
        path, _mark, query = target.partition("?")
        if method not in READS and not path.endswith(REVIEWS) and "dryRun" not in query:
            return Answer(405, json.dumps({"kind": "Status", "message": f"{self.name} stores nothing: {method} {path}"}).encode(), {})
        asked = body if body is None else json.loads(told(json.dumps(body).encode(), self._own).by(self._theirs))
        return self._as_own(self._like.handle(method, told(target.encode(), self._own).by(self._theirs).decode(), asked, content_type))

    def debug(self, path: str, pod: str = "") -> bytes:
        return _heard(self._like.debug(path, pod), self._theirs).by(self._own)

    def _as_own(self, answer: Answer) -> Answer:
        said = _heard(answer.body, self._theirs)
        return replace(answer, body=said.by(self._own)) if len(said.pieces) > 1 else answer


@lru_cache(maxsize=1024)
def _heard(text: bytes, known: Words) -> Told:
    return told(text, known)


class Crowd:
    """Makes the clusters, in the order of their names."""

    def __init__(self) -> None:
        self._first: dict[str, Stub] = {}

    def __call__(self, name: str, mates: list[str]) -> Stub:
        if name in FIRST:
            self._first[name] = Stub(name, mates)
            return self._first[name]
        return Alike(name, mates, self._first[FIRST[(int(name[1:]) - 1) % 2]])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:], Crowd()))
