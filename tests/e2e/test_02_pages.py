# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page for newcomers, typed as it stands there: its inventory, and each command of its chapter on installing.

The lab's own variables come on top, for its charts and images and its account. They override the page's, so this does not prove the version
that the page names, nor the kubeconfig, nor kind.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT, Estate, Run
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import First

PAGE = (CHECKOUT / "docs/docsite/rst/own_clusters.rst").read_text("utf-8")
CHAPTER = PAGE.partition("5. Look, then install")[2].partition("6. Your workloads")[0]
COMMANDS = [line.partition("#")[0].strip() for line in CHAPTER.splitlines() if line.strip().startswith("ansible-playbook ")]
INVENTORY = re.search(r"\.\. code-block:: yaml\n\n((?:\n|    .*\n)+)", PAGE.partition("4. The inventory")[2])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works_as_it_stands_there(estate: Estate, first: First, tmp_path: Path, command: str) -> None:
    assert INVENTORY
    (tmp_path / "inventory.yml").write_text("".join(f"{line[4:]}\n" for line in INVENTORY[1].splitlines()))
    words = [*shlex.split(command), "-i", str(estate.inventory), "-e", json.dumps(estate.variables)]
    environ = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    run = Run.of(done.returncode, done.stdout + done.stderr, 0.0).succeeded()
    assert run.changed == {"east": 0, "west": 0}, run.output
    assert "-i inventory.yml" in command
