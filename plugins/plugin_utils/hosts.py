# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters among the hosts of an inventory. Ansible renders a host's variables only when somebody reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import TemplateError, Undefined

from ..module_utils._mesh.errors import MeshError, Refused
from ..module_utils._mesh.member import Member, named, of_mesh
from ..module_utils._mesh.reach.options import anchored, read
from .meshes import known, near, unrendered

_KUBE = "mesh_kube"
_WHOLE = ("{", "#jinja2:")
_UNREADABLE = (AnsibleError, TemplateError)
_WRAPPING = "A captured exception marker was tripped: "


def _rendered(value: Any) -> Any:
    """Return a value with everything inside it rendered: Ansible renders an entry only when it is read."""
    if isinstance(value, Mapping):
        return {key: _rendered(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rendered(part) for part in value]
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is missing
    return value


def _stays(text: Any) -> bool:
    """Return whether rendering an entry leaves a text. Only a value that is all template can become `omit`, which takes its entry away."""
    return isinstance(text, str) and bool(text) and not (text.startswith(_WHOLE) and text.rstrip().endswith("}"))


class Variables(Mapping[str, Any]):
    """A host's variables, each rendered once. Reading one that cannot be rendered raises a sentence; for mesh_kube, only reading something in it does."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.name, self._given = name, given
        self._vars = unrendered(given)  # the name that meshes.unrendered asks for
        self._read: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self._kube if key == _KUBE and self.reached else self.rendered(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def rendered(self, key: str) -> Any:
        if key not in self._given:
            raise KeyError(key)
        if key not in self._read:
            self._read[key] = self._render(key)
        return self._read[key]

    def _render(self, key: str) -> Any:
        try:
            return _rendered(self._given[key])
        except _UNREADABLE as error:
            why = str(error).removeprefix(_WRAPPING).rstrip(".")
            raise Refused(f"{self.name}: {key} cannot be read: {why}. Define for this host every variable that {key} uses.") from error

    @cached_property
    def _kube(self) -> Kube:
        return Kube(self)

    @cached_property
    def reached(self) -> bool:
        """Whether the host has a mesh_kube, even one that cannot be rendered. Most need not be rendered to know it: what is written says so."""
        written = self._vars.get(_KUBE)
        if isinstance(written, Mapping) and any(map(_stays, written.values())):
            return True
        try:
            return bool(self._given.get(_KUBE))
        except _UNREADABLE:
            return True

    @property
    def mesh(self) -> Any:
        """The mesh_name as it is written; None without one."""
        return self.get("mesh_name")

    @property
    def named(self) -> bool:
        """Whether the host has a mesh_name, even one that YAML misread: `mesh_name: no` must not silently leave a cluster out."""
        return self.mesh not in (None, "")


class Kube(Mapping[str, Any]):
    """The connection options of a cluster. Relative paths start at the inventory.

    A missing credential is an error only for a task that needs this cluster.
    """

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    @cached_property
    def _options(self) -> dict[str, Any]:
        kube, base = self._variables.rendered(_KUBE), self._variables.get("inventory_dir")
        try:
            return anchored(read(kube), str(base or ""))
        except Refused as wrong:
            raise Refused(f"{self._variables.name}: {wrong}.") from wrong

    def __getitem__(self, key: str) -> Any:
        return self._options[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)


class Once(Mapping[str, Variables]):
    """The variables of all hosts, for one decision that asks about a host more than once. Ansible collects and renders them anew at each question."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._seen: dict[str, Variables] = {}
        self.raw_get = getattr(given, "raw_get", None)  # meshes.known tells Ansible's own hostvars by it

    @classmethod
    def of(cls, hostvars: Mapping[str, Any]) -> Once:
        return hostvars if isinstance(hostvars, cls) else cls(hostvars)

    def __getitem__(self, name: str) -> Variables:
        if name not in self._seen:
            self._seen[name] = Variables(name, self._given[name])
        return self._seen[name]

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


def _member(name: str, hostvars: Mapping[str, Any]) -> Member | None:
    """Return the host as a cluster of a mesh; None if it lacks mesh_name or mesh_kube."""
    variables = Once.of(hostvars)[name]
    return Member.of(name, variables) if variables.reached and variables.named else None


def members(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[Member]:
    """Return the hosts that are clusters of a mesh. Leave out those whose variables cannot be rendered: `faults` names them."""
    tried = (_tried(name, hostvars) for name in hosts)
    return [member for member in tried if isinstance(member, Member)]


def _tried(name: str, hostvars: Mapping[str, Any]) -> Member | MeshError | None:
    try:
        return _member(name, hostvars)
    except MeshError as error:
        return error


def mates(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> list[Member]:
    """Return the clusters of the cluster's mesh, with itself, in the inventory's order. Faults in other meshes do not matter."""
    seen = Once.of(hostvars)
    own = member(hosts, seen, name)
    there = (one for one in map(seen.__getitem__, near(hosts, seen, name, own.mesh)) if _mesh_of(one) == own.mesh)
    return of_mesh([Member.of(one.name, one) for one in there if one.named], own.mesh)


def readable_mates(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> list[Member]:
    """Return the same as `mates`, without clusters whose variables cannot be rendered."""
    seen = Once.of(hostvars)
    own = member(hosts, seen, name)
    return of_mesh(members(near(hosts, seen, name, own.mesh), seen), own.mesh)


def _mesh_of(variables: Variables) -> Any:
    return variables.mesh if variables.reached else None


def member(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> Member:
    """Return this one cluster. Faults in the variables of other hosts do not matter."""
    cluster = _member(name, hostvars) if known(hosts, hostvars, name) else None
    return named([cluster] if cluster else [], name)


def any_cluster(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> Member:
    """Return the cluster of this name, which need not be part of a mesh."""
    seen = Once.of(hostvars)
    there = known(hosts, seen, name) and seen[name].reached
    return named([Member.of(name, seen[name])] if there else [], name)


def base(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> str:
    """Return the directory of the inventory that names the cluster; that of the first host if no cluster is named."""
    first = name if known(hosts, hostvars, name) else next(iter(hosts), "")
    return str((Once.of(hostvars)[first].get("inventory_dir") if first else "") or "")


def unread(of: Member) -> str:
    """Return why the cluster's connection cannot be read; empty if it can."""
    try:
        len(of.kube)
    except MeshError as error:
        return str(error)
    return ""


def clusters(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Return the names of the hosts that are clusters of a mesh, or would be if their variables could be rendered."""
    seen = Once.of(hostvars)
    return [name for name in hosts if _meant(seen[name])]


def _meant(variables: Variables) -> bool:
    try:
        return variables.reached and variables.named
    except MeshError:
        return True


def faults(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Return what cannot be read of the hosts that are clusters, a sentence for each."""
    seen = Once.of(hostvars)
    tried = [_tried(name, seen) for name in clusters(hosts, seen)]
    said = [unread(one) if isinstance(one, Member) else str(one) for one in tried if one]
    return [sentence for sentence in said if sentence]
