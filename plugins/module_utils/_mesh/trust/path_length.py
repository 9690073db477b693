# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a cluster's CA, and all CAs above it, leave room for the CAs that the mesh puts below it."""

from __future__ import annotations

from .certificate import Authority


def shortage(ca: Authority, below: int) -> str:
    """Return which certificate is too narrow, as a sentence; empty if there is room. A mesh that signs leaves only needs no room."""
    for depth, one in enumerate(ca.path):
        if one.path_length is not None and one.path_length < below + depth:
            fault = f"the path length {one.path_length} of {one} is too small, because this mesh puts up to {below} CAs between a cluster's CA and its leaves"
            return f"{fault}. Have that certificate issued with a path length of {below + depth} or more, or without one."
    return ""
