# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that ends a drill: a sentence for the person at the terminal."""

from __future__ import annotations


class DrillError(Exception):
    """Says why a drill could not be held at all; a promise that was missed is a result and no error."""
