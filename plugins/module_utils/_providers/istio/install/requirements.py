# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Istio requires of a cluster before an install."""

from __future__ import annotations

from ...._mesh.preflight.requirements import Requirements
from ...istio_family.install import domains
from ...istio_family.install.crds import GROUPS
from ...istio_family.install.places import GONE
from ...istio_family.install.versions import VERSIONS

REQUIREMENTS = Requirements(
    versions=VERSIONS,
    groups=GROUPS,
    owner="istio-base",
    # The charts have a profile for each of these platforms; with any other one, Helm fails.
    platforms=("gke", "k3d", "k3s", "microk8s", "minikube", "openshift"),
    charts=("base", "cni", "gateway", "istiod"),
    refusing=(("istio-injection", "disabled"),),
    gone=GONE,
    between=domains.faults,
)
