# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps things: in the checkout, in the cache, and on the machine."""

from __future__ import annotations

import os
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
CHECKOUT = LAB.parent.parent
PROGRAMS = LAB / "programs"
MANIFESTS = LAB / "manifests"

# One lab a machine: bridge, addresses and cgroups are shared by all checkouts, so the record of them has one place.
RECORD = Path("/run/meshlab")


def cache() -> Path:
    """Built programs and images, shared by all checkouts of one user."""
    base = os.environ.get("MESHOPS_CACHE") or os.path.expanduser("~/.cache/meshops.lifecycle")
    return Path(base).absolute() / "lab"


def state() -> Path:
    """The clusters' data; the same path at every start, so that inventories can name the kubeconfig in it."""
    return Path(os.environ.get("MESHOPS_LAB_STATE") or "/var/lib/meshlab").absolute()


def kubeconfig(cluster: str | None = None) -> Path:
    """The kubeconfig of one cluster, or the one that has a context for each cluster."""
    return state() / cluster / "kubeconfig" if cluster else state() / "kubeconfig"
