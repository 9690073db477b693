# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far versions of Istio may be apart during a cutover."""

from __future__ import annotations

from ...._mesh.cutover.skew import SkewRules

# Two revisions: istio.io/latest/docs/setup/upgrade/canary. The CNI plugin: the version tables of OpenShift Service Mesh 3.
# Since these patches, and 1.31.0, istiod keeps a Gateway's configuration while its label istio.io/rev changes (istio#60158).
# What istiod makes for a Gateway can be changed by a ConfigMap since 1.26 (istio#55283).
RULES = SkewRules("Istio", revisions=2, node_agent=1, handover=((1, 29, 5), (1, 30, 2)), carrying=("openshift",), stand_in=(1, 26))
