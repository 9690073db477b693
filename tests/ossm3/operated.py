# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's two clusters with the stand-in of the Sail operator beside each, which installs the real istiods of the lab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT, CLUSTERS, EVERYTHING, Estate
from ansible_collections.meshops.lifecycle.tests.lab.operators.played import sail

INVENTORY = CHECKOUT / "inventories" / "lab-ossm3"


@contextmanager
def operated(folder: Path, charts: Mapping[str, Path]) -> Iterator[Estate]:
    """Clusters without a mesh. In the end nothing is left of one, of the operator, and of their CRDs. `charts` are those of each version, the newest first.

    The logs of the stand-ins are in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        there = Estate()
        there.remove_app()
        there.play("teardown", **EVERYTHING).succeeded()
        estate = Estate(INVENTORY)
        for cluster in CLUSTERS:
            stack.enter_context(sail(Path(estate.kubeconfig), cluster, folder / f"operator-{cluster}.log", charts))
        try:
            yield estate
        finally:
            estate.remove_app()
            estate.play("teardown", **EVERYTHING).succeeded()
