# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what istiod writes into every namespace and leaves there: the roots that proxies trust, and revocations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Read

_NAMES = ("istio-ca-root-cert", "istio-ca-crl")
# The injection webhooks show every control plane that serves this cluster, also one in another cluster.
READS = (
    Read("v1", "ConfigMap", None, "istio.io/config=true", metadata_only=True),
    Read("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", None, "app=sidecar-injector"),
)


def left(namespace: str, revision: str, live: Live) -> list[Ref]:
    """Return what a revision handed out; nothing while another revision runs, because both use the same objects."""
    if any(not _injects_for(hook, namespace, revision) for hook in live.get("MutatingWebhookConfiguration", ())):
        return []
    return [Ref.of(one) for one in live.get("ConfigMap", ()) if one["metadata"]["name"] in _NAMES]


def _injects_for(hook: Mapping[str, Any], namespace: str, revision: str) -> bool:
    """Return whether the webhook is the injector of this revision, or of a tag that leads to it."""
    services = [(each.get("clientConfig") or {}).get("service") or {} for each in hook.get("webhooks") or []]
    own = all(service.get("namespace", namespace) == namespace for service in services)
    return own and (hook["metadata"].get("labels") or {}).get("istio.io/rev", "default") == revision
