# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find which revision validates users' objects. The webhook that the chart `base` makes leads to one of the running revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...._mesh.install.helm_release import Kept
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Object
from ...._mesh.question import Read

VALUE = "defaultRevision"
_KIND = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
_NAME, _LABEL = "istiod-default-validator", "istio.io/rev"


def kept() -> Kept:
    """Return the setting that a new revision leaves as it is, because the new revision has not proved itself yet."""
    return Kept(VALUE, Ref(*_KIND, _NAME), _LABEL)


def reads() -> Read:
    return Read(*_KIND, None, "app=istiod")


def webhook(live: Mapping[str, Sequence[Object]]) -> Object | None:
    """Return the webhook, if it is there."""
    return next((one for one in live.get(_KIND[1], ()) if one["metadata"]["name"] == _NAME), None)


def revision(live: Mapping[str, Sequence[Object]]) -> str:
    """Return the revision that validates; empty if none does."""
    live_one = webhook(live)
    return str((live_one["metadata"].get("labels") or {}).get(_LABEL, "")) if live_one else ""
