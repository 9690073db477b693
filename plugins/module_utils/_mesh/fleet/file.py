# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check a fleet file. Refuse everything that it may not hold, in a sentence that names the file and the place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import Refused
from ..spelling import misread, misread_text
from .contexts import templated

VARIABLES = frozenset({
    "mesh_adopt", "mesh_api_ca", "mesh_api_server", "mesh_backup", "mesh_charts", "mesh_cluster_uid", "mesh_cluster_values", "mesh_crds",
    "mesh_default_revision", "mesh_intermediate_days", "mesh_key_type", "mesh_kube", "mesh_limits", "mesh_locality", "mesh_mirror", "mesh_name",
    "mesh_namespace", "mesh_network", "mesh_operator_api", "mesh_operator_set", "mesh_operators", "mesh_own_variables", "mesh_pending_grace",
    "mesh_planes", "mesh_platform", "mesh_primary", "mesh_primary_address", "mesh_probe_image", "mesh_provider", "mesh_report_dir", "mesh_revision",
    "mesh_revision_tags", "mesh_role", "mesh_root", "mesh_root_days", "mesh_site", "mesh_site_values", "mesh_tls_server_name", "mesh_trust_cluster",
    "mesh_trust_domain", "mesh_values", "mesh_version", "mesh_workloads",
})  # fmt: skip
FREE = "vars"
CONTEXTS = {"kubeconfig": str, "include": list, "exclude": list, "names": dict, "variables": dict}
HUB = {
    "kubeconfig": str, "context": str, "cluster_uid": str, "selector": str, "clusterset": str,
    "unavailable": str, "pin": bool, "labels": dict, "kube": dict,
}  # fmt: skip
UNAVAILABLE = ("keep", "skip")
PREFIXES = {"mesh": "mesh_", "site": "site_", "provider": "provider_", "role": "role_"}

_SECRETS = frozenset({"api_key", "password", "token", "private_key", "client-key-data", "id-token", "refresh-token", "client-secret"})


def keys(where: str, whose: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Refuse a key that is not in `allowed`, and suggest a similar one."""
    known = sorted(allowed)
    for key in given:
        if key not in known:
            close = get_close_matches(str(key), known, 1)
            meant = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}."
            raise Refused(f"{where}: {whose} has the unknown key {key!r}; {meant}")


def typed(where: str, whose: str, given: object, shape: Mapping[str, type], required: Sequence[str]) -> Mapping[str, Any]:
    """Return a dictionary after checking its keys and the types of its values. None counts as not given."""
    if not isinstance(given, Mapping):
        raise Refused(f"{where}: {whose} is not a dictionary.")
    keys(where, whose, given, shape)
    values = {key: value for key, value in given.items() if value is not None}
    for key in required:
        if not values.get(key):
            raise Refused(f"{where}: {whose} lacks {key}.")
    for key, value in values.items():
        if not isinstance(value, shape[key]):
            raise Refused(f"{where}: {key} of {whose} is not a {shape[key].__name__}.")
    literal_secrets(where, whose, values)
    return values


def variables(where: str, whose: str, given: object, implied: str = "") -> dict[str, Any]:
    """Return the `mesh_*` variables of one entry, merged with those under `vars`. `implied` is the variable that the entry's name sets."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Refused(f"{where}: {whose} is not a dictionary of mesh_* variables.")
    keys(where, whose, given, (VARIABLES - {implied}) | {FREE})
    free = given.get(FREE) or {}
    if not isinstance(free, Mapping):
        raise Refused(f"{where}: {FREE} of {whose} is not a dictionary.")
    for fault in misread(given).values():
        raise Refused(f"{where}: {whose}: {fault}.")
    literal_secrets(where, whose, given)
    return {**free, **{key: value for key, value in given.items() if key != FREE}}


def entries(where: str, section: str, given: object, implied: str = "") -> dict[str, dict[str, Any]]:
    """Return the entries of a section of the file by name."""
    if not isinstance(given, Mapping):
        raise Refused(f"{where}: {section} is not a dictionary of names.")
    singular = {"meshes": "the mesh", "sites": "the site", "clusters": "the cluster"}[section]
    _quoted(where, f"a name in {section}", given)
    return {name: variables(where, f"{singular} {name}", entry, implied) for name, entry in given.items()}


def _quoted(where: str, what: str, names: Iterable[object]) -> None:
    """Refuse names that YAML has misread, such as a site called `no`."""
    for name in names:
        if fault := misread_text(what, name):
            raise Refused(f"{where}: {fault}.")


def literal_secrets(where: str, whose: str, given: object) -> None:
    """Refuse secrets in plain text, because `ansible-inventory --list` prints them. Values of ansible-vault are not strings yet."""
    if isinstance(given, Mapping):
        for key, value in given.items():
            if key in _SECRETS and isinstance(value, str) and value and not templated(value):
                raise Refused(f'{where}: {key} of {whose} is in plain text; keep it in ansible-vault and refer to it, as in "{{{{ vault_{key} }}}}".')
            literal_secrets(where, whose, value)
    elif isinstance(given, list | tuple):
        for value in given:
            literal_secrets(where, whose, value)


def contexts(where: str, whose: str, given: object) -> dict[str, Any]:
    """Return one entry of `contexts`, checked."""
    entry = typed(where, whose, given, CONTEXTS, ())
    _quoted(where, f"a name in names of {whose}", [part for pair in entry.get("names", {}).items() for part in pair])
    return {**entry, "variables": variables(where, f"variables of {whose}", entry.get("variables"))}


def hub(where: str, given: object) -> Mapping[str, Any]:
    """Return the section `hub`, checked."""
    section = typed(where, "hub", given, HUB, ("kubeconfig", "context"))
    if section.get("unavailable", "keep") not in UNAVAILABLE:
        raise Refused(f"{where}: unavailable of hub is {section['unavailable']!r}, neither {' nor '.join(UNAVAILABLE)}.")
    keys(where, "labels of hub", section.get("labels") or {}, VARIABLES)
    kube = section.get("kube") or {}
    if kube and not ("kubeconfig" in kube or "api_key" in kube or "username" in kube or "client_cert" in kube):
        raise Refused(f"{where}: kube of hub names neither a kubeconfig nor a credential such as api_key.")
    return section
