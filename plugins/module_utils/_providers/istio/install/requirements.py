# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Istio asks of a cluster before it is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...._mesh.install import versions
from ...._mesh.install.versions import VersionLimits, Versions
from ...._mesh.preflight.estate import Owned
from . import rights
from .versions import VERSIONS

GROUPS = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io")
CRDS = (
    "authorizationpolicies.security.istio.io",
    "destinationrules.networking.istio.io",
    "envoyfilters.networking.istio.io",
    "gateways.networking.istio.io",
    "peerauthentications.security.istio.io",
    "proxyconfigs.networking.istio.io",
    "requestauthentications.security.istio.io",
    "serviceentries.networking.istio.io",
    "sidecars.networking.istio.io",
    "telemetries.telemetry.istio.io",
    "trafficextensions.extensions.istio.io",
    "virtualservices.networking.istio.io",
    "wasmplugins.extensions.istio.io",
    "workloadentries.networking.istio.io",
    "workloadgroups.networking.istio.io",
)


def limits(version: str) -> VersionLimits:
    """Of a version that is not in the table only the lower bound is asked."""
    return versions.limits(VERSIONS, version)


def known() -> Versions:
    """All that is known of Istio's versions."""
    return VERSIONS


def permissions(namespace: str, platform: str = "", probe: str = "") -> list[dict[str, str]]:
    """What will be written or asked: each a verb on a resource, cluster-wide unless a namespace is given.

    `probe` is the namespace of the echo servers, empty where traffic is not verified.
    """
    return [*rights.installing(namespace, platform), *(rights.probing(probe) if probe else [])]


def closed(labels: Mapping[str, str]) -> str:
    """By which label a namespace lets no proxy be injected into its pods, whatever the pods say; empty where it does not."""
    return "istio-injection: disabled" if labels.get("istio-injection") == "disabled" else ""


def platforms() -> Sequence[str]:
    """Of which the charts have a profile; any other one ends Helm."""
    return ("gke", "k3d", "k3s", "microk8s", "minikube", "openshift")


def charts() -> Sequence[str]:
    """Which may be given values."""
    return ("base", "cni", "gateway", "istiod")


def owned(namespace: str) -> Owned:
    """The CRDs that the release istio-base installs."""
    return Owned(groups=GROUPS, release="istio-base", namespace=namespace)
