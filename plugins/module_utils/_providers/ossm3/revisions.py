# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a revision's name says which Istio has it, and by which update strategy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..._mesh.errors import Refused
from ..._mesh.install.wish import ControlPlane

IN_PLACE, REVISION_BASED = "InPlace", "RevisionBased"
_VERSIONED = re.compile(r"(?P<name>.+)-v(?P<version>[0-9]+-[0-9]+-[0-9]+(?:-[a-z0-9-]+)?)")


@dataclass(frozen=True)
class Placed:
    """The Istio of a revision. With InPlace both have one name; with RevisionBased the operator adds the version to the name of the Istio."""

    istio: str
    strategy: str


def version(given: str) -> str:
    """Return a version as the operator spells it; empty for the operator's own default."""
    return f"v{given.removeprefix('v')}" if given else ""


def suffix(given: str) -> str:
    """Return what the operator adds to the name of an Istio for a version."""
    return f"-{version(given).replace('.', '-')}" if given else ""


def placed(wish: ControlPlane) -> Placed:
    """Return where a revision belongs. Refuse a name with another version than the one that is wanted: the operator would give the revision another name."""
    ending = suffix(wish.version)
    if ending and wish.revision.endswith(ending) and wish.revision != ending:
        if wish.version.endswith("-latest"):
            told = f"{wish.cluster}: mesh_version is {wish.version}, which moves by itself, and mesh_revision is {wish.revision}, which names one version"
            raise Refused(f"{told}. Name the version, as in 1.30.3.")
        return Placed(wish.revision.removesuffix(ending), REVISION_BASED)
    if match := _VERSIONED.fullmatch(wish.revision):
        told = f"{wish.cluster}: mesh_revision is {wish.revision}, but mesh_version is {wish.version or 'not set'}"
        way = f"Set mesh_version to {match['version'].replace('-', '.')}"
        other = f" or mesh_revision to {match['name']}{ending}" if ending else ""
        raise Refused(f"{told}, and the operator adds the version to the name of such a revision. {way}{other}.")
    return Placed(wish.revision, IN_PLACE)
