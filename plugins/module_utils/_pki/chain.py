# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the certificates of thousands of proxies say. They share almost all they have, so nothing is read or verified twice."""

from __future__ import annotations

from collections.abc import Sequence

from .._mesh.trust.certificate import Certificate, Line
from . import pem as _pem
from . import x509

_LONGEST_PATH = 8


class Reader:
    """Reads bundles and served chains. `know` gives it certificates that a server may leave out of its chain.

    Where several roots have signed a certificate, since they have one name and one key, the `target` is taken if it is one of them.
    """

    def __init__(self, target: str = "") -> None:
        _pem.require()
        self._target = target
        self._bundles: dict[bytes, tuple[Certificate, ...]] = {}
        self._lines: dict[bytes, Line | None] = {}
        self._read: dict[bytes, x509.Found | None] = {}
        self._above: dict[tuple[str, str], bool] = {}
        self._known: dict[str, x509.Found] = {}

    def know(self, pem: bytes) -> None:
        """What leads nowhere so far may lead on with it."""
        fresh = {one.facts.fingerprint: one for one in self._found(pem)}
        if not fresh.keys() <= self._known.keys():
            self._known.update(fresh)
            self._lines.clear()

    def bundle(self, pem: bytes) -> tuple[Certificate, ...]:
        """The certificates of a bundle, each once."""
        if pem not in self._bundles:
            self._bundles[pem] = tuple({one.facts.fingerprint: one.facts for one in self._found(pem)}.values())
        return self._bundles[pem]

    def line(self, pem: bytes) -> Line | None:
        """The first certificate of a chain and where verified signatures lead from it; None if it cannot be read."""
        if pem not in self._lines:
            found = self._found(pem)
            self._lines[pem] = self._led(found[0], found[1:]) if found else None
        return self._lines[pem]

    def _found(self, pem: bytes) -> list[x509.Found]:
        """By block: chains differ in their first certificate and in nothing else."""
        found = []
        for block in _pem.split(pem):
            if block not in self._read:
                certificates, _faults = x509.read(block, "")
                self._read[block] = certificates[0] if certificates else None
            one = self._read[block]
            if one:
                found.append(one)
        return found

    def _led(self, leaf: x509.Found, chain: Sequence[x509.Found]) -> Line:
        """Roots come first, for they end the way; then what is served: of two roots with one key, it tells which is meant."""
        pool, path = sorted([*chain, *self._known.values()], key=lambda one: (not one.facts.self_signed, one.facts.fingerprint != self._target)), [leaf]
        while not path[-1].facts.self_signed and len(path) < _LONGEST_PATH:
            up = next((one for one in pool if self._signed(path[-1], one)), None)
            if up is None:
                break
            path.append(up)
        signer = path[1].facts.fingerprint if len(path) > 1 else ""
        return Line(leaf.facts, signer, path[-1].facts.fingerprint if path[-1].facts.self_signed else "")

    def _signed(self, child: x509.Found, parent: x509.Found) -> bool:
        pair = (child.facts.fingerprint, parent.facts.fingerprint)
        if pair not in self._above:
            self._above[pair] = child.facts.issuer == parent.facts.subject and x509.signed(child.raw, parent.raw)
        return self._above[pair]
