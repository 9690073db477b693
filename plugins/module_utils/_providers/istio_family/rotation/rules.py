# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How istiod takes another CA: a part of what it hands out or more than that, compared as bytes; and the mark by which proxies notice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...._mesh.rotation.rules import Roots, Rules, pem_of
from ...._mesh.trust.certificate import Certificate

MARK = "meshops reissue mark"


def takes(given: Roots, own: Roots) -> bool:
    """It takes a CA while it runs only if that holds all that it hands out, or a part of it; and nothing of it otherwise."""
    return given <= own or own <= given


def arranged(existing: bytes, held: Sequence[Certificate], wanted: Collection[str], known: Mapping[str, bytes]) -> bytes:
    """What stays keeps its place and form, since istiod has compared bundles as text."""
    present = {one.fingerprint for one in held}
    lacking = [pem_of(known, one) for one in sorted(wanted) if one not in present]
    left = [existing] if present <= set(wanted) else [one.pem for one in held if one.fingerprint in wanted]
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in (*left, *lacking) if part)


RULES = Rules(MARK, takes, arranged)
