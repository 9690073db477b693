# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine alone: what mesh_config does between its arguments and its result, in this process, without starting Ansible.

Prints {"wall": …, "cpu": …} of connecting, reading, comparing, writing and reporting. Imports, which every module pays once, are not in it.
Several contexts are worked on at once. `--profile` prints where the time went to standard error.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.modules import mesh_config

AT_ONCE = 8


def bring(params: dict[str, Any]) -> int:
    """Apply the objects. Return how many changed."""
    result = mesh_config.reconcile(connect(params, environ={}), params)
    return sum(change["action"] != "unchanged" for change in result["changes"])


def main(file: str, profile: bool) -> None:
    options = yaml.safe_load(mesh_config.DOCUMENTATION)["options"]
    told = json.loads(Path(file).read_text(encoding="utf-8"))
    default = {name: option.get("default") for name, option in options.items()}
    each = [{**default, **told["params"], "context": context} for context in told["contexts"]]
    watched = cProfile.Profile()
    if profile:
        watched.enable()
    wall, cpu = time.perf_counter(), time.process_time()
    if len(each) == 1:
        changed = bring(each[0])
    else:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            changed = sum(pool.map(bring, each))
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if profile:
        watched.disable()
        pstats.Stats(watched, stream=sys.stderr).sort_stats("cumulative").print_stats(40)
    print(json.dumps({**spent, "changed": changed}))


if __name__ == "__main__":
    main(sys.argv[1], "--profile" in sys.argv[2:])
