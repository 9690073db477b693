# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that ends a command: a sentence for the person at the terminal, without a traceback."""

from __future__ import annotations


class LabError(Exception):
    """Says what is wrong and how to mend it, in one sentence."""
