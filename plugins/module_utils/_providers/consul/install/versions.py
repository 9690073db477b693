# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consul's minor versions that this collection knows."""

from __future__ import annotations

from datetime import date

from ...._mesh.install.versions import ReleaseLine, Versions

# Installed from manifests, Consul asks nothing of Kubernetes but StatefulSets with minReadySeconds (1.25). HashiCorp's chart has limits of its own.
# No source here names the day of a release where the day is the first of a month, and none the end of a version's support.
_KUBERNETES = ((1, 25), (1, 99))
VERSIONS = Versions(
    mesh="Consul",
    read=date(2026, 11, 27),
    sources=("developer.hashicorp.com/consul/docs/release-notes", "developer.hashicorp.com/consul/docs/connect/proxies/envoy: the versions of Envoy"),
    lines=(
        ReleaseLine((2, 1), date(2026, 10, 21), _KUBERNETES),
        ReleaseLine((2, 0), date(2026, 5, 24), _KUBERNETES),
        ReleaseLine((1, 22), date(2025, 10, 1), _KUBERNETES, proxy=(1, 35)),
        ReleaseLine((1, 21), date(2025, 5, 1), _KUBERNETES, proxy=(1, 34)),
    ),
)
