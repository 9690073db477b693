# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secret in a consumer that says with which datacenter it is peered, and holds the token of the peering."""

from __future__ import annotations

LABEL = "meshops.lifecycle/peer"
TOKEN = "token"  # noqa: S105


def name(source: str) -> str:
    return f"consul-peer-{source}"
