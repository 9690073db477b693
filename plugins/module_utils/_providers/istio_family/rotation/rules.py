# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State how istiod accepts another CA: its bundle, compared as bytes, may only grow or shrink. A mark makes proxies notice a new CA."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...._mesh.rotation.rules import Roots, Rules, pem_of
from ...._mesh.trust.certificate import Certificate

MARK = "meshops reissue mark"


def takes(given: Roots, own: Roots) -> bool:
    """Tell whether a running istiod accepts a CA. It does if the CA's bundle has all roots that istiod hands out, or only some of them."""
    return given <= own or own <= given


def arranged(existing: bytes, certificates: Sequence[Certificate], wanted: Collection[str], known: Mapping[str, bytes]) -> bytes:
    """Write a bundle in which every root that stays keeps its place and form, because istiod has compared bundles as text."""
    present = {one.fingerprint for one in certificates}
    lacking = [pem_of(known, one) for one in sorted(wanted) if one not in present]
    left = [existing] if present <= set(wanted) else [one.pem for one in certificates if one.fingerprint in wanted]
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in (*left, *lacking) if part)


RULES = Rules(MARK, takes, arranged)
