# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity`, with the arguments given, on a copy of the checkout.

ansible-test wants to stand in .../ansible_collections/<namespace>/<name> and looks at every file it finds there; the
copy holds what git tracks or would add. It also wants to download a script that installs pip; get_pip.py takes its
place, so that nothing but a package index is needed. Its caches go to a home of its own, with the settings of pip
written down there, as ansible-test passes no PIP_ variable on.

ansible-test runs one test after the other, most of them on one core. Without arguments the longest ones run beside the others.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ansible_test
from environment import CHECKOUT, NAME, NAMESPACE, collections

ROOT = collections().parent.parent / "sanity"
HOME = ROOT / "home"
# Each of these takes as long as many others, and has a virtual environment of its own.
LONGEST = ("pylint", "validate-modules", "import", "ansible-doc")
COPY = ROOT / collections().name / "ansible_collections" / NAMESPACE / NAME


def output(*command: str) -> str:
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


def listed() -> set[Path]:
    names = output("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    return {Path(name) for name in names if name and (CHECKOUT / name).is_file()}


def same(source: Path, target: Path) -> bool:
    if not target.exists() or source.is_symlink() != target.is_symlink():
        return False
    old, new = target.stat(), source.stat()
    return (old.st_size, old.st_mtime_ns, old.st_mode) == (new.st_size, new.st_mtime_ns, new.st_mode)


def copied() -> Iterator[Path]:
    for file in COPY.rglob("*"):
        inside = file.relative_to(COPY)
        if (file.is_file() or file.is_symlink()) and inside.parts[:2] != ("tests", "output"):
            yield inside


def mirror(names: set[Path]) -> None:
    COPY.mkdir(parents=True, exist_ok=True)
    for stale in set(copied()) - names:
        (COPY / stale).unlink()
    for name in names:
        if not same(CHECKOUT / name, COPY / name):
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            (COPY / name).unlink(missing_ok=True)
            shutil.copy2(CHECKOUT / name, COPY / name, follow_symlinks=False)
    dependency = COPY.parent.parent / "kubernetes" / "core"
    if not dependency.exists():
        dependency.parent.mkdir(parents=True, exist_ok=True)
        dependency.symlink_to((collections() / "ansible_collections" / "kubernetes" / "core").resolve())


def write_pip_settings() -> None:
    settings: dict[str, dict[str, str]] = {"global": {"quiet": "1"}}
    for line in output(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, value = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        section = "global" if section == ":env:" else section
        settings.setdefault(section, {})[option] = str(ast.literal_eval(value)).replace("\n", "\n  ")
    lines = [f"[{section}]\n" + "".join(f"{option} = {value}\n" for option, value in options.items())
             for section, options in settings.items()]
    target = HOME / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text("\n".join(lines), encoding="utf-8")


def place_pip_script() -> None:
    """ansible-test names the script by the version of pip that it wants."""
    requirements = Path(ansible_test.__file__).parent / "_internal" / "python_requirements.py"
    for version in re.findall(r"\bpip='([\d.]+)'", requirements.read_text(encoding="utf-8")):
        target = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / "mk" / "get_pip.py", target)


def command(*arguments: str) -> list[str]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return ["ansible-test", "sanity", f"--python={python}", "--color=no", *arguments]


def run(arguments: Sequence[str]) -> int:
    """Show the output in one piece when the run is over."""
    done = subprocess.run(command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout, end="", flush=True)
    return done.returncode


def all_tests() -> int:
    """Run all tests, two at a time. The virtual environments are made first, because two runs may want the same one."""
    if status := run(["--prime-venvs"]):
        return status
    alone = [["--test", name] for name in LONGEST]
    others = [argument for name in LONGEST for argument in ("--skip-test", name)]
    with ThreadPoolExecutor(2) as pool:
        return int(any(list(pool.map(run, [others, *alone]))))


if __name__ == "__main__":
    mirror(listed())
    write_pip_settings()
    place_pip_script()
    os.chdir(COPY)
    os.environ["HOME"] = str(HOME)
    os.environ.pop("PYTHONPATH", None)
    if sys.argv[1:]:
        os.execvp("ansible-test", command(*sys.argv[1:]))
    sys.exit(all_tests())
