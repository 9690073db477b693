# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the certificates of thousands of proxies. Their chains share most certificates, so each certificate is parsed and verified once."""

from __future__ import annotations

from collections.abc import Sequence

from .._mesh.trust.certificate import Certificate, LeafCertificate
from . import pem as _pem
from . import x509

_LONGEST_PATH = 8


class Reader:
    """Reads bundles and served chains. `know` adds certificates that a server may leave out of its chain.

    Two roots can share a name and a key. Then both verify the same certificate, and the reader prefers the `target`, the fingerprint of a root.
    """

    def __init__(self, target: str = "") -> None:
        _pem.require()
        self._target = target
        self._bundles: dict[bytes, tuple[Certificate, ...]] = {}
        self._lines: dict[bytes, LeafCertificate | None] = {}
        self._read: dict[bytes, x509.ParsedCertificate | None] = {}
        self._above: dict[tuple[str, str], bool] = {}
        self._known: dict[str, x509.ParsedCertificate] = {}

    def know(self, pem: bytes) -> None:
        """Add certificates to build chains with. A chain without a root so far may reach one with them, so `line` builds all chains again."""
        fresh = {one.facts.fingerprint: one for one in self._parsed(pem)}
        if not fresh.keys() <= self._known.keys():
            self._known.update(fresh)
            self._lines.clear()

    def bundle(self, pem: bytes) -> tuple[Certificate, ...]:
        """Return the readable certificates of a PEM bundle, each once."""
        if pem not in self._bundles:
            self._bundles[pem] = tuple({one.facts.fingerprint: one.facts for one in self._parsed(pem)}.values())
        return self._bundles[pem]

    def line(self, pem: bytes) -> LeafCertificate | None:
        """Return the first certificate of a PEM chain, its signer and its root, by verified signatures; None if the chain cannot be read."""
        if pem not in self._lines:
            certificates = self._parsed(pem)
            self._lines[pem] = self._built(certificates[0], certificates[1:]) if certificates else None
        return self._lines[pem]

    def _parsed(self, pem: bytes) -> list[x509.ParsedCertificate]:
        """Parse each PEM block once, because chains differ only in their first certificate."""
        parsed = []
        for block in _pem.split(pem):
            if block not in self._read:
                certificates, _faults = x509.read(block, "")
                self._read[block] = certificates[0] if certificates else None
            certificate = self._read[block]
            if certificate:
                parsed.append(certificate)
        return parsed

    def _built(self, leaf: x509.ParsedCertificate, chain: Sequence[x509.ParsedCertificate]) -> LeafCertificate:
        """Try roots first, because a root ends the path; then the served chain, which shows which of two roots with one key the server means."""
        pool, path = sorted([*chain, *self._known.values()], key=lambda one: (not one.facts.self_signed, one.facts.fingerprint != self._target)), [leaf]
        while not path[-1].facts.self_signed and len(path) < _LONGEST_PATH:
            up = next((one for one in pool if self._signed(path[-1], one)), None)
            if up is None:
                break
            path.append(up)
        signer = path[1].facts.fingerprint if len(path) > 1 else ""
        return LeafCertificate(leaf.facts, signer, path[-1].facts.fingerprint if path[-1].facts.self_signed else "")

    def _signed(self, child: x509.ParsedCertificate, parent: x509.ParsedCertificate) -> bool:
        pair = (child.facts.fingerprint, parent.facts.fingerprint)
        if pair not in self._above:
            self._above[pair] = child.facts.issuer == parent.facts.subject and x509.signed(child.raw, parent.raw)
        return self._above[pair]
