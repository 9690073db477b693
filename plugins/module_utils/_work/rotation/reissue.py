# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace the CA that signs what a mesh prepared: have its owners trust the next one, give them certificates of it, and take the former one from them.

What a Secret holds tells how far it is. The trust cluster keeps the CA, and learns each step before the clusters do: from then on a cluster that joins the
mesh gets what the others have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..._mesh.errors import Refused
from ..._mesh.objects.shapes import Object
from ..._mesh.rotation import renewed
from ..._mesh.rotation.aim import RotationAim, value_name
from ..._mesh.rotation.stepped import NEXT, Reissue
from ..._mesh.trust.certificate import Material
from ..._mesh.trust.prepared import AUTHORITY, CERTIFICATE, KEY, TRUSTED, PreparedSecret
from ..._mesh.trust.root_secret import decoded, encoded
from ..._pki import x509
from ..trust import prepare
from .stepped_work import SteppedWork
from .values import may_write

Value = Mapping[str, bytes]


def drawn(work: SteppedWork, identifier: str) -> Value:
    """Return the next CA by the names under which the aim keeps it; nothing if no CA is replaced. Its own name tells it from the former one."""
    name = work.stepped.replaces
    if not name:
        return {}
    made = prepare.new_authority(_preparation(work), f"{name} {identifier[:8]}")
    return {value_name(name, CERTIFICATE): made.certificate, value_name(name, KEY): made.key}


def stand(work: SteppedWork, wanted: Reissue, aim: RotationAim | None) -> tuple[list[str], str]:
    """Return which Secrets a step still has to write, and a sentence if it must not write them."""
    owners = list(_owners(work))
    if half := [str(one.ref) for one, live in owners if f"{CERTIFICATE}{NEXT}" in (live.get("data") or {})]:
        why = "hold a certificate that another rotation has not put in its place yet"
        return [], f"{' and '.join(half)} {why}. Run that rotation to its end first, and then this one again."
    if not aim or not aim.under_way:
        return [], ""
    ca = _next(work, aim)
    return [f"{one.ref} {lacks}" for one, live in owners if (lacks := _lacks(wanted, live, ca))], ""


def take(work: SteppedWork, step: str, wanted: Reissue, aim: RotationAim) -> None:
    """Write what lacks. A certificate and what its owner is to trust are written at once."""
    if refusal := stand(work, wanted, aim)[1]:
        raise Refused(f"{work.cluster.name}: {refusal}")
    ca = _next(work, aim)
    signer = _kept(work, wanted, ca)
    for one, live in _owners(work):
        if _lacks(wanted, live, ca):
            may_write(work, work.cluster, live)
            work.guard()
            values = _values(work, one, ca if wanted.next_signs else signer, _trusted(wanted, live, ca))
            work.did.changes.append(work.cluster.amend(live, renewed.reissued(values, work.request.kind, aim.id, step, work.noted)))


def _preparation(work: SteppedWork) -> prepare.Preparation:
    return prepare.Preparation(work.cluster, work.trust, work.request.authority, work.clock.now())


def _next(work: SteppedWork, aim: RotationAim) -> Material:
    name = work.stepped.replaces
    certificate, key = (aim.values.get(value_name(name, part), b"") for part in (CERTIFICATE, KEY))
    if not certificate or not key:
        where, way = f"{work.trust.name}: {work.kept}", "Restore it, or delete it if no certificate of the next CA is in use, and run the rotation again"
        raise Refused(f"{where} holds no next CA for {name}. {way}.")
    return Material(certificate, key, roots=certificate)


def _owners(work: SteppedWork) -> Iterator[tuple[PreparedSecret, Object]]:
    """Yield each Secret that the CA signed, with what is there."""
    wanted = work.renews
    for one, live in zip(wanted, work.cluster.get_all(one.ref for one in wanted), strict=True):
        if live is None:
            raise Refused(f"{work.cluster.name}: {one.ref} does not exist. Run the playbook site, which makes it, and rotate then.")
        yield one, live


def _lacks(wanted: Reissue, live: Object, ca: Material) -> str:
    """Return what a Secret lacks, as the end of half a sentence."""
    leaf, trusted = (_value(live, key) for key in (CERTIFICATE, AUTHORITY))
    known = {one.fingerprint for one in x509.bundle(trusted)}
    own = {one.fingerprint for one in x509.bundle(ca.certificate)}
    if not own <= known:
        return "does not trust the next CA"
    if wanted.next_signs and not x509.issued_by(leaf, ca.certificate):
        return "holds a certificate of the former CA"
    return "" if wanted.former_is_trusted or known == own else "trusts the former CA"


def _value(live: Object, key: str) -> bytes:
    return decoded((live.get("data") or {}).get(key))


def _trusted(wanted: Reissue, live: Object, ca: Material) -> bytes:
    return _both(ca.certificate, _value(live, AUTHORITY)) if wanted.former_is_trusted else ca.certificate


def _both(first: bytes, others: bytes) -> bytes:
    """Return all certificates, each once, as PEM."""
    return b"".join(one.pem for one in x509.bundle(first + others))


def _values(work: SteppedWork, one: PreparedSecret, signer: Material, trusted: bytes) -> Value:
    signed = one.signed
    if signed is None or signed.authority != work.stepped.replaces:
        raise Refused(f"{work.cluster.name}: {one.ref} is not signed by {work.stepped.replaces}.")
    leaf = prepare.leaf_of(_preparation(work), signer, signed)
    return {CERTIFICATE: leaf.certificate, KEY: leaf.key, AUTHORITY: trusted}


def _kept(work: SteppedWork, wanted: Reissue, ca: Material) -> Material:
    """Bring the trust cluster's CA through the step, and return the one that was there. All clusters' runs write the same, so none of them minds the others."""
    ref = _preparation(work).place(work.stepped.replaces)
    live = work.trust.get(ref)
    if live is None:
        raise Refused(f"{work.trust.name}: {ref} does not exist. Restore the CA, or run the playbook site, which makes one, and rotate then.")
    there = prepare.known_authority(live)
    signer = {there.names.certificate: encoded(ca.certificate), there.names.key: encoded(ca.key)} if wanted.next_signs else {}
    both = encoded(_both(ca.certificate, there.roots)) if wanted.former_is_trusted else None
    data: dict[str, str | None] = {**signer, TRUSTED: both}
    if any((live.get("data") or {}).get(key) != value for key, value in data.items()):
        may_write(work, work.trust, live)
        work.guard()
        work.did.changes.append(work.trust.amend(live, {"metadata": {"annotations": work.noted}, "data": data}, exact=False))
    return there
