# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the mesh's root where the task says it is, or make it once for all clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..._kube import namespace
from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._kube.reach.access import expanded, unread
from ..._mesh.errors import Denied, MeshError, Refused, Unreachable
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.reach.content import content_kind
from ..._mesh.trust import root_secret
from ..._mesh.trust.certificate import Material, Names
from ..._mesh.trust.issuing import Source
from ..._mesh.trust.name_constraints import Name
from ..._pki import issue, x509
from ..._pki.signer import Signer
from ..._pki.trial import tried
from ..._pki.vault import Vault
from . import signers
from .request import AuthorityRequest, RootOptions

OPTIONS: dict[str, Any] = {
    "source": {"type": "str", "default": "generated", "choices": ["generated", "secret", "inline", "file", "command", "vault"]},
    "kube": {"type": "dict"},
    "namespace": {"type": "str", "default": "meshops-system"},
    "name": {"type": "str", "default": root_secret.NAME},
    "certificate": {"type": "str"},
    "private_key": {"type": "str", "no_log": True},
    "certificate_file": {"type": "path"},
    "private_key_file": {"type": "path", "no_log": False},
    **signers.OPTIONS,
}
_VAULTED = b"$ANSIBLE_VAULT"


@dataclass(frozen=True)
class Root:
    """The root as a Source for decisions, its PEM, and the Secret on the trust cluster or the signer that has its key.

    `issuer` is a CA below the root that signs in its place, with what is between as its chain.
    """

    source: Source
    material: Material | None = field(default=None, repr=False)
    cluster: Cluster | None = field(default=None, repr=False)
    ref: Ref | None = None
    issuer: Material | None = field(default=None, repr=False)
    signer: Signer | None = field(default=None, repr=False)


def find(cluster: Cluster, mesh: str, options: RootOptions, now: datetime, connect: Connector) -> Root:
    """Return the root that the options point to. What is wrong with it is in its source, and is not raised."""
    return _with_keys(_pointed_to(cluster, mesh, options, now, connect), options)


def _with_keys(root: Root, options: RootOptions) -> Root:
    """Return the root with the keys that the mesh can use, by which its source judges it."""
    authority, issuer = (one and replace(one, keys=options.keys) for one in (root.source.root, root.source.issuer))
    return replace(root, source=replace(root.source, root=authority, issuer=issuer))


def _pointed_to(cluster: Cluster, mesh: str, options: RootOptions, now: datetime, connect: Connector) -> Root:
    if options.source in ("inline", "file"):
        return _given(options, now)
    if options.source in signers.SOURCES:
        return _external(options, now)
    ref, generated, elsewhere = options.ref, options.generated, options.trust_cluster
    name = (elsewhere.cluster or "the trust cluster") if elsewhere else cluster.name
    try:
        peer = trust_cluster(cluster, options, connect)
        secret = peer.get(ref)
        other = root_secret.mesh_of(secret) if secret and generated else mesh
        source = Source(f"{peer.name}: {ref}", generated=generated, other_mesh=other if other not in (mesh, "") else "")
        return _stored(Root(source, cluster=peer, ref=ref), secret, now)
    except (Denied, Unreachable) as error:
        return Root(Source(f"{name}: {ref}", generated=generated, unreachable=str(error), denied=isinstance(error, Denied)), ref=ref)


def trust_cluster(cluster: Cluster, options: RootOptions, connect: Connector) -> Cluster:
    """Return the trust cluster. It has the mesh's Lease, and the root if that lies in a Secret."""
    return connect(options.trust_cluster, dry_run=cluster.dry_run) if options.trust_cluster else cluster


def proved(root: Root, bears: Sequence[Name]) -> Root:
    """Return the root with the result of a trial: its source then says whether peers accept what is signed below it. `bears` are the names in the leaves."""
    authority = root.source.root
    return replace(root, source=replace(root.source, root=tried(authority, bears, root=True))) if authority else root


def make(root: Root, request: AuthorityRequest, now: datetime) -> tuple[Root, list[Change]]:
    """Generate the root and store it on the trust cluster, in place of the root that was found there. If several tasks do so at once, the first one wins."""
    if root.cluster is None or root.ref is None:
        raise Refused(f"{root.source.where}: there is no cluster to store a generated root on.")
    mesh, space = request.mesh, str(root.ref.namespace)
    made = issue.new_root(f"{mesh} root", request.trust_domain, request.key_type, now, request.root_days)
    changes = namespace.ensure(root.cluster, space)
    changes += _keep(root, root.cluster, root_secret.secret(made, root.ref.name, space, mesh))
    stored = root.cluster.get(root.ref)
    return (_with_keys(_stored(root, stored, now), request.root) if stored else replace(root, material=made)), changes  # a dry run stores nothing


def _keep(root: Root, cluster: Cluster, wanted: Mapping[str, Any]) -> list[Change]:
    """Store the root, but not over another root that somebody stored meanwhile."""
    live = cluster.get(Ref.of(wanted)) if root.material else None
    if root.material is None or live is None:
        created = cluster.create(wanted)
        return [created] if created else []
    same = root_secret.read(live).certificate == root.material.certificate
    return [overwrite(root, live, wanted)] if same else []


