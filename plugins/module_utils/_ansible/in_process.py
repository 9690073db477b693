# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment and the folder that a module would have had in a process of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping

# A running Python, and the libraries in it, have read these once and for all.
_READ_AT_START = ("PYTHON", "LD_", "DYLD_", "LC_", "LANG", "OPENSSL_", "SSLKEYLOGFILE", "MALLOC_", "GLIBC_", "TMP", "TEMP", "TZ")


def only_for_a_start(environment: Iterable[str]) -> bool:
    """Whether any of it would come too late for a process that is there already."""
    return any(name.startswith(_READ_AT_START) for name in environment)


@contextlib.contextmanager
def like_a_process(environment: Mapping[str, str], folder: str) -> Iterator[None]:
    """Paths are relative to the folder of the playbook, as in every module that runs on the controller."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
