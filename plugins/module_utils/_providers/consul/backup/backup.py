# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract `Backup` for Consul: a snapshot is a compressed archive with the state of Raft, in which the CA, tokens and configuration lie."""

from __future__ import annotations

import hashlib
import json
import zlib
from functools import partial

from ...._mesh.backup.snapshot import SnapshotContent
from ...._mesh.errors import NotReady, Refused
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from .. import api
from ..names import SHARED, TOKENS, labelled
from ..trust.trust import blocks, pem_of

_PATH, _ROOTS = "/v1/snapshot", "/v1/connect/ca/roots"
_BLOCK = 512  # of a tar archive
_NAME, _SIZE = slice(0, 100), slice(124, 136)
_META, _STATE, _SUMS = "meta.json", "state.bin", "SHA256SUMS"
_GZIP = 31


def _reads(namespace: str) -> list[Read | Ref]:
    return [
        Read("apps/v1", "StatefulSet", namespace, labelled("server")),
        Read("v1", "Pod", namespace, labelled("server")),
        *(Ref("v1", "Secret", name, namespace) for name in (TOKENS, SHARED)),
    ]


def _first(live: Live) -> list[Object]:
    """Return one server: whichever is asked, the leader answers."""
    return api.servers(live)[:1]


def _asked(about: str, path: str, live: Live) -> list[Question]:
    return [api.get(about, pod, path, api.token(live, api.is_secondary(live))) for pod in _first(live)]


def saved(namespace: str) -> Look[bytes]:
    """Get a snapshot, which the leader takes."""
    return Look(_reads(namespace), _saved, partial(_asked, "snapshot", _PATH))


def _saved(_live: Live, answers: Answers) -> bytes:
    replies = list(answers.replies.values())
    if not replies or replies[0].status != 200:
        what = f"answered with HTTP {replies[0].status}" if replies else "did not answer, or none is ready"
        raise NotReady(f"No snapshot was taken: a server of Consul {what}. Check whether the servers have a leader.")
    return replies[0].body


def content(cluster: str, snapshot: bytes) -> SnapshotContent:
    """Return what an archive holds. Refuse one that is cut off, or whose parts do not have the digests that it names."""
    try:
        parts = _parts(zlib.decompress(snapshot, _GZIP))
        sums = {name.strip(): digest for digest, _space, name in (line.partition(" ") for line in parts[_SUMS].decode().splitlines())}
        wrong = [name for name in (_META, _STATE) if sums.get(name) != hashlib.sha256(parts[name]).hexdigest()]
        index = int(json.loads(parts[_META])["Index"])
    except (zlib.error, KeyError, ValueError) as error:
        raise Refused(f"{cluster}: this is no snapshot of Consul, or it is not whole ({type(error).__name__}). Take another one.") from error
    if wrong:
        raise Refused(f"{cluster}: the snapshot is damaged: {' and '.join(wrong)} does not have the digest that the snapshot names. Take another one.")
    return SnapshotContent(index, frozenset(pem_of(parts[_STATE])))


def _parts(archive: bytes) -> dict[str, bytes]:
    """Return the files of a tar archive. An archive ends with an empty block."""
    parts, at = {}, 0
    while (header := archive[at : at + _BLOCK]).strip(b"\0"):
        size = int(header[_SIZE].strip(b" \0") or b"0", 8)
        begun = at + _BLOCK
        body = archive[begun : begun + size]
        if len(body) != size:
            raise ValueError("cut off")
        parts[header[_NAME].rstrip(b"\0").decode().removeprefix("./")] = body
        at = begun + -(-size // _BLOCK) * _BLOCK
    return parts


def authority(namespace: str) -> Look[bytes]:
    """Ask for the CA with which Consul signs now. It is the first certificate of its active root."""
    return Look(_reads(namespace), _authority, partial(_asked, "roots", _ROOTS))


def _authority(_live: Live, answers: Answers) -> bytes:
    listed = (api.mapped(api.only(answers, "roots")) or {}).get("Roots") or []
    active = next((str(one.get("RootCert") or "") for one in listed if one.get("Active")), "")
    return b"".join(blocks(active.encode())[:1])


def restoring(namespace: str, snapshot: bytes) -> Look[Question]:
    return Look(_reads(namespace), partial(_restoring, snapshot))


def _restoring(snapshot: bytes, live: Live, _answers: Answers) -> Question:
    for pod in _first(live):
        return api.sent("the restore of a snapshot", pod, _PATH, api.token(live, api.is_secondary(live)), snapshot)
    raise NotReady("No snapshot was restored: no server of Consul is ready. New servers have to elect a leader first.")
