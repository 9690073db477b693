# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots as Consul makes them, after the description of its archive. Python's tarfile writes them, and the provider reads them by itself."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile


def archive(state: bytes, index: int = 42, wrong: bytes | None = None, without: str = "") -> bytes:
    """A snapshot with this state. `wrong` is what the digest of the state is made of instead."""
    meta = json.dumps({"Version": 1, "ID": "2-42", "Index": index, "Term": 2, "Size": len(state)}).encode()
    parts = {"meta.json": meta, "state.bin": state}
    known = {**parts, "state.bin": state if wrong is None else wrong}
    sums = "".join(f"{hashlib.sha256(part).hexdigest()}  {name}\n" for name, part in known.items()).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, part in {**parts, "SHA256SUMS": sums}.items():
            if name != without:
                info = tarfile.TarInfo(name)
                info.size = len(part)
                tar.addfile(info, io.BytesIO(part))
    return gzip.compress(packed.getvalue(), mtime=0)
