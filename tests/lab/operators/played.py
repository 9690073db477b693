# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-ins of operators as a program of their own beside a cluster, for as long as a block runs.

`sail` is for clusters of the lab: it needs kubectl and the lab's Helm on the PATH.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
GROUP = "sailoperator.io"
_FAREWELL, _PATIENCE = 10, 180  # seconds
# What the stand-in serves last: of its own kinds, and of Istio's.
_LAST = (f"ztunnels.{GROUP}", "telemetries.telemetry.istio.io", "workloadgroups.networking.istio.io")
# Revisions go after their Istio, by their finalizer.
_OPERANDS = ",".join(f"{plural}.{GROUP}" for plural in ("istiorevisiontags", "istios", "istiocnis", "ztunnels"))
Ask = Callable[..., str]


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@contextmanager
def playing(kubeconfig: Path, log: Path, *plays: str, crds: Path | None = None, context: str = "", pace: float = 0.02) -> Iterator[subprocess.Popen[bytes]]:
    """They run in an environment of their own. Without `crds` they bring small ones. `plays` may go on with other options, as in `sail --versions v1.32.0`."""
    folder = ["--crds", str(crds)] if crds and crds.is_dir() else []
    chosen = ["--context", context] if context else []
    begin = [sys.executable, str(CHECKOUT / "mk" / "environment.py"), "exec", "operators", "python", "-m", "standins"]
    options = ["--kubeconfig", str(kubeconfig), *chosen, "--pace", str(pace), *folder, "--play", *plays]
    home = {**os.environ, "PYTHONPATH": str(CHECKOUT / "tests" / "lab" / "operators")}
    with log.open("wb") as out:
        program = subprocess.Popen([*begin, *options], env=home, stdout=out, stderr=out, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent)
        try:
            yield program
            assert program.poll() is None, log.read_text()[-3000:]
        finally:
            program.terminate()
            try:
                program.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


@contextmanager
def sail(kubeconfig: Path, context: str, log: Path, charts: Mapping[str, Path]) -> Iterator[None]:
    """The Sail operator on a cluster of the lab, with a real istiod for each revision: `charts` has a folder for each version, the newest first.

    In the end its objects go, then it, and then the CRDs that it brought.
    """
    ask: Ask = partial(_kubectl, kubeconfig, context)
    before, chosen = _crds(ask), [f"{version}={folder}" for version, folder in charts.items()]
    try:
        with playing(kubeconfig, log, "sail", "--charts", *chosen, context=context, pace=0.1) as program:
            _until(lambda: program.poll() is not None or set(_LAST) <= _crds(ask), f"{context}: the kinds of the Sail operator", log)
            assert program.poll() is None, f"{context}: the stand-in ended: {log.read_text()[-3000:]}"
            ask("wait", "--for=condition=Established", *(f"crd/{name}" for name in _LAST), "--timeout=60s")
            try:
                yield
            finally:
                ask("delete", _OPERANDS, "--all", f"--timeout={_PATIENCE}s")
                _until(lambda: not ask("get", f"istiorevisions.{GROUP}", "-o", "name"), f"{context}: the end of all revisions", log)
    finally:
        if brought := sorted(_crds(ask) - before):
            ask("delete", "crd", *brought, "--ignore-not-found", "--timeout=120s")


def _crds(ask: Ask) -> set[str]:
    return {line.partition("/")[2] for line in ask("get", "crd", "-o", "name").splitlines()}


def _kubectl(kubeconfig: Path, context: str, *words: str) -> str:
    done = subprocess.run(["kubectl", "--kubeconfig", str(kubeconfig), "--context", context, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{context}: kubectl {' '.join(words)}: {done.stderr}"
    return done.stdout


def _until(seen: Callable[[], object], what: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while not seen():
        assert time.monotonic() < end, f"{what} did not come: {log.read_text()[-3000:]}"
        time.sleep(0.5)
