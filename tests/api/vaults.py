# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vault's own engines (tests/lab/programs/vault), given the same issuers as the copy of them in tests/unit/support/fake_vault.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import hvac
from ansible_collections.meshops.lifecycle.tests.unit.support.external_ca import Office
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_vault import Vault
from cryptography.hazmat.primitives import serialization
from meshlab import programs

Issuers = dict[str, tuple[Office, tuple[Office, ...]]]


@dataclass
class Real:
    """Vault's own engines, with the same interface as the stand-in: an address, a token and an AppRole."""

    url: str
    token: str = field(repr=False)
    role: tuple[str, str] = field(default=("", ""), repr=False)

    @property
    def client(self) -> Any:
        return hvac.Client(url=self.url, token=self.token)

    def allow(self, longest: timedelta) -> None:
        self.client.sys.tune_mount_configuration("pki", max_lease_ttl=f"{int(longest.total_seconds())}s")


class Copied(Vault):
    """The stand-in, with the same interface."""

    def allow(self, longest: timedelta) -> None:
        self.longest = longest


@contextmanager
def real(issuers: Issuers) -> Iterator[Real]:
    command = [str(programs.build(programs.PROGRAMS["vault"]) / "vault")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            port, token = (process.stdout.readline() if process.stdout else "").split()
            made = Real(f"http://127.0.0.1:{port}", token)
            _furnish(made, issuers)
            yield made
        finally:
            process.kill()


def _furnish(vault: Real, issuers: Issuers) -> None:
    client = vault.client
    vault.allow(timedelta(days=3650))
    for above in dict.fromkeys(one for _own, line in issuers.values() for one in line):
        _import(client, above, with_key=False)
    for name, (own, _above) in issuers.items():
        (found,) = _import(client, own)["imported_issuers"] or [_issuer(client, own)]
        if name == "default":
            client.write_data("pki/config/issuers", data={"default": found})
        else:
            client.write_data(f"pki/issuer/{found}", data={"issuer_name": name})
    client.auth.approle.create_or_update_approle("mesh")
    vault.role = (client.auth.approle.read_role_id("mesh")["data"]["role_id"], client.auth.approle.generate_secret_id("mesh")["data"]["secret_id"])


def _import(client: Any, office: Office, with_key: bool = True) -> dict[str, Any]:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key = office.key.private_bytes(*form) if with_key else b""
    return dict(client.write_data("pki/issuers/import/bundle", data={"pem_bundle": (office.pem + key).decode()})["data"])


def _issuer(client: Any, office: Office) -> str:
    """An issuer that was imported before, without its key."""
    known = client.list("pki/issuers")["data"]["keys"]
    return str(next(one for one in known if client.read(f"pki/issuer/{one}")["data"]["certificate"].strip() == office.pem.decode().strip()))
