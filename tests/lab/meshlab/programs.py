# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the lab: what each is built from, and building what the cache does not hold yet."""

from __future__ import annotations

import platform
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import cache, golang, paths
from .errors import LabError
from .progress import Progress
from .shell import last_words, run

ISTIO_VERSION = "1.32.0-lab"
# For a cutover between two real versions.
ISTIO_BEFORE = "1.31.0-lab"
ISTIO_HUB = "docker.io/istio"
KUBERNETES_VERSION = "v1.34.4"
KUBERNETES_NAMES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")


@dataclass(frozen=True)
class Program:
    """One Go module under programs/. `output` is a file, or empty for a directory with one binary a package."""

    name: str
    package: str
    output: str = ""
    stamps: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    extras: Callable[[Path, Path], None] | None = None
    optional: bool = False

    @property
    def source(self) -> Path:
        return paths.PROGRAMS / self.name

    @property
    def ldflags(self) -> str:
        return " ".join(["-s -w", *(f"-X {stamp}" for stamp in self.stamps)])

    @property
    def key(self) -> str:
        files = [file for file in self.source.iterdir() if file.name in ("go.mod", "go.sum") or file.suffix == ".go"]
        return cache.key([self.name, self.package, self.output, self.ldflags, *self.links, platform.machine()], files)

    @property
    def cached(self) -> Path:
        return cache.entry(self.name, self.key)


