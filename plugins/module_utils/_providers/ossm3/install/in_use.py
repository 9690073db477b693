# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who uses a revision that is to go. The operator deletes an Istio in use without a word, and its proxies would be left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from ...._mesh.few_names import few
from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ...istio_family.cutover.workloads import ended, made_by
from ...istio_family.links.remote_secret import ours
from .. import kinds
from ..revisions import placed

_LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"
_WITHOUT = ("metadata.managedFields", "spec.volumes", "spec.affinity", "spec.tolerations")
_SHOWN = 5


def refused(wish: ControlPlane) -> Look[Due]:
    """Look for pods whose proxy the revision made. Those in the control plane's namespace go with it, and so do our own echo servers."""
    return Look([Read("v1", "Pod", fields=_LIVE_PODS, without=_WITHOUT), Read(kinds.API, kinds.REVISION)], partial(_refused, wish))


def _refused(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    istio = placed(wish).istio
    own = {wish.revision, *_revisions(istio, live.get(kinds.REVISION, ()))}
    using = users(live.get("Pod", ()), own, wish.namespace)
    if not using:
        return Due()
    told = f"Istio {istio} is in use, and the operator would delete it at once: {few(using, _SHOWN)} {'have' if len(using) > 1 else 'has'} its proxy"
    return Due(refusal=f"{told}. Take the mesh's labels off their namespaces, restart them without a proxy or remove them, and run again.")


def _revisions(istio: str, known: Iterable[Object]) -> list[str]:
    """Return the revisions that go with the Istio."""
    owned = [(str(one["metadata"]["name"]), [(each.get("kind"), each.get("name")) for each in one["metadata"].get("ownerReferences") or []]) for one in known]
    return [name for name, owners in owned if (kinds.ISTIO, istio) in owners]


def users(pods: Iterable[Object], revisions: Collection[str], namespace: str) -> list[str]:
    """Return the pods of others, outside of a namespace, whose proxy one of these revisions made."""
    made = [pod["metadata"] for pod in pods if not ended(pod) and made_by(pod) in revisions and not ours(pod)]
    return sorted(f"{meta['namespace']}/{meta['name']}" for meta in made if meta["namespace"] != namespace)
