# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written to make namespaces, templates and Gateways follow another revision, each in one patch."""

from __future__ import annotations

from collections.abc import Mapping

from ...._mesh.objects.shapes import Manifest, Object
from ..install.tags import LED_FROM
from .injection import ENABLE, REV

# What the object followed before a cutover turned it, as `label=value`. It stands on the object, so that a killed run and the way back know it.
FORMER = "meshops.lifecycle/cutover-former"
PINNED = "meshops.lifecycle/cutover-pinned"
# On a second Deployment and what belongs to it: the name of the first, which is that of the release that installed it.
SECOND_OF = "meshops.lifecycle/cutover-second-of"


def turn(space: Object, target: str, tags: Mapping[str, str], undoes: bool = False) -> Manifest:
    """Make a namespace name the target. What names a revision already is only given another name, and notes the one that it had.

    What `undoes` such a note takes it off.
    """
    meta = space["metadata"]
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    record = str(annotations.get(FORMER) or _record(labels, tags))
    change: Manifest = {"labels": {REV: target, ENABLE: None}}
    change["annotations"] = {FORMER: record} if record else {LED_FROM: None if undoes else labels.get(REV)}
    return {"metadata": change}


def _record(labels: Mapping[str, str], tags: Mapping[str, str]) -> str:
    if ENABLE not in labels and labels.get(REV) not in tags:
        return ""
    return ",".join(f"{key}={labels[key]}" for key in (ENABLE, REV) if key in labels)


def former(space: Object) -> dict[str, str] | None:
    """The labels that a namespace had before, beside its others; None if no cutover turned it."""
    meta = space["metadata"]
    pairs = [pair.partition("=") for pair in str((meta.get("annotations") or {}).get(FORMER) or "").split(",")]
    before = {key: value for key, sign, value in pairs if sign and key in (ENABLE, REV)}
    others = {name: text for name, text in (meta.get("labels") or {}).items() if name not in (ENABLE, REV)}
    return {**others, **before} if before else None


def restore(space: Object) -> Manifest:
    """Give a namespace the labels back that it had, and forget the record."""
    before = former(space) or {}
    return {"metadata": {"labels": {ENABLE: before.get(ENABLE), REV: before.get(REV)}, "annotations": {FORMER: None}}}


def relabel(target: str, former: str | None) -> Manifest:
    """Make a template name the target; its controller rolls the pods for that. The note is not in the template."""
    return {**noted(former), "spec": {"template": {"metadata": {"labels": {REV: target}}}}}


def noted(former: str | None) -> Manifest:
    return {"metadata": {"annotations": {LED_FROM: former}}}


def pin(revision: str) -> Manifest:
    """Give a Gateway the label of the revision that it follows by its namespace, so that it stays when the namespace turns."""
    return {"metadata": {"labels": {REV: revision}, "annotations": {PINNED: revision}}}


def unpin() -> Manifest:
    return {"metadata": {"labels": {REV: None}, "annotations": {PINNED: None}}}


def hand_over(target: str, former: str | None) -> Manifest:
    return {"metadata": {"labels": {REV: target}, "annotations": {LED_FROM: former}}}
