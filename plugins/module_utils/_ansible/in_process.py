# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a module that runs in this process the environment and the working directory that it would have in its own process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping

# Python and its libraries read these variables only when they start.
_READ_AT_START = ("PYTHON", "LD_", "DYLD_", "LC_", "LANG", "OPENSSL_", "SSLKEYLOGFILE", "MALLOC_", "GLIBC_", "TMP", "TEMP", "TZ")


def only_for_a_start(environment: Iterable[str]) -> bool:
    """Return whether the environment has a variable that takes effect only when a process starts."""
    return any(name.startswith(_READ_AT_START) for name in environment)


@contextlib.contextmanager
def like_a_process(environment: Mapping[str, str], folder: str) -> Iterator[None]:
    """Set the environment, and resolve relative paths from the playbook's folder, as every module on the controller does. Restore both at the end."""
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
