# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what is left of revisions that have no control plane."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ...._mesh.cutover.leftover import Leftover
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Object
from ..install import validator
from ..install.passage import passage_of
from . import copies, retirement
from .injection import REV, Hook, hooks

_PASSAGE = passage_of("", "").name
_HOOKS, _VALIDATORS = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"
_KINDS = (_HOOKS, _VALIDATORS, "ConfigMap", "VirtualService")


def left_over(live: Live, namespace: str, there: Collection[str]) -> list[Leftover]:
    """`there` are the revisions that have a control plane. What the chart does not name so, such as the webhooks of a tag, is left to its owner."""
    known = hooks(live.get(_HOOKS, ()))
    gone = sorted(_named(live, known) - set(there))
    found = [Leftover(str(ref), revision, ref.kind == _HOOKS) for revision in gone for ref in _of(live, namespace, revision, there)]
    removed = {one.name for one in found}
    others = {(hook.configuration, hook.revision) for hook in known if hook.revision not in there}
    return [*found, *(Leftover(f"{_HOOKS} {name}", revision, True, False) for name, revision in sorted(others) if f"{_HOOKS} {name}" not in removed)]


def _named(live: Live, known: Iterable[Hook]) -> set[str]:
    """All revisions that something names which only a control plane or its cutover has."""
    maps = [one for one in live.get("ConfigMap", ()) if str(one["metadata"]["name"]).startswith(retirement.MAPS)]
    labelled = [*maps, *(one for one in live.get(_VALIDATORS, ()) if one["metadata"]["name"] != validator.kept().ref.name), *copies.made(live)]
    passages = {name.removeprefix(_PASSAGE) for one in live.get("VirtualService", ()) if (name := str(one["metadata"]["name"])).startswith(_PASSAGE)}
    return ({hook.revision for hook in known if not hook.tag} | {_revision(one) for one in labelled} | passages) - {""}


def _revision(one: Object) -> str:
    return str((one["metadata"].get("labels") or {}).get(REV, ""))


def _of(live: Live, namespace: str, revision: str, there: Collection[str]) -> list[Ref]:
    present = {(kind, one["metadata"].get("namespace"), one["metadata"]["name"]) for kind in _KINDS for one in live.get(kind, ())}
    refs = [ref for ref in retirement.behind(namespace, revision) if (ref.kind, ref.namespace, ref.name) in present]
    return [*refs, *copies.of(live, revision, there)]
