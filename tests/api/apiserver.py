# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start etcd and kube-apiserver, nothing else: two processes, ready in a few seconds, no root needed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

READY_WITHIN = 60.0
TOKENS = {"admin": "admin-token-of-the-tests", "reader": "reader-token-of-the-tests"}


@dataclass(frozen=True)
class ApiServer:
    """`kubeconfig` has a context for each of TOKENS; only `admin` may do anything."""

    url: str
    ca: Path
    kubeconfig: Path


def programs() -> tuple[str, str] | None:
    """From the folders of MESHOPS_API_BIN, else from the PATH that the environment of the tests sets."""
    path = os.pathsep.join(filter(None, [os.environ.get("MESHOPS_API_BIN"), os.environ.get("PATH")]))
    found = [shutil.which(name, path=path) for name in ("etcd", "kube-apiserver")]
    return (found[0], found[1]) if found[0] and found[1] else None


@contextlib.contextmanager
def running(folder: Path, etcd: str, apiserver: str) -> Iterator[ApiServer]:
    ports = _free_ports(3)
    certs = folder / "certs"
    (folder / "tokens.csv").write_text("".join(f"{token},{name},{name},{_groups(name)}\n" for name, token in TOKENS.items()))
    key = folder / "sa.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    client, peer = (f"http://127.0.0.1:{port}" for port in ports[:2])
    store = [etcd, f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", f"--listen-client-urls={client}"]
    store += [f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", "--log-level=error"]
    server = [apiserver, f"--etcd-servers={client}", f"--secure-port={ports[2]}", "--bind-address=127.0.0.1"]
    server += [f"--cert-dir={certs}", f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC"]
    server += ["--service-account-issuer=https://tests.example.com", f"--service-account-key-file={key}"]
    server += [f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=198.51.100.0/24"]
    server += ["--disable-admission-plugins=ServiceAccount"]
    with _process(store, folder / "etcd.log"), _process(server, folder / "kube-apiserver.log") as process:
        url = f"https://127.0.0.1:{ports[2]}"
        _wait_until_ready(url, process, folder / "kube-apiserver.log")
        yield ApiServer(url, certs / "apiserver.crt", _kubeconfig(folder, url, certs / "apiserver.crt"))


def _groups(name: str) -> str:
    return "system:masters" if name == "admin" else ""


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.socket()) for _number in range(count)]
        for each in opened:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in opened]


@contextlib.contextmanager
def _process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    unchecked = ssl._create_unverified_context()
    asked = urllib.request.Request(f"{url}/readyz", headers={"Authorization": f"Bearer {TOKENS['admin']}"})
    end = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(asked, context=unchecked, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"kube-apiserver does not get ready; the end of {log}:\n{log.read_text()[-2000:]}")


def _kubeconfig(folder: Path, url: str, ca: Path) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "east", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": name, "user": {"token": token}} for name, token in TOKENS.items()],
        "contexts": [{"name": name, "context": {"cluster": "east", "user": name}} for name in TOKENS],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
