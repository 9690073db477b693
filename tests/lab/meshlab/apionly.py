# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second tier: only etcd and an API server on this machine's loopback, for tests that need no nodes. Needs no root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import kubeapi, node, pki, programs, report
from .errors import LabError
from .kubeapi import Api, ApiError

SERVICES = "10.96.0.0/16"
LOOPBACK = "127.0.0.1"
PATIENCE = 60.0
ATTEMPTS = 3
# Whether a deletion is a dry run stands in its body.
AUDIT = node.AUDIT.replace("rules: [", "rules: [{level: Request, verbs: [delete, deletecollection]}, ")
PREFIX = "meshlab-api-"


@dataclass(frozen=True)
class ApiServer:
    """A running API server. `kubeconfig` has one context, of an administrator."""

    kubeconfig: Path
    context: str
    server: str
    audit_log: Path
    directory: Path

    @property
    def api(self) -> Api:
        return Api(self.server, self.directory / "pki")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for number in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


def end_with_parent() -> None:
    """In the child: the kernel ends it when the thread that started it ends, however that happens."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _spawn(binaries: Path, argv: list[str], directory: Path) -> subprocess.Popen[bytes]:
    with open(directory / f"{argv[0]}.log", "ab") as out:
        return subprocess.Popen([str(binaries / argv[0]), *argv[1:]], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                preexec_fn=end_with_parent)


def _certificates(directory: Path, name: str, server: str) -> Path:
    authority = pki.Authority(directory, f"{name}-ca")
    authority.sign("apiserver", "/CN=kube-apiserver", ["serverAuth"], [LOOPBACK, "10.96.0.1"], ["localhost", "kubernetes.default.svc"])
    authority.sign("admin", "/O=system:masters/CN=admin")
    authority.service_account_keys()
    file = directory.parent / "kubeconfig"
    pki.write_private(file, pki.kubeconfig([(name, server, directory, "admin")], name))
    return file


def _commands(directory: Path, name: str, ports: list[int]) -> list[list[str]]:
    client, peer, secure = ports
    policy = directory / "audit-policy.yaml"
    policy.write_text(AUDIT, encoding="utf-8")
    apiserver = node.apiserver(directory / "pki", SERVICES, LOOPBACK, f"{LOOPBACK}:{client}")
    return [node.etcd(directory, name, f"{LOOPBACK}:{client}", f"{LOOPBACK}:{peer}"),
            [*apiserver, f"--bind-address={LOOPBACK}", f"--secure-port={secure}", *node.audit(directory / "audit.log", policy),
             # Nobody makes service accounts here, and a pod shall be creatable all the same.
             "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"]]


def _ready(server: ApiServer, children: list[subprocess.Popen[bytes]]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and all(child.poll() is None for child in children):
        try:
            # The namespace comes last of what the server makes for itself.
            if server.api.text("/readyz") == "ok" and server.api.get("/api/v1/namespaces/default"):
                kubeapi.mark(server.api)
                return True
        except (OSError, ApiError):
            pass
        time.sleep(0.05)
    return False


def _sweep() -> None:
    """Remove what killed processes of ours left behind: certificates and data."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = directory.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and directory.stat().st_uid == os.getuid():
            shutil.rmtree(directory, ignore_errors=True)


def _start(built: Mapping[str, Path], directory: Path, name: str) -> tuple[ApiServer, list[subprocess.Popen[bytes]], bool]:
    directory.mkdir(parents=True)
    ports = free_ports(3)
    url = f"https://{LOOPBACK}:{ports[2]}"
    kubeconfig = _certificates(directory / "pki", name, url)
    etcd, apiserver = _commands(directory, name, ports)
    children = [_spawn(built["etcd"], etcd, directory), _spawn(built["kubernetes"], apiserver, directory)]
    server = ApiServer(kubeconfig, name, url, directory / "audit.log", directory)
    return server, children, _ready(server, children)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in reversed(children):
        child.kill()
        child.wait()


@contextlib.contextmanager
def running(name: str = "api", keep_logs: Path | None = None) -> Iterator[ApiServer]:
    """An API server for as long as the `with` block runs. Several may run at once."""
    built = programs.ensure(["kubernetes", "etcd"])
    _sweep()
    base = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    children: list[subprocess.Popen[bytes]] = []
    try:
        for attempt in range(ATTEMPTS):
            # A port may be taken between its choice and its use: another try takes others.
            server, children, ready = _start(built, base / str(attempt), name)
            if ready:
                break
            _stop(children)
        else:
            words = report.tail(server.directory / "kube-apiserver.log", 3).replace("\n", "; ")
            raise LabError(f"The API server did not become ready in {ATTEMPTS} attempts; its last words: {words}")
        yield server
    finally:
        _stop(children)
        if keep_logs:
            for log in base.glob("*/*.log"):
                shutil.copy(log, keep_logs / f"{name}-{log.parent.name}-{log.name}")
        shutil.rmtree(base, ignore_errors=True)


def serve() -> None:
    """Run one until Ctrl-C, SIGTERM, or the end of the caller."""
    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with running() as server:
        print(f"export KUBECONFIG={server.kubeconfig}", flush=True)
        parent = os.getppid()
        with contextlib.suppress(KeyboardInterrupt):
            while os.getppid() == parent:
                time.sleep(1)
