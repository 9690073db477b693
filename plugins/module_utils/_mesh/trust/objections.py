# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say why nobody may use a CA. Each reason is a function that looks at one thing and returns a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .certificate import Authority, Certificate, iso
from .expiry import expired_at, is_over
from .keys import family

Reason = Callable[[Authority], "str | None"]

CURVES = ("P-256", "P-384", "P-521")
RSA_BITS = 2048
_WEAK_DIGESTS = ("SHA1", "MD5")
_BOTH_SIDES = {"serverAuth": "servers", "clientAuth": "clients"}


@dataclass(frozen=True)
class Objection:
    """The name of a reason, and its sentence."""

    reason: str
    sentence: str


def objections(ca: Authority, chain: Iterable[Reason]) -> list[Objection]:
    """Return everything that speaks against using this CA, in the order of the chain."""
    answers = ((reason.__name__, reason(ca)) for reason in chain)
    return [Objection(name, f"{ca.where}: {text}") for name, text in answers if text]


def missing_part(ca: Authority) -> str | None:
    if not ca.missing:
        return None
    return f"{_listed(ca.missing)} {_are(ca.missing)} missing. Give all parts of the CA."


def unreadable(ca: Authority) -> str | None:
    return "; ".join(ca.unreadable) + "." if ca.unreadable else None


def key_does_not_match(ca: Authority) -> str | None:
    if ca.certificate is None or ca.key_type is None or ca.key_matches:
        return None
    fault = f"the key in {ca.names.key} ({ca.key_type}) does not match the certificate {ca.certificate}"
    return f"{fault}. Give the key and the certificate of one CA."


def not_a_ca(ca: Authority) -> str | None:
    wrong = [c for c in ca.line if not c.is_ca]
    return f"{_listed(wrong)} is not a CA (CA:FALSE). Give a CA certificate (CA:TRUE)." if wrong else None


def cannot_sign(ca: Authority) -> str | None:
    wrong = [c for c in ca.line if c.is_ca and c.key_usage is not None and "keyCertSign" not in c.key_usage]
    if not wrong:
        return None
    return f"the key usage of {_listed(wrong)} lacks keyCertSign, so nothing that it signs is valid. Have the CA issued with keyCertSign."


def wrong_purpose(ca: Authority) -> str | None:
    """Each proxy is a client and a server, and its TLS library accepts anyExtendedKeyUsage for neither."""
    lacking = [(c, [side for usage, side in _BOTH_SIDES.items() if usage not in c.extended_key_usage])
               for c in ca.line if c.extended_key_usage is not None]  # fmt: skip
    fault = "; ".join(f"the extended key usage of {c} leaves out TLS {' and '.join(sides)}" for c, sides in lacking if sides)
    return f"{fault}, and every proxy is both. Have the certificate issued without an extended key usage, or with serverAuth and clientAuth." if fault else None


def forbidden_name(ca: Authority) -> str | None:
    """Find a name that a certificate of the path forbids below it: a name of another certificate, or one that the CA will sign for."""
    for height, above in enumerate(ca.line):
        if above.constraints is None:
            continue
        below = [name for c in ca.line[:height] if c.subject != c.issuer for name in c.names]
        forbidden = next(((name, why) for name in (*below, *ca.signs_for) if (why := above.constraints.forbids(name))), None)
        if forbidden:
            way = "Have the certificate issued without that name constraint, or give another CA"
            return f"{above} {forbidden[1]}, so no CA below it could sign for {forbidden[0]}. {way}."
    return None


def refused_by_peers(ca: Authority) -> str | None:
    """Use the last proof: a TLS verifier has tried a leaf below the CA, as a peer does."""
    return f"a TLS verifier refuses a leaf below this CA: {ca.refused}. Give a CA under which peers accept each other." if ca.refused else None


def expired(ca: Authority) -> str | None:
    faults = "; ".join(expired_at(c, c.not_after) for c in overdue(ca))
    return f"{faults}. Give a valid CA." if faults else None


def not_yet_valid(ca: Authority) -> str | None:
    early = [c for c in ca.line if c.not_before > ca.at]
    if not early:
        return None
    faults = "; ".join(f"{c} is not valid before {iso(c.not_before)}" for c in early)
    return f"{faults} and it is {iso(ca.at)} here. Check this machine's clock, wait, or give another CA."


def weak_key(ca: Authority) -> str | None:
    faults = "; ".join(f"{c} has a weak key, {c.key_type}" for c in ca.line if _is_weak(c.key_type))
    return f"{faults}. Use at least RSA {RSA_BITS} or EC P-256." if faults else None


def unusable_key(ca: Authority) -> str | None:
    """Find keys that the proxies of this mesh cannot use. A weak key is refused as such."""
    faults = "; ".join(f"{c} has a key of type {c.key_type}" for c in ca.line if not ca.keys.fit(c.key_type) and not _is_weak(c.key_type))
    return f"{faults}, {ca.keys.refusal}" if faults else None


def two_families(ca: Authority) -> str | None:
    """Find a CA whose key is of another family than the key that signed it, where the mesh cannot replace such a CA."""
    if not ca.keys.one_family or len(ca.path) < 2 or family(ca.path[0].key_type) == family(ca.path[1].key_type):
        return None
    own, above = ca.path[:2]
    return f"{own} has a key of type {own.key_type}, and {above}, which signed it, has one of type {above.key_type}, {ca.keys.one_family}"


