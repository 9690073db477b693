# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys Envoy can use in certificates."""

from __future__ import annotations

from ..._mesh.trust.keys import UsableKeys

OF_ENVOY = UsableKeys(("EC", "RSA"), "which Envoy does not accept. Use EC P-256 or RSA.")
