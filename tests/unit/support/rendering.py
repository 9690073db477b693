# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render templates as Ansible does, in a role's defaults and for every host of an inventory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from .source import CHECKOUT


def loaded(path: Path) -> dict[str, Any]:
    """A YAML file whose templates may be rendered; empty if the file does not exist."""
    return DataLoader().load_from_file(str(path), trusted_as_template=True) or {} if path.is_file() else {}


def rendered(expression: str, variables: dict[str, Any]) -> Any:
    """Render a template. Ansible raises an error if a variable in it is not defined."""
    return Templar(loader=DataLoader(), variables=variables).template(trust_as_template(expression))


def planned(inventory: Path, roles: list[str], expressions: Mapping[str, str], scratch: Path) -> dict[str, dict[str, Any]]:
    """The rendered expressions by host of the inventory, with the variables of these roles. No cluster is asked."""
    answers = scratch / "answers.json"
    play = {
        "name": "Plan",
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "vars_files": [str(path) for role in roles for path in sorted(CHECKOUT.glob(f"roles/{role}/[dv]*/main.yml"))],
        "tasks": [
            {"name": "Render", "ansible.builtin.set_fact": {"answers": {key: f"{{{{ {text} }}}}" for key, text in expressions.items()}}},
            {
                "name": "Write",
                "run_once": True,
                "ansible.builtin.copy": {
                    "content": "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'answers'))) | to_json }}",
                    "dest": str(answers),
                    "mode": "0600",
                },
            },
        ],
    }
    playbook = scratch / "plan.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    extra = CHECKOUT / inventory / "group_vars/shop/vault.yml.example"
    secrets = ["-e", f"@{extra}"] if extra.is_file() else []
    command = ["ansible-playbook", "-i", str(CHECKOUT / inventory), *secrets, str(playbook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(answers.read_text("utf-8"))
