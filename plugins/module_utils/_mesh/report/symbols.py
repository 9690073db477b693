# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The symbols before a verdict: good, to be known, bad. Other programs that check meshes use the same."""

from __future__ import annotations

GOOD, KNOWN, BAD = "√", "‼", "×"
