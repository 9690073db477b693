# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of all objects that an install of Istio writes, besides its CRDs. What istioctl left behind may have the same names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...._mesh.install.claim import Claim
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...istio_family.install import tags
from ...istio_family.install.names import istiod, revision
from ...istio_family.install.passage import NAME
from ...istio_family.links import remote_secret

_RBAC, _HOOKS = "rbac.authorization.k8s.io/v1", "admissionregistration.k8s.io/v1"
_ISTIOD = "pilot-discovery"  # istiod's field manager


def claims(wish: ControlPlane, peers: Iterable[str] = (), gateway: bool = True) -> list[Claim]:
    """Return the claims of the releases, the tags, and the links to other clusters."""
    claimed = [*_base(wish), *_istiod(wish), *(_gateway(wish) if gateway else ())]
    claimed += [Claim(Ref.of(one), label=tags.REV, value=wish.revision) for one in tags.manifests(wish)]
    claimed = [replace(claim, completed_by=_ISTIOD) if claim.ref.api_version == _HOOKS else claim for claim in claimed]  # istiod fills in the CA of a webhook
    links = remote_secret.links(wish.namespace).labels or ""
    return [*claimed, *(Claim(remote_secret.linking(peer, wish.namespace), rivals=links, key=peer) for peer in peers)]


def _base(wish: ControlPlane) -> Iterator[Claim]:
    release = f"{wish.namespace}/istio-base"
    yield Claim(Ref("v1", "ServiceAccount", "istio-reader-service-account", wish.namespace), release)
    yield Claim(Ref(_HOOKS, "ValidatingWebhookConfiguration", "istiod-default-validator"), release)


def _istiod(wish: ControlPlane) -> Iterator[Claim]:
    name, space = istiod(wish), wish.namespace
    release, suffix = f"{space}/{name}", f"-{wish.revision}" if revision(wish) else ""
    for role in ("istiod-clusterrole", "istiod-gateway-controller", "istio-reader-clusterrole"):
        for kind in ("ClusterRole", "ClusterRoleBinding"):
            yield Claim(Ref(_RBAC, kind, f"{role}{suffix}-{space}"), release)
    for version, kind in (("v1", "Service"), ("v1", "ServiceAccount"), (_RBAC, "Role"), (_RBAC, "RoleBinding"), ("apps/v1", "Deployment"),
                          ("policy/v1", "PodDisruptionBudget"), ("autoscaling/v2", "HorizontalPodAutoscaler")):  # fmt: skip
        yield Claim(Ref(version, kind, name, space), release)
    for config in ("istio", "istio-sidecar-injector", "values"):
        yield Claim(Ref("v1", "ConfigMap", f"{config}{suffix}", space), release)
    yield Claim(Ref(_HOOKS, "MutatingWebhookConfiguration", f"istio-sidecar-injector{suffix}{'' if space == 'istio-system' else f'-{space}'}"), release)
    yield Claim(Ref(_HOOKS, "ValidatingWebhookConfiguration", f"istio-validator{suffix}-{space}"), release)


def _gateway(wish: ControlPlane) -> Iterator[Claim]:
    release = f"{wish.namespace}/{NAME}"
    for version, kind in (("v1", "Service"), ("v1", "ServiceAccount"), ("apps/v1", "Deployment"), (_RBAC, "Role"), (_RBAC, "RoleBinding"),
                          ("autoscaling/v2", "HorizontalPodAutoscaler")):  # fmt: skip
        yield Claim(Ref(version, kind, NAME, wish.namespace), release)
