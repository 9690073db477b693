# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab changes on the machine itself, outside of the clusters' namespaces: bridge, cables, kernel settings, directories."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import cgroups, plan
from .errors import LabError
from .plan import BRIDGE, BRIDGE_ADDRESS, NODE_PREFIX, Plan
from .shell import run, succeeds
from .state import Record

COMMANDS = ("containerd", "containerd-shim-runc-v2", "ctr", "runc", "ip", "iptables", "nsenter", "unshare", "setpriv", "openssl", "cp", "ldd")
CNI_PLUGINS = ("ptp", "host-local", "portmap", "loopback")
# The kubelet sets the first four machine-wide; the last is too low for the watches of two clusters' programs.
SYSCTLS = {"vm.overcommit_memory": None, "vm.panic_on_oom": None, "kernel.panic": None, "kernel.panic_on_oops": None,
           "kernel.keys.root_maxkeys": None, "kernel.keys.root_maxbytes": None, "fs.inotify.max_user_instances": 8192}
SUPERUSER_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def search_path(first: Path | None = None) -> str:
    """PATH for the lab's programs: the superuser's directories are in it even where sudo leaves them out."""
    return os.pathsep.join(filter(None, [str(first or ""), os.environ.get("PATH", os.defpath), SUPERUSER_PATH]))


def missing_commands() -> list[str]:
    return [name for name in COMMANDS if not shutil.which(name, path=search_path())]


def cni_plugins() -> Path | None:
    """The directory of the CNI plugins: Debian's, or the one that upstream uses."""
    places = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
    return next((place for place in places if all((place / name).exists() for name in CNI_PLUGINS)), None)


def check_root() -> None:
    if os.geteuid():
        raise LabError("The lab needs root (for network namespaces, mounts, control groups and its files): "
                       "run this as root, or use `make lab-api`.")
    os.environ["PATH"] = search_path()


def check() -> None:
    """Everything that a cluster needs of this machine; the first lack ends the command."""
    check_root()
    missing = missing_commands() + ([] if cni_plugins() else ["the CNI plugins"])
    if missing:
        raise LabError(f"Not installed: {', '.join(missing)}; run `make lab-packages` as root.")
    if not succeeds(["unshare", "--net", "--mount", "--pid", "--fork", "true"]):
        raise LabError("This machine refuses new namespaces even to root (a container without privileges?): run the lab where CAP_SYS_ADMIN is granted.")
    cgroups.check()


def links() -> dict[str, dict[str, Any]]:
    return {link["ifname"]: link for link in json.loads(run(["ip", "-json", "link"]) or "[]")}


def check_addresses() -> None:
    """Refuse to shadow addresses that the machine uses already."""
    routes = json.loads(run(["ip", "-json", "-4", "route"]) or "[]")
    taken = plan.overlapping(routes)
    if taken:
        raise LabError(f"The lab uses {plan.RANGE} and this machine already routes {', '.join(taken)}: take that route away, or run the lab elsewhere.")


def create_bridge(record: Record) -> None:
    if BRIDGE not in links():
        check_addresses()
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
        run(["ip", "address", "add", f"{BRIDGE_ADDRESS}/{NODE_PREFIX}", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    # What belongs to the lab and is not on the bridge (pods, services) must not leave by the machine's default route.
    run(["ip", "route", "replace", "unreachable", plan.RANGE])
    # Where bridged packets pass the machine's firewall (as Docker sets it up), its policy would drop them.
    file = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if file.exists() and file.read_text(encoding="utf-8").strip() == "1":
        rule = ["FORWARD", "-i", BRIDGE, "-o", BRIDGE, "-j", "ACCEPT"]
        if rule not in record.firewall:
            record.firewall.append(rule)
            record.save()
        if not succeeds(["iptables", "-C", *rule]):
            run(["iptables", "-I", *rule])


def plug_in(cluster: Plan, pid: int) -> None:
    """A cable from the bridge into the network namespace of a process."""
    unplug(cluster.link)
    run(["ip", "link", "add", cluster.link, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    run(["ip", "link", "set", cluster.link, "master", BRIDGE, "up"])


def unplug(link: str) -> None:
    """Take a cable away. The kernel takes it away too, some time after the last process at its other end: also between our look and our deed."""
    if link in links():
        try:
            run(["ip", "link", "delete", link])
        except LabError:
            if link in links():
                raise


def remove_network(record: Record | None) -> None:
    for name in links():
        if name == BRIDGE or re.fullmatch(r"meshlab-\d+", name):
            succeeds(["ip", "link", "delete", name])
    succeeds(["ip", "route", "delete", "unreachable", plan.RANGE])
    for rule in record.firewall if record else []:
        succeeds(["iptables", "-D", *rule])


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name.replace(".", "/")


def save_sysctls(record: Record) -> None:
    """Note the settings that will change; what was noted by an earlier start is the machine's own."""
    for name in SYSCTLS:
        if _sysctl(name).exists():
            record.sysctls.setdefault(name, _sysctl(name).read_text(encoding="utf-8").strip())
    record.save()
    for name, least in SYSCTLS.items():
        if least and _sysctl(name).exists() and int(_sysctl(name).read_text(encoding="utf-8")) < least:
            _sysctl(name).write_text(str(least), encoding="utf-8")


def restore_sysctls(record: Record) -> None:
    for name, value in record.sysctls.items():
        if _sysctl(name).exists() and _sysctl(name).read_text(encoding="utf-8").strip() != value:
            _sysctl(name).write_text(value, encoding="utf-8")


def create_directories(record: Record, wanted: Iterable[str]) -> None:
    """Mount points for the clusters' own views; those that were not there are noted, to be removed again."""
    for directory in wanted:
        absent = [place for place in (Path(directory), *Path(directory).parents) if not place.exists()]
        for place in reversed(absent):
            if str(place) not in record.directories:
                record.directories.append(str(place))
                record.save()
            place.mkdir()


def remove_directories(record: Record) -> None:
    for directory in sorted(record.directories, key=len, reverse=True):
        # It may be gone, or in use by someone who came after us.
        with contextlib.suppress(OSError):
            os.rmdir(directory)
