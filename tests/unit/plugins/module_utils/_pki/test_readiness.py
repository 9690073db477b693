# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is prepared before a fork. `make bench` shows that it saves time."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, readiness

PROCESS = """
import sys
{prepare}
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
before = set(sys.modules)
ec.generate_private_key(ec.SECP256R1()).sign(b"", ec.ECDSA(hashes.SHA256()))
print(sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("prepare", [
    pytest.param("from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.readiness import prepare; prepare()", id="called"),
    pytest.param("import ansible_collections.meshops.lifecycle.plugins.module_utils._ansible.preload", id="by what actions import"),
])  # fmt: skip
def test_signing_imports_nothing_any_more(prepare: str) -> None:
    ran = subprocess.run([sys.executable, "-c", PROCESS.format(prepare=prepare)], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_processes_forked_afterwards_make_different_keys() -> None:
    readiness.prepare()
    keys = set()
    for _child in range(3):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, issue.new_root("a", "b", "P-256", datetime.now(UTC), 1).key)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as made:
            keys.add(made.read())
        os.waitpid(child, 0)
    assert len(keys) == 3
    assert all(key.startswith(b"-----BEGIN PRIVATE KEY-----") for key in keys)


def test_without_the_library_nothing_is_prepared() -> None:
    missing = "import sys; sys.modules['cryptography'] = sys.modules['cryptography.exceptions'] = None\n"
    called = "from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import readiness; readiness.prepare(); print(bool(readiness._pem.MISSING))"
    ran = subprocess.run([sys.executable, "-c", missing + called], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"
