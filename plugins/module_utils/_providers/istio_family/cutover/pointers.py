# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written to lead a tag or the default rule to another revision. pilot finds both halves of a tag by their label: it changes with the address."""

from __future__ import annotations

import copy

from ...._mesh.objects.shapes import Manifest, Object
from ..install.tags import LED_FROM
from .injection import REV

_DEACTIVATED = {"matchLabels": {"istio.io/deactivated": "never-match"}}
_OF_DEFAULT_RULE = ("namespace.", "object.", "auto.")


def istiod(revision: str) -> str:
    return "istiod" if revision == "default" else f"istiod-{revision}"


def service(live: Object, target: str, former: str | None) -> Manifest:
    """The Service of a tag, as it is found, leading to the target. The selector is replaced as a whole: that of the revision default has another key."""
    changed = copy.deepcopy(dict(live))
    changed["metadata"].setdefault("labels", {})[REV] = target
    own = {"istio": "pilot"} if target == "default" else {REV: target}
    changed["spec"]["selector"] = {"app": "istiod", **own}
    return noted(changed, former) if changed != dict(live) else changed


def noted(half: Object, former: str | None) -> Manifest:
    """Half of a tag, or the validator, with the revision from which a cutover leads it. By that it is led back; without one it loses its note."""
    changed = copy.deepcopy(dict(half))
    notes = {**(changed["metadata"].get("annotations") or {}), LED_FROM: former}
    changed["metadata"]["annotations"] = {key: note for key, note in notes.items() if key != LED_FROM or note}
    return changed


def webhook(live: Object, target: str, former: str | None) -> Manifest:
    """The webhooks of a tag, as they are found. A foreign tag keeps its selectors, paths and CA bundles."""
    changed = copy.deepcopy(dict(live))
    changed["metadata"].setdefault("labels", {})[REV] = target
    for each in changed.get("webhooks") or []:
        if each["clientConfig"].get("service"):
            each["clientConfig"]["service"]["name"] = istiod(target)
    return noted(changed, former) if changed != dict(live) else changed


def narrow(live: Object) -> Manifest:
    """The webhooks of the revision default, matching nothing, as istioctl leaves them: its name is that of the tag default, which injects from now on."""
    changed = copy.deepcopy(dict(live))
    for each in changed.get("webhooks") or []:
        each["namespaceSelector"], each["objectSelector"] = dict(_DEACTIVATED), dict(_DEACTIVATED)
    return changed


def serves_default_rule(configuration: Object) -> bool:
    """Whether webhooks of a revision, rather than of a tag, still serve the default rule."""
    own = "istio.io/tag" not in (configuration["metadata"].get("labels") or {})
    live = [each for each in configuration.get("webhooks") or [] if each.get("objectSelector") != _DEACTIVATED]
    return own and any(str(each["name"]).startswith(_OF_DEFAULT_RULE) for each in live)
