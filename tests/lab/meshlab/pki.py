# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of one cluster, made with the openssl program: Python's standard library cannot make any."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path

from .shell import run

DAYS = "3650"
# Python 3.13 refuses a CA without key usage, and a leaf without the identifier of its issuer's key.
AUTHORITY = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
"""
LEAF = """
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {usages}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{names}
"""
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def leaf_extensions(usages: Sequence[str], addresses: Sequence[str], names: Sequence[str]) -> str:
    alternatives = [*(f"IP:{address}" for address in addresses), *(f"DNS:{name}" for name in names)]
    return LEAF.format(usages=", ".join(usages), names=f"subjectAltName = {', '.join(alternatives)}" if alternatives else "")


class Authority:
    """A certificate authority and the certificates it has signed, as files in one directory."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.certificate, self._key = directory / "ca.crt", directory / "ca.key"
        self._config = directory / "openssl.cnf"
        if not self.certificate.exists():
            directory.mkdir(parents=True, mode=0o700, exist_ok=True)
            self._config.write_text(AUTHORITY, encoding="utf-8")
            run(["openssl", "req", "-x509", *NEW_KEY, "-keyout", str(self._key), "-out", str(self.certificate), "-days", DAYS,
                 "-subj", f"/CN={name}", "-config", str(self._config), "-extensions", "authority"])

    def sign(self, name: str, subject: str, usages: Sequence[str] = ("clientAuth",),
             addresses: Sequence[str] = (), names: Sequence[str] = ()) -> None:
        """Make <name>.key and <name>.crt."""
        key, request, extensions = (self.directory / f"{name}.{end}" for end in ("key", "csr", "cnf"))
        extensions.write_text(leaf_extensions(usages, addresses, names), encoding="utf-8")
        run(["openssl", "req", "-new", *NEW_KEY, "-keyout", str(key), "-out", str(request), "-subj", subject, "-config", str(self._config)])
        run(["openssl", "x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key), "-days", DAYS,
             "-set_serial", str(secrets.randbits(63)), "-extfile", str(extensions), "-extensions", "leaf", "-out", str(self.directory / f"{name}.crt")])
        request.unlink()
        extensions.unlink()

    def service_account_keys(self) -> None:
        private, public = self.directory / "sa.key", self.directory / "sa.pub"
        run(["openssl", "genrsa", "-out", str(private), "2048"])
        run(["openssl", "rsa", "-in", str(private), "-pubout", "-out", str(public)])


def _data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


CLUSTER = """- name: {name}
  cluster:
    server: {server}
    certificate-authority-data: {ca}
"""
CONTEXT = """- name: {name}
  context:
    cluster: {name}
    user: {user}
"""
USER = """- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
"""


def kubeconfig(clusters: Sequence[tuple[str, str, Path, str]], current: str | None = None) -> str:
    """The text of a kubeconfig for (cluster, server, directory of certificates, certificate's name) each."""
    facts = [{"name": name, "server": server, "user": f"{certificate}@{name}", "ca": _data(directory / "ca.crt"),
              "certificate": _data(directory / f"{certificate}.crt"), "key": _data(directory / f"{certificate}.key")}
             for name, server, directory, certificate in clusters]
    parts = {title: "".join(part.format(**fact) for fact in facts) for title, part in (("clusters", CLUSTER), ("contexts", CONTEXT), ("users", USER))}
    head = "apiVersion: v1\nkind: Config\n" + (f"current-context: {current}\n" if current else "")
    return head + "".join(f"{title}:{' []' if not text else ''}\n{text}" for title, text in parts.items())


def write_private(file: Path, text: str) -> None:
    """Replace a file at once; only its owner can read it."""
    part = file.with_name(f".{file.name}.part")
    part.touch(mode=0o600)
    part.write_text(text, encoding="utf-8")
    part.replace(file)
