# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on the screen at the end of `status`, in a terminal and as AWX keeps it. Nobody answers at the clusters' addresses: no API server is needed."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.unit.support import as_awx, running

from .conftest import Way

LAST = "× 2 clusters: 0 ok, 2 unreached (east, west)"
CALLBACK = {"ANSIBLE_CALLBACKS_ENABLED": "meshops.lifecycle.summary"}


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """An inventory of two clusters at addresses where nobody listens."""
    hosts: dict[str, dict[str, Any]] = {}
    for name in ("east", "west"):
        hosts[name] = {"mesh_name": "shop", "mesh_network": name, "mesh_kube": {"host": "https://127.0.0.1:9", "api_key": f"token-of-{name}"}}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return inventory


def test_in_a_terminal_the_table_has_no_quotes_and_the_summary_is_the_last_line(nobody: Path, tmp_path: Path) -> None:
    done = running.ran("status", "-i", str(nobody), home=tmp_path, **CALLBACK)
    lines = done.output.rstrip().splitlines()
    assert done.code == 2, done.output
    assert next(line for line in lines if line.startswith("east ")).split()[2:4] == ["×", "UNREACHED"], done.output
    assert lines[-1] == LAST, done.output
    assert lines.count(LAST) == 2, "once below the table, once below Ansible's own last lines"


def test_in_awx_each_is_an_event_with_the_lines_as_they_are(nobody: Path) -> None:
    done = as_awx.run("status", nobody, {**CALLBACK, **{name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH",) if name in os.environ}})
    assert done.output.replace("\r", "").rstrip().splitlines()[-1] == LAST, done.output
    events = [json.loads(text) for place, text in done.places.items() if "/job_events/" in place and place.endswith(".json")]
    said = [event["stdout"].replace("\r", "") for event in sorted(events, key=lambda event: event["counter"])]
    assert said[-1].strip() == LAST
    assert any("\nwest " in text and LAST in text for text in said[:-1]), "the table stands in one event"


def test_a_wait_of_more_than_ten_seconds_says_for_what_beside_the_output(way: Way, tmp_path: Path) -> None:
    """Nobody installed anything, so `verify` waits until its time is over."""
    host = {"mesh_name": "shop", "mesh_network": "one", "mesh_namespace": "nobody-s", "mesh_kube": {"kubeconfig": way.kubeconfig, "context": "admin"}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"east": host}}}))
    begun = time.monotonic()
    done = running.ran("verify", "-i", str(tmp_path / "hosts.yml"), "-e", "verify_wait_timeout=12", home=tmp_path)
    said = re.findall(r"^east: (.*) \((\d+) s\)$", done.output, re.MULTILINE)
    assert said, done.output
    assert said[0][0].startswith("the control plane stable is not installed"), done.output
    assert len(said) <= (time.monotonic() - begun) // 10
    assert [int(seconds) >= 10 for _words, seconds in said] == [True] * len(said)
