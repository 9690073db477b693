# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of Istio each line of the operator installs, and on which OpenShift; from its public tables, with the day on which they were read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from ...._mesh.install.versions import Minor, dotted, minor
from ...istio_family.install.versions import VERSIONS

READ = date(2026, 11, 27)
SOURCES = (
    "pkg/istioversion/versions.yaml of the branches release-3.0 to release-3.4 of openshift-service-mesh/sail-operator, and of istio-ecosystem/sail-operator",
    "docs.redhat.com, Red Hat OpenShift Service Mesh 3.0 and 3.1, release notes: version support tables",
)
_NAMED = re.compile(r"(?P<package>servicemeshoperator3|sailoperator)\.v(?P<major>\d+)\.(?P<minor>\d+)\..*")


@dataclass(frozen=True)
class OperatorLine:
    """A minor version of the operator. It installs the minors of Istio from `oldest` to `newest`, and is supported with the newest one alone.

    What is older is past its end of life: the API server takes it, and the operator ends in an error. `openshift` are the lowest and the highest minor;
    None where the tables name none.
    """

    package: str
    line: Minor
    oldest: Minor
    newest: Minor
    openshift: tuple[Minor, Minor | None] | None = None

    @property
    def called(self) -> str:
        product = "OpenShift Service Mesh" if self.package == "servicemeshoperator3" else "the Sail operator"
        return f"{product} {dotted(self.line)}"


LINES: Sequence[OperatorLine] = (
    OperatorLine("servicemeshoperator3", (3, 4), (1, 28), (1, 30), ((4, 16), None)),
    OperatorLine("servicemeshoperator3", (3, 3), (1, 26), (1, 28), ((4, 16), None)),
    OperatorLine("servicemeshoperator3", (3, 2), (1, 24), (1, 27), ((4, 16), None)),
    OperatorLine("servicemeshoperator3", (3, 1), (1, 24), (1, 26), ((4, 16), None)),
    OperatorLine("servicemeshoperator3", (3, 0), (1, 23), (1, 24), ((4, 14), (4, 19))),
    OperatorLine("sailoperator", (1, 31), (1, 28), (1, 31)),
    OperatorLine("sailoperator", (1, 27), (1, 24), (1, 27)),
)


def line(installed: str) -> OperatorLine | None:
    """Return the line of an operator by the name of its ClusterServiceVersion; None if it is not in the table."""
    match = _NAMED.fullmatch(installed)
    if not match:
        return None
    wanted = (int(match["major"]), int(match["minor"]))
    return next((one for one in LINES if (one.package, one.line) == (match["package"], wanted)), None)


def ended(installed: str, version: str) -> str:
    """Return why an operator will not install a version that it knows, as half a sentence; empty if it will, or if nobody knows."""
    known, wanted = line(installed), minor(version)
    if known is None or wanted is None or known.oldest <= wanted:
        return ""
    span = f"{dotted(known.oldest)} to {dotted(known.newest)}" if known.oldest != known.newest else f"{dotted(known.newest)} alone"
    newer = [one for one in LINES if one.package == known.package and one.oldest <= wanted <= one.newest]
    way = f"choose one of these, or the operator {' or '.join(one.called for one in newer)}" if newer else "choose one of these"
    return f"{known.called} installs Istio {span} (as of {READ}), and {dotted(wanted)} is past its end of life there; {way}"


def unsupported(installed: str, version: str) -> str:
    """Return what to know of a version that the operator installs only for upgrades, as half a sentence."""
    known, wanted = line(installed), minor(version)
    if known is None or wanted is None or known.package != "servicemeshoperator3" or not known.oldest <= wanted < known.newest:
        return ""
    told = f"{known.called} is supported with Istio {dotted(known.newest)} (as of {READ})"
    return f"{told}; it installs {dotted(wanted)} so that a mesh can be upgraded from it"


# The operator's tables speak of OpenShift and not of Kubernetes, so the bounds of upstream do not hold; `operator` judges OpenShift by the lines above.
_KUBERNETES = ((1, 27), VERSIONS.lines[0].kubernetes[1])
ISTIO = replace(VERSIONS, mesh="upstream Istio", lines=tuple(replace(one, kubernetes=_KUBERNETES) for one in VERSIONS.lines))
