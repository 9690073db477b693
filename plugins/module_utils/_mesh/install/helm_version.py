# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What depends on the version of Helm. Helm 3 merges on its own side; Helm 4 uses server-side apply unless told not to."""

from __future__ import annotations

from .versions import minor

_SAYS_SO_SINCE = (6, 5)


def server_side(version: str) -> str:
    """Return the option `server_side` for kubernetes.core.helm, so that Helm 3 and 4 act alike. Empty if the option must not be given.

    Server-side apply would conflict with everyone who changed a field of a chart: a control plane sets the failurePolicy of its webhooks,
    and some platforms narrow their selectors.
    """
    known = minor(version)
    return "false" if known and known >= (4, 0) else ""


def misfit(version: str, collection: str) -> str:
    """Return half a sentence if this kubernetes.core does not support this Helm; else ""."""
    known = minor(collection)
    if not server_side(version) or known is None or known >= _SAYS_SO_SINCE:
        return ""
    return f"kubernetes.core {collection} cannot tell Helm {version} how to apply; install kubernetes.core 6.5 or later, or use Helm 3"
