# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What depends on which Helm there is: 3 merges on its own side, 4 has the server apply unless it is told not to."""

from __future__ import annotations

from .versions import minor

_SAYS_SO_SINCE = (6, 5)


def server_side(version: str) -> str:
    """For the option of kubernetes.core.helm: what both do alike. Empty where the option must not be given.

    Applied by the server, a chart is in conflict with whoever wrote one of its fields since: istiod, which sets the failurePolicy of its webhooks,
    or a platform that narrows their selectors.
    """
    known = minor(version)
    return "false" if known and known >= (4, 0) else ""


def misfit(version: str, collection: str) -> str:
    """Half a sentence where this Helm and this kubernetes.core do not go together."""
    known = minor(collection)
    if not server_side(version) or known is None or known >= _SAYS_SO_SINCE:
        return ""
    return f"kubernetes.core is {collection}, which cannot tell Helm {version} how to apply; take kubernetes.core 6.5 or later, or Helm 3"
