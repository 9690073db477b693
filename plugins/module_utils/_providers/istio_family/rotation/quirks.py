# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List what each version of istiod needs for a rotation, or gets wrong."""

from __future__ import annotations

from collections.abc import Iterable

from ...._mesh.install.quirk import Quirk

QUIRKS = (
    Quirk((), (1, 18), "istiod takes a changed `cacerts` only when it starts, or with AUTO_RELOAD_PLUGIN_CERTS", "istio#31522, istio#43104", restarts=True),
    Quirk((1, 18), (1, 20), "istiod takes a changed root only when it starts", "Istio 1.20, release note 47063", restarts=True),
    Quirk(
        (1, 27), (1, 28), "istiod misses a new intermediate that comes without a new bundle; the mark, which changes the bundle, avoids it",
        "Istio 1.28, release note cacerts-file-watcher-bug",
    ),
    Quirk(
        (1, 20), (1, 30), "istiod compares bundles as bytes; what is in the bundle is kept as it is written, and the rest put behind it",
        "istio#59909",
    ),
    Quirk(
        (), (1, 31), "istiod does not take a root from files, as istio-csr gives it, without a restart",
        "Istio 1.31, release note istiod-root-cert-file-watch",
    ),
)  # fmt: skip


def quirks(versions: Iterable[str]) -> list[str]:
    """Return the quirks of these versions of istiod, as sentences with their source."""
    known = list(versions)
    return [str(quirk) for quirk in QUIRKS if any(quirk.applies(version) for version in known)]
