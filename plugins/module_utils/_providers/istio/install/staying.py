# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would stay when the namespace of the control plane goes: webhooks of other revisions and tags, which then refuse every pod that they match."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...._mesh.few_names import few
from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ...istio_family.install.names import istiod
from ...istio_family.install.tags import REV

_KIND, _SHOWN = "MutatingWebhookConfiguration", 5
_READ = Read("admissionregistration.k8s.io/v1", _KIND, None, "app=sidecar-injector")
_TAG, _RELEASE = "istio.io/tag", "meta.helm.sh/release-"


def staying(wish: ControlPlane) -> Look[Due]:
    """Look for injection by this namespace that a teardown does not remove, such as that of a cutover which has not come to its end."""
    return Look([_READ], partial(_judged, wish))


def _judged(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    left = sorted(str(one["metadata"]["name"]) for one in live.get(_KIND, ()) if _leads_to(one, wish.namespace) and not _goes(one, wish))
    if not left:
        return Due()
    told = f"{few(left, _SHOWN)} would lead to nobody when the namespace {wish.namespace} is gone, and every pod that a webhook matches would be refused"
    way = "Retire the other revision with meshops.lifecycle.cutover, name its tag in mesh_revision_tags, or delete the webhook. Then run again"
    return Due(refusal=f"{_KIND} {told}. {way}.")


def _leads_to(one: Object, namespace: str) -> bool:
    services = [(each.get("clientConfig") or {}).get("service") or {} for each in one.get("webhooks") or []]
    return any(service.get("namespace") == namespace for service in services)


def _goes(one: Object, wish: ControlPlane) -> bool:
    """Whether it is of a revision or a tag that the teardown removes, or of the Helm release of such a revision."""
    meta, revisions = one["metadata"], (wish.revision, *wish.planes)
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    releases = [(istiod(replace(wish, revision=revision)), wish.namespace) for revision in revisions]
    if (notes.get(f"{_RELEASE}name"), notes.get(f"{_RELEASE}namespace")) in releases:
        return True
    return labels[_TAG] in wish.tags if _TAG in labels else labels.get(REV, "default") in revisions
