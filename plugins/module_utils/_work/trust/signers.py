# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the signer that the option `root` names, for a root whose key is elsewhere."""

from __future__ import annotations

from typing import Any

from ..._kube.reach.access import unsendable
from ..._mesh.errors import Refused
from ..._mesh.reach.content import content_kind
from ..._pki.command import Command
from ..._pki.signer import Signer
from ..._pki.vault import Vault
from .request import RootOptions

SOURCES = ("command", "vault")
OPTIONS: dict[str, Any] = {
    "chain": {"type": "str"},
    "chain_file": {"type": "path"},
    "command": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 60},
    "vault": {
        "type": "dict",
        "options": {
            "url": {"type": "str", "required": True},
            "mount": {"type": "str", "default": "pki"},
            "issuer_ref": {"type": "str", "default": "default"},
            "namespace": {"type": "str"},
            "token": {"type": "str", "no_log": True},
            "role_id": {"type": "str", "no_log": True},
            "secret_id": {"type": "str", "no_log": True},
            "approle_mount": {"type": "str", "default": "approle"},
            "ca_cert": {"type": "path"},
            "validate_certs": {"type": "bool", "default": True},
        },
        "required_one_of": [("token", "role_id")],
        "mutually_exclusive": [("token", "role_id")],
        "required_by": {"secret_id": "role_id"},
    },
}
RULES: dict[str, Any] = {"required_if": [("source", one, (one,)) for one in SOURCES]}


def signer(options: RootOptions) -> Signer:
    if options.source == "vault":
        return vault(options)
    if not options.command:
        raise Refused("root.command is empty. Give the program that signs, and its arguments.")
    return Command(list(options.command), options.timeout)


def vault(options: RootOptions) -> Vault:
    given = options.vault or {}
    if kind := content_kind(given["ca_cert"] or ""):
        raise Refused(f"root.vault.ca_cert holds {kind} itself, where the path of a file belongs. Give a path.")
    token = (given["token"] or "").strip()
    if unsendable([("X-Vault-Token", token)]):  # the library would quote it
        raise Refused("root.vault.token holds a line break, or a letter that no header may hold. Nothing was sent. Give it as one line.")
    return Vault(
        url=given["url"],
        mount=given["mount"].strip("/"),
        issuer=given["issuer_ref"],
        verify=(given["ca_cert"] or True) if given["validate_certs"] else False,
        timeout=options.timeout,
        namespace=given["namespace"],
        token=token or None,
        role_id=given["role_id"],
        secret_id=given["secret_id"],
        approle_mount=given["approle_mount"].strip("/"),
    )
