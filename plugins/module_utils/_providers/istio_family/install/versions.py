# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Istio's minor versions: what each was tested with, and how long it is supported."""

from __future__ import annotations

from datetime import date

from ...._mesh.install.versions import ReleaseLine, Versions

# Support of a minor ends six weeks after the release of the minor two above it, so those of the newest two are no dates yet.
# Days of release are those of the announcements; the table upstream gives some a few days earlier.
# Envoy and the least Gateway API CRDs stand only where a source was found.
VERSIONS = Versions(
    mesh="Istio",
    read=date(2026, 11, 26),
    sources=(
        "istio.io/latest/docs/releases/supported-releases (its data: istio/istio.io data/compatibility/supportStatus.yml, October 2026)",
        "istio.io/latest/news/releases/1.30.x/announcing-1.30/upgrade-notes: Gateway API CRDs of v1.5 at least",
        "1.29's end: the page names 12 October 2026, six weeks after 1.31.0 of 31 August",
    ),
    lines=(
        ReleaseLine((1, 31), date(2026, 8, 31), ((1, 32), (1, 37)), until="six weeks after 1.33.0, about February 2027", proxy=(1, 39), gateway_api=(1, 5)),
        ReleaseLine((1, 30), date(2026, 5, 18), ((1, 32), (1, 36)), until="six weeks after 1.32.0", proxy=(1, 38), gateway_api=(1, 5)),
        ReleaseLine((1, 29), date(2026, 2, 16), ((1, 31), (1, 35)), ends=date(2026, 10, 12)),
        ReleaseLine((1, 28), date(2025, 11, 5), ((1, 30), (1, 34)), ends=date(2026, 7, 1)),
        ReleaseLine((1, 27), date(2025, 8, 11), ((1, 29), (1, 33)), ends=date(2026, 4, 7)),
        ReleaseLine((1, 26), date(2025, 5, 8), ((1, 29), (1, 33)), ends=date(2025, 12, 22)),
        ReleaseLine((1, 25), date(2025, 3, 3), ((1, 29), (1, 32)), ends=date(2025, 9, 30)),
        ReleaseLine((1, 24), date(2024, 11, 7), ((1, 28), (1, 31)), ends=date(2025, 6, 24)),
    ),
)
