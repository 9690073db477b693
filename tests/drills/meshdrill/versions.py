# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real versions of Istio for a cutover: the lab's own, and one of some months before, which is built when it is asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import EVERYTHING, Estate
from meshlab import image, images, paths, programs

from . import revisions
from .ground import CLUSTERS
from .revisions import DRAINING, REVISIONS, Variables, charts

Choice = Callable[[str], Variables]


@contextmanager
def versions(estate: Estate, real: bool) -> Iterator[Choice]:
    """The variables of each revision. Two real versions begin with a mesh that nobody has installed yet, and leave none."""
    if not real:
        yield lambda _revision: DRAINING
        return
    before = programs.build(programs.PROGRAMS["istio-before"])
    bring_images(estate, before)
    take_down(estate)
    try:
        yield both(before)
    finally:
        take_down(estate)


def take_down(estate: Estate) -> None:
    """The revision that serves, after the other, which a drill that did not come to its end has left."""
    serving = revisions.serving(estate, CLUSTERS[0]) or REVISIONS[0]
    for cluster in CLUSTERS:
        revisions.uninstall(estate, cluster, next(one for one in REVISIONS if one != serving))
    estate.play("teardown", **EVERYTHING, mesh_revision=serving).succeeded()


def bring_images(estate: Estate, before: Path) -> None:
    for number, one in enumerate(images.of_istio(before, programs.ISTIO_BEFORE, images.envoy())):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / f"{number}.tar"
            image.write(one, archive)
            estate.lab("load-image", str(archive), *CLUSTERS)


def both(before: Path) -> Choice:
    """The mesh is installed at the older version, so that the first cutover is an upgrade."""
    older = charts(before / "charts", minor(programs.ISTIO_BEFORE), programs.ISTIO_BEFORE)
    newer = charts(paths.state() / "charts", minor(programs.ISTIO_VERSION), programs.ISTIO_VERSION)
    return lambda revision: older if revision == REVISIONS[0] else newer


def minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