def weak_signature(ca: Authority) -> str | None:
    """Ignore a root's signature on itself, because nobody checks it."""
    weak = [c for c in ca.line if not c.self_signed and c.signature_algorithm.endswith(_WEAK_DIGESTS)]
    if not weak:
        return None
    faults = "; ".join(f"{c} is signed with {c.signature_algorithm}" for c in weak)
    return f"{faults}, which TLS libraries no longer accept. Have the certificate issued with SHA-256."


def chain_does_not_verify(ca: Authority) -> str | None:
    if ca.certificate is None or not ca.roots or ca.path:
        return None
    own = ca.certificate
    namesakes = [c for c in (*ca.chain, *ca.roots) if c.subject == own.issuer and c.fingerprint != own.fingerprint]
    if namesakes:
        fault = f"the chain does not verify: {_listed(namesakes)} has the issuer's name but did not sign {own}"
        return f"{fault}. Give the chain and the root that issued the certificate."
    return (
        f"the chain does not verify: no path leads from {own}, issued by '{own.issuer}', to {_listed(ca.roots)}. "
        f"Put the missing certificates into {ca.names.chain}, or give the right root."
    )


def chain_lacks_signer(ca: Authority) -> str | None:
    """Proxies present a leaf and this chain. If the chain lacks the CA's certificate, nobody can verify the leaf."""
    if ca.certificate is None or not ca.path or not ca.chain or ca.certificate.fingerprint in ca.trusts:
        return None
    lacking = [c for c in ca.path[:-1] if c.fingerprint not in {known.fingerprint for known in ca.chain}]
    if not lacking:
        return None
    return f"{ca.names.chain} lacks {_listed(lacking)}, so no peer could verify what this CA signs. Add the missing certificate."


def path_too_short(ca: Authority) -> str | None:
    too_short = [c for below, c in enumerate(ca.path) if c.path_length is not None and c.path_length < below]
    if not too_short:
        return None
    fault = f"the path length {too_short[0].path_length} of {_listed(too_short)} forbids the intermediate below it"
    return f"{fault}. Have the certificate issued with a greater path length or none."


def no_room_for_intermediate(ca: Authority) -> str | None:
    if ca.certificate is None or ca.certificate.path_length != 0:
        return None
    fault = f"the path length 0 of {ca.certificate} forbids intermediates, and each cluster needs one"
    return f"{fault}. Give a root without a path length, or with a path length of 1 or more."


def root_not_self_signed(ca: Authority) -> str | None:
    others = [c for c in ca.roots if not c.self_signed]
    if not others:
        return None
    fault = f"{_listed(others)} is no root: it is not self-signed but issued by '{others[0].issuer}'. Give the root at the top of its chain"
    below = ". If the key belongs to a CA below the root, give the certificate of that CA first, and then all certificates above it, up to the root"
    return f"{fault}{below if ca.certificate in others else ''}."


def duplicate_roots(ca: Authority) -> str | None:
    return confused(ca.roots)


def confused(roots: Iterable[Certificate]) -> str | None:
    """Find two roots that a verifier would confuse, because it looks a root up by its name and serial."""
    seen: dict[tuple[str, str], Certificate] = {}
    for root in roots:
        other = seen.setdefault((root.subject, root.serial), root)
        if other.fingerprint != root.fingerprint:
            fault = f"two different roots have the same subject and serial {root.serial}: {other} and {root}"
            return f"{fault}. Reissue one of them with another serial."
    return None


def several_roots(ca: Authority) -> str | None:
    if len(ca.roots) < 2:
        return None
    fault = f"{ca.names.certificate} holds {len(ca.roots)} certificates: {_listed(ca.roots)}"
    return f"{fault}. Give only the root that signs. To trust a second root, run a rotation."


_EITHER: tuple[Reason, ...] = (
    missing_part, unreadable, key_does_not_match, not_a_ca, cannot_sign, wrong_purpose, forbidden_name, expired, not_yet_valid,
    unusable_key, weak_key, refused_by_peers,
)  # fmt: skip
ROOT: tuple[Reason, ...] = (*_EITHER, root_not_self_signed, no_room_for_intermediate, duplicate_roots, several_roots)
BELOW_ROOT: tuple[Reason, ...] = (
    *_EITHER, no_room_for_intermediate, chain_does_not_verify, path_too_short, weak_signature,
)  # fmt: skip
ISSUER: tuple[Reason, ...] = (
    *_EITHER, chain_does_not_verify, chain_lacks_signer, path_too_short, weak_signature, root_not_self_signed,
    duplicate_roots, two_families,
)  # fmt: skip


def overdue(ca: Authority) -> list[Certificate]:
    """Return the certificates of the CA's path that have expired."""
    return [c for c in ca.line if is_over(c.not_after, ca.at)]


def _is_weak(key_type: str) -> bool:
    family, _sep, size = key_type.partition(" ")
    if family == "RSA":
        return int(size) < RSA_BITS
    return not family.startswith("Ed") and (family != "EC" or size not in CURVES)


def _listed(things: Iterable[object]) -> str:
    return " and ".join(str(thing) for thing in things)


def _are(things: tuple[str, ...]) -> str:
    return "is" if len(things) == 1 else "are"
