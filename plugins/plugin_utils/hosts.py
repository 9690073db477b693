# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters among the hosts of an inventory, as filters see them: through variables that Ansible renders when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import TemplateError, Undefined

from ..module_utils._mesh.errors import MeshError, Refused
from ..module_utils._mesh.member import Member, named, of_mesh
from ..module_utils._mesh.reach.options import anchored, read
from .meshes import known, near

_KUBE = "mesh_kube"
_UNREADABLE = (AnsibleError, TemplateError)
_WRAPPING = "A captured exception marker was tripped: "


def _rendered(value: Any) -> Any:
    """What stands there, with all that lies inside: Ansible renders an entry only when it is looked at."""
    if isinstance(value, Mapping):
        return {key: _rendered(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rendered(part) for part in value]
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is missing
    return value


class Variables(Mapping[str, Any]):
    """A host's variables. One that cannot be rendered is told by a sentence, when it is asked for; mesh_kube when something in it is."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.name, self._given = name, given

    def __getitem__(self, key: str) -> Any:
        return Kube(self) if key == _KUBE and self.reached else self.rendered(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def rendered(self, key: str) -> Any:
        if key not in self._given:
            raise KeyError(key)
        try:
            return _rendered(self._given[key])
        except _UNREADABLE as error:
            said = str(error).removeprefix(_WRAPPING).rstrip(".")
            raise Refused(f"{self.name}: {key} cannot be read: {said}. Give this host the variable that it is made of.") from error

    @property
    def reached(self) -> bool:
        """Whether the host has a mesh_kube, be it one that cannot be rendered."""
        try:
            return bool(self._given.get(_KUBE))
        except _UNREADABLE:
            return True

    @property
    def mesh(self) -> Any:
        """The name of its mesh, as it is written, or nothing."""
        return self.get("mesh_name")

    @property
    def named(self) -> bool:
        """Whether it is of a mesh, be it one whose name YAML has misread: `mesh_name: no` is no reason to leave a cluster out."""
        return self.mesh not in (None, "")


class Kube(Mapping[str, Any]):
    """How a cluster is reached, in the options' own names, with paths that begin at the inventory.

    A credential that is missing is the business of those who need just this one.
    """

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    @cached_property
    def _options(self) -> dict[str, Any]:
        found, base = self._variables.rendered(_KUBE), self._variables.get("inventory_dir")
        try:
            return anchored(read(found), str(base or ""))
        except Refused as wrong:
            raise Refused(f"{self._variables.name}: {wrong}.") from wrong

    def __getitem__(self, key: str) -> Any:
        return self._options[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)


def _member(name: str, hostvars: Mapping[str, Any]) -> Member | None:
    """The host as a cluster of a mesh, which has mesh_name and mesh_kube."""
    variables = Variables(name, hostvars[name])
    return Member.of(name, variables) if variables.reached and variables.named else None


def members(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[Member]:
    """The hosts that are clusters of a mesh. One whose variables cannot be rendered is none: `faults` names it."""
    tried = (_tried(name, hostvars) for name in hosts)
    return [member for member in tried if isinstance(member, Member)]


def _tried(name: str, hostvars: Mapping[str, Any]) -> Member | MeshError | None:
    try:
        return _member(name, hostvars)
    except MeshError as error:
        return error


def mates(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> list[Member]:
    """The clusters of its mesh, itself included, in the inventory's order. What stands wrong in other meshes does not matter to it."""
    own = member(hosts, hostvars, name)
    read = (Variables(one, hostvars[one]) for one in near(hosts, hostvars, name, own.mesh))
    there = (one for one in read if _mesh_of(one) == own.mesh)
    return of_mesh([Member.of(one.name, one) for one in there if one.named], own.mesh)


def readable_mates(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> list[Member]:
    """As `mates`, without a cluster whose variables cannot be rendered."""
    own = member(hosts, hostvars, name)
    return of_mesh(members(near(hosts, hostvars, name, own.mesh), hostvars), own.mesh)


def _mesh_of(variables: Variables) -> Any:
    return variables.mesh if variables.reached else None


def member(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> Member:
    """That one. What the others' variables are does not matter to it."""
    found = _member(name, hostvars) if known(hosts, hostvars, name) else None
    return named([found] if found else [], name)


def keeper(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> Member:
    """A cluster that need not be one of a mesh itself."""
    there = known(hosts, hostvars, name) and Variables(name, hostvars[name]).reached
    return named([Member.of(name, Variables(name, hostvars[name]))] if there else [], name)


def base(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> str:
    """The directory of the inventory that names the cluster, or the first one where none is meant."""
    first = name if known(hosts, hostvars, name) else next(iter(hosts), "")
    return str((Variables(first, hostvars[first]).get("inventory_dir") if first else "") or "")


def unread(of: Member) -> str:
    """Why it is not known how the cluster is reached; nothing where it is."""
    try:
        len(of.kube)
    except MeshError as error:
        return str(error)
    return ""


def clusters(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Return the names of the hosts that are clusters of a mesh, or would be if their variables could be rendered."""
    return [name for name in hosts if _meant(Variables(name, hostvars[name]))]


def _meant(variables: Variables) -> bool:
    try:
        return variables.reached and variables.named
    except MeshError:
        return True


def faults(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Return what cannot be read of the hosts that are clusters, a sentence for each."""
    tried = [_tried(name, hostvars) for name in clusters(hosts, hostvars)]
    said = [unread(one) if isinstance(one, Member) else str(one) for one in tried if one]
    return [sentence for sentence in said if sentence]