def _kubernetes_stamps() -> tuple[str, ...]:
    major, minor, _patch = KUBERNETES_VERSION.removeprefix("v").split(".")
    return tuple(f"{package}.{name}={value}"
                 for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
                 for name, value in (("gitVersion", KUBERNETES_VERSION), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")))


def _helm_stamps() -> tuple[str, ...]:
    """Without them `helm template` takes every cluster for Kubernetes 1.20."""
    major, minor, _patch = KUBERNETES_VERSION.removeprefix("v").split(".")
    return tuple(f"helm.sh/helm/v3/pkg/{package}.k8sVersion{name}={value}"
                 for package in ("chartutil", "lint/rules") for name, value in (("Major", major), ("Minor", minor)))


def _istio_stamps(version: str) -> tuple[str, ...]:
    stamps = (("buildVersion", version), ("buildTag", version), ("buildHub", ISTIO_HUB))
    return tuple(f"istio.io/istio/pkg/version.{name}={value}" for name, value in stamps)


def stamped_chart(text: str, file: str, version: str = ISTIO_VERSION) -> str:
    """A chart's file as Istio's release tooling would write it: with the version, the hub and the tag of the release."""
    lines = []
    for line in text.splitlines():
        name = line.strip().split(":")[0]
        if file == "Chart.yaml" and name in ("version", "appVersion"):
            line = f"{name}: {version}"
        elif file == "values.yaml" and line.strip() == "hub: registry.istio.io/testing":
            line = line.replace("registry.istio.io/testing", ISTIO_HUB)
        elif file == "values.yaml" and line.strip() == "tag: latest":
            line = line.replace("latest", version)
        lines.append(line)
    return "\n".join(lines) + "\n"


def _istio_extras(source: str, version: str, go: Path, target: Path) -> None:
    module = Path(run([str(go), "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"], cwd=str(paths.PROGRAMS / source),
                      env=golang.environment(go)).strip())
    shutil.copy(module / "tools/packaging/common/envoy_bootstrap.json", target)
    for name, place in (("base", "base"), ("istiod", "istio-control/istio-discovery"), ("gateway", "gateway"),
                        ("cni", "istio-cni"), ("ztunnel", "ztunnel")):
        chart = target / "charts" / name
        # Not copytree: the module cache is read-only, and a read-only directory cannot be filled.
        for file in (module / "manifests/charts" / place).rglob("*"):
            if file.is_file():
                copy = chart / file.relative_to(module / "manifests/charts" / place)
                copy.parent.mkdir(parents=True, exist_ok=True)
                text = file.read_text(encoding="utf-8")
                copy.write_text(stamped_chart(text, file.name, version) if copy.parent == chart else text, encoding="utf-8")


PROGRAMS = {program.name: program for program in (
    Program("kubernetes", ".", "kubernetes", _kubernetes_stamps(), KUBERNETES_NAMES),
    Program("etcd", "go.etcd.io/etcd/server/v3", "etcd"),
    Program("coredns", ".", "coredns"),
    Program("pause", ".", "pause"),
    Program("fortio", "tool"),
    Program("helm", "tool", stamps=("helm.sh/helm/v3/internal/version.version=v3.22.0", *_helm_stamps())),
    # On no PATH, since it is called helm too. Its Kubernetes version is that of the client library it is built with.
    Program("helm4", "tool", stamps=("helm.sh/helm/v4/internal/version.version=v4.3.1",), optional=True),
    Program("istio", "tool", extras=partial(_istio_extras, "istio", ISTIO_VERSION), stamps=_istio_stamps(ISTIO_VERSION)),
    Program("istio-before", "tool", extras=partial(_istio_extras, "istio-before", ISTIO_BEFORE), stamps=_istio_stamps(ISTIO_BEFORE), optional=True),
    Program("traffic", ".", "traffic", optional=True),
    Program("node", ".", "node", optional=True),
    Program("vault", ".", "vault", optional=True),
    Program("consul", "tool", optional=True),
)}


class _Build:
    """One run of `go build`, whose output tells how many packages it has compiled."""

    def __init__(self, program: Program, go: Path, target: Path) -> None:
        self._program, self._go, self._target = program, go, target
        self._environment = golang.environment(go)
        self._compiled = 0
        self._lines: list[str] = []
        self._total = "?"

    def __call__(self) -> None:
        with Progress(self._program.name, lambda: f"{self._compiled} packages compiled of at most {self._total}"):
            threading.Thread(target=self._count, daemon=True).start()
            self._build()

    def _count(self) -> None:
        told = subprocess.run([str(self._go), "list", "-deps", self._program.package], cwd=self._program.source, env=self._environment,
                              capture_output=True, text=True, check=False)
        self._total = str(len(told.stdout.splitlines()) or "?")

    def _build(self) -> None:
        command = [str(self._go), "build", "-v", "-trimpath", "-ldflags", self._program.ldflags,
                   "-o", f"{self._target}/{self._program.output}", self._program.package]
        with subprocess.Popen(command, cwd=self._program.source, env=self._environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as build:
            for line in build.stderr or ():
                self._lines = [*self._lines[-40:], line]
                self._compiled += " " not in line.strip()
        if build.returncode:
            raise LabError(f"Building {self._program.name} failed: {last_words(''.join(self._lines), 3)}. "
                           f"Mend that (network, disk, memory) and run the same command again; what is built stays built.")


def build(program: Program) -> Path:
    """The directory with a program's binaries."""
    def make(target: Path) -> None:
        cache.need_space(target, 12, f"building {program.name}")
        go = golang.toolchain()
        _Build(program, go, target)()
        for link in program.links:
            (target / link).symlink_to(program.output)
        if program.extras:
            program.extras(go, target)

    return cache.made(program.name, program.key, make)


def all_cached() -> bool:
    return all(program.cached.is_dir() for program in PROGRAMS.values() if not program.optional)


def ensure(names: Iterable[str] = ()) -> dict[str, Path]:
    """Each program's directory, built if need be; without names, all that are not optional."""
    wanted = list(names) or [name for name, program in PROGRAMS.items() if not program.optional]
    return {name: build(PROGRAMS[name]) for name in wanted}


def binaries(built: dict[str, Path]) -> Path:
    """One directory with a link to each program, to be put on the PATH."""
    def make(target: Path) -> None:
        for place in built.values():
            for file in place.iterdir():
                if file.is_file() and file.stat().st_mode & 0o111:
                    (target / file.name).symlink_to(file)

    return cache.made("bin", cache.key(sorted(place.name for place in built.values())), make)