def overwrite(root: Root, live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Change:
    """Replace the root in `live`. Refuse if another tool would write the old root back."""
    if root.cluster is None:
        raise Refused(f"{root.source.where}: there is no cluster to store a root on.")
    undone = _undone(root, live)
    if undone:
        raise Refused(undone)
    return root.cluster.amend(live, {"data": wanted["data"]})


def _stored(root: Root, secret: Mapping[str, Any] | None, now: datetime) -> Root:
    if secret is None:
        return root
    material = root_secret.read(secret)
    placed = None if root.source.generated else _in_place_of_root(material, root.source.where, now)
    if placed:
        source = replace(root.source, root=placed.source.root, issuer=placed.source.issuer)
        return replace(root, material=placed.material, issuer=placed.issuer, source=source)
    inspected = x509.inspect(material, root.source.where, now)
    return replace(root, material=material, source=replace(root.source, root=inspected, undone=_undone(root, secret)))


def _undone(root: Root, secret: Mapping[str, Any]) -> str:
    return managed_by(secret).refusal(root.source.where, "Replace the root there, or stop that tool from managing the Secret.")


def _given(options: RootOptions, now: datetime) -> Root:
    material = _certified(options)
    key, faults = _part(options, "private_key")
    material = replace(material, key=key, faults=(*material.faults, *faults), names=replace(material.names, key=_name(options, "private_key")))
    where = "The mesh's root"
    return _in_place_of_root(material, where, now) or Root(Source(where, root=x509.inspect(material, where, now)), material=material)


def _in_place_of_root(given: Material, where: str, now: datetime) -> Root | None:
    """Let a CA below the root sign, because a company seldom gives its root's key away. That CA stands first, and the root with it."""
    certificates = x509.bundle(given.certificate + b"\n" + (given.chain or b""))
    tops = [one for one in certificates if one.self_signed]
    if not tops or certificates[0].self_signed:
        return None
    top, between = tops[0].pem, b"".join(one.pem for one in certificates if not one.self_signed)
    root = replace(given, certificate=top, key=b"", chain=between, roots=top)
    issuer = replace(given, certificate=certificates[0].pem, chain=between + top, roots=top)
    source = Source(where, root=x509.inspect(root, where, now), issuer=x509.inspect(issuer, where, now))
    return Root(source, root, issuer=issuer)


def _external(options: RootOptions, now: datetime) -> Root:
    """Return a root of which only the certificate is here. If the task gives no certificate, Vault says under which root it signs."""
    where, material = "The mesh's root", _certified(options)
    try:
        if options.source == "vault" and not material.certificate and not material.faults:
            material = _of_vault(signers.vault(options))
        inspected = x509.inspect(material, where, now)
        return Root(Source(where, root=inspected, external=True), material, signer=signers.signer(options))
    except MeshError as error:
        return Root(Source(where, external=True, unreachable=str(error)))


def _of_vault(vault: Vault) -> Material:
    certificates = x509.bundle(vault.certificates())
    tops = [one for one in certificates if one.self_signed]
    if not tops:
        fault = f"no root stands above its issuer {vault.issuer}: {certificates[0]}" if certificates else f"there is no issuer {vault.issuer} there"
        raise Refused(f"{vault}: {fault}. Give the root as root.certificate, and the CAs between as root.chain.")
    between = b"".join(one.pem for one in certificates if not one.self_signed)
    names = Names(*(f"{part} of {vault}" for part in ("certificate", "key", "chain", "root")))
    return Material(tops[0].pem, b"", chain=between or None, roots=tops[0].pem, names=names)


def _certified(options: RootOptions) -> Material:
    """Return a root without its key, and the CAs between the root and the signer."""
    pem, faults = _part(options, "certificate")
    chain, chain_faults = _part(options, "chain")
    certificate = _name(options, "certificate")
    names = Names(certificate, "root.private_key", _name(options, "chain"), certificate)
    return Material(pem, b"", chain=chain or None, roots=pem, names=names, faults=(*faults, *chain_faults))


def _part(options: RootOptions, part: str) -> tuple[bytes, list[str]]:
    if _name(options, part).endswith("_file"):
        return file(options.parts.get(f"{part}_file"), f"root.{part}_file")
    return options.parts.get(part, "").encode(), []


def _name(options: RootOptions, part: str) -> str:
    """Return the option that gives the part. With an external signer either of the two may."""
    parts = options.parts
    by_file = options.source == "file" or (options.source != "inline" and part not in parts and f"{part}_file" in parts)
    return f"root.{part}_file" if by_file else f"root.{part}"


def file(path: str | None, name: str) -> tuple[bytes, list[str]]:
    """Return the content of a file, or half a sentence that says why it cannot be read. The sentence never shows content that stands in place of a path."""
    if not path:
        return b"", []
    if kind := content_kind(path):
        return b"", [f"{name} holds {kind} itself, where the path of a file belongs; give a path, or give it as {name.removesuffix('_file')}"]
    try:
        content = Path(expanded(path)).read_bytes()
    except (OSError, ValueError) as error:
        return b"", [f"{name} {path} {unread(path, error)}".rstrip(".")]
    if content.lstrip().startswith(_VAULTED):
        way = "give its content inline with the lookup ansible.builtin.file, which decrypts it"
        return b"", [f"{name} {path} is encrypted by ansible-vault; {way}"]
    return content, []
