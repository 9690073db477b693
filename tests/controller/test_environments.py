# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-builder renders the definitions of execution environments, and finds what the collection needs. No image is built: that takes a container engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
WITHOUT_GALAXY = sorted(CHECKOUT.glob("extensions/controller/environments/*.yml"))
DEFINITIONS = [CHECKOUT / "execution-environment.yml", *WITHOUT_GALAXY]
BUILDER = str(Path(sys.executable).with_name("ansible-builder"))


def rendered(definition: Path, folder: Path) -> tuple[list[str], Path]:
    """The lines of the last stage, and the folder that is the context of the build."""
    shutil.copytree(definition.parent / "programs", folder / "programs") if (definition.parent / "programs").is_dir() else None
    (folder / "collections").mkdir()
    for name in ("kubernetes-core", "meshops-lifecycle"):
        (folder / "collections" / f"{name}.tar.gz").write_bytes(b"an artifact")
    shutil.copy(definition, folder / "execution-environment.yml")
    context = folder / "context"
    done = subprocess.run(
        [BUILDER, "create", "-f", str(folder / "execution-environment.yml"), "-c", str(context), "--output-filename", "Containerfile"],
        capture_output=True, text=True, timeout=120, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    text = (context / "Containerfile").read_text()
    return re.split(r"^FROM .* as final$", text, flags=re.MULTILINE | re.IGNORECASE)[-1].splitlines(), context


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda path: path.stem)
class TestEachDefinition:
    def test_ends_the_build_where_helm_or_a_package_is_missing(self, definition: Path, tmp_path: Path) -> None:
        lines, _context = rendered(definition, tmp_path)
        runs = [line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")]
        checks = [line for line in runs if "helm version" in line or "import " in line]
        assert len(checks) == 2
        folder = tmp_path / "bin"
        folder.mkdir()
        environ = {"PATH": f"{folder}", "PYCMD": sys.executable}

        def code(line: str) -> int:
            return subprocess.run(["/bin/sh", "-c", line], env=environ, capture_output=True, check=False).returncode

        assert code(checks[0]) != 0, "an image without Helm would be built"
        (folder / "helm").write_text("#!/bin/sh\ntest $1 = version && echo v3.19.0\n")
        (folder / "helm").chmod(0o755)
        assert code(checks[0]) == 0
        assert set(re.findall(r"\w+", checks[1].split("import ")[1])) >= {"hvac", "jmespath", "kubernetes", "cryptography"}

    def test_has_helm_from_somewhere(self, definition: Path, tmp_path: Path) -> None:
        """Fedora has a package, which the collection names for it (meta/ee-bindep.txt). The others bring the program."""
        lines, _context = rendered(definition, tmp_path)
        brought = [line for line in lines if line.startswith("COPY") and line.endswith("/helm")]
        base = yaml.safe_load(definition.read_text())["images"]["base_image"]["name"]
        assert bool(brought) == (not base.startswith("fedora"))
        assert "helm [platform:fedora]" in (CHECKOUT / "meta/ee-bindep.txt").read_text()

    def test_differs_from_the_others_by_what_its_base_asks_for_only(self, definition: Path) -> None:
        told = yaml.safe_load(definition.read_text())
        assert (told["version"], told["dependencies"]["ansible_core"]) == (3, {"package_pip": "ansible-core>=2.19.14,<2.22"})
        assert {"jmespath>=1.0.1", "hvac>=2.0.0"} <= set(told["dependencies"]["python"])


@pytest.mark.parametrize("definition", WITHOUT_GALAXY, ids=lambda path: path.stem)
def test_collections_are_files_of_the_build_and_no_server_is_asked(definition: Path, tmp_path: Path) -> None:
    _lines, context = rendered(definition, tmp_path)
    asked = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    assert {one["type"] for one in asked} == {"file"}
    assert [one["name"] for one in asked if not (context / "_build" / one["name"]).is_file()] == []
    text = (context / "Containerfile").read_text()
    assert re.search(r'^ARG ANSIBLE_GALAXY_CLI_COLLECTION_OPTS="?--offline"?$', text, re.MULTILINE), text
    assert (context / "_build" / "programs").is_dir()


def test_the_collection_says_itself_what_it_needs(tmp_path: Path) -> None:
    """As ansible-builder asks the collections in an image. It leaves out PyYAML, which ansible-core brings."""
    collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    done = subprocess.run(
        [BUILDER, "introspect", collections, "--write-pip", str(tmp_path / "pip"), "--write-bindep", str(tmp_path / "bindep")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    packages = {re.split(r"[<>=~! ;#]", line)[0].lower() for line in (tmp_path / "pip").read_text().splitlines() if "meshops.lifecycle" in line}
    asked = {re.split(r"[<>=]", line)[0].lower() for line in (CHECKOUT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")}
    assert packages == asked - {"pyyaml"}
    assert "ansible-core" not in packages
    assert "helm [platform:fedora]" in (tmp_path / "bindep").read_text()
