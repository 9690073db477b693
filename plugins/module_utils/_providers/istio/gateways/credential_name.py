# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Secret a gateway's `credentialName` means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...._mesh.objects.change import Ref

# The latter is what the Gateway API's references become; Istio takes both from users, too.
_SCHEMES = ("kubernetes://", "kubernetes-gateway://")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def names(tls: Mapping[str, Any]) -> Iterator[str]:
    """Both fields of a server, in the order in which Istio serves them."""
    yield from (str(name) for name in (*(tls.get("credentialNames") or ()), tls.get("credentialName")) if name)


def secret(name: str, space: str) -> Ref | None:
    """`space` is the namespace of the gateway's pods. None for what is no Secret, such as the socket of another server, or cannot be the name of one."""
    scheme = next((one for one in _SCHEMES if name.startswith(one)), "")
    named, slash, last = name.removeprefix(scheme).rpartition("/")
    own = named if slash else space
    return Ref("v1", "Secret", last, own) if _NAME.fullmatch(own) and _NAME.fullmatch(last) else None


def referred(ref: Mapping[str, Any], space: str) -> Ref | None:
    """An entry of the Gateway API's `certificateRefs`. None for what is no Secret."""
    if (ref.get("group") or "", ref.get("kind") or "Secret") != ("", "Secret"):
        return None
    return secret(str(ref.get("name") or ""), str(ref.get("namespace") or space))
