# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian packages that the lab needs, installed only where their commands are missing."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import host
from .errors import LabError
from .progress import say
from .shell import last_words

OWNERS = {
    "containerd": "containerd", "containerd-shim-runc-v2": "containerd", "ctr": "containerd", "runc": "runc", "ip": "iproute2",
    "iptables": "iptables", "xtables-nft-multi": "iptables", "nsenter": "util-linux", "unshare": "util-linux", "setpriv": "util-linux",
    "conntrack": "conntrack", "openssl": "openssl", "cp": "coreutils", "ldd": "libc-bin",
}
CNI = "containernetworking-plugins"
# What only a lab with Consul needs: the shell and the small programs of its images.
FOR_CONSUL = {"busybox": "busybox-static"}
POLICY = Path("/usr/sbin/policy-rc.d")


def needed(missing: Iterable[str], with_cni: bool) -> list[str]:
    """The packages that hold the missing commands."""
    return sorted({{**OWNERS, **FOR_CONSUL}[name] for name in missing} | ({CNI} if with_cni else set()))


@contextlib.contextmanager
def _without_daemons() -> Iterator[None]:
    """Debian starts a package's daemon when it is installed, unless this script forbids it. The lab runs its own containerd."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _apt(*words: str) -> None:
    done = subprocess.run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *words], check=False, capture_output=True, text=True,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode:
        raise LabError(f"`apt-get {' '.join(words)}` failed: {last_words(done.stderr or done.stdout)}.")


def ensure(consul: bool = False) -> None:
    """Silent and quick when everything is there."""
    path = host.search_path()
    commands = [*OWNERS, *(FOR_CONSUL if consul else ())]
    packages = needed([name for name in commands if not shutil.which(name, path=path)], host.cni_plugins() is None)
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise LabError(f"The lab needs what Debian calls {', '.join(packages)}, and there is no apt-get here: install the like of them by hand.")
    if os.geteuid():
        raise LabError(f"The lab needs the packages {', '.join(packages)}: run `make lab-packages` as root, or install them.")
    say(f"installing {', '.join(packages)}")
    with _without_daemons():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *packages)
