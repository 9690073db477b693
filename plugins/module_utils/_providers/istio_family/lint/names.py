# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups and kinds of the products that are relatives of istiod."""

from __future__ import annotations

from ...._mesh.lint.given import Document, LintScene

MAISTRA, FEDERATION, SAIL = "maistra.io", "federation.maistra.io", "sailoperator.io"
GROUPS = (
    "networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io", SAIL, MAISTRA, FEDERATION,
)  # fmt: skip


def control_planes(scene: LintScene) -> list[Document]:
    return [each for each in scene.known if (each.group, each.ref.kind) == (MAISTRA, "ServiceMeshControlPlane")]
