# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the artifact and import it as Galaxy and Automation Hub do. An error or a warning fails, and so does a plugin without a page.

Nothing but the artifact is there, as on Galaxy: neither kubernetes.core nor this checkout. ansible-lint has seen the checkout by then, so the importer
calls it only with IMPORTER_LINT=1.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
BUILD = CHECKOUT / "build" / "importer"
FAULT = re.compile(r"^(WARNING|ERROR|CRITICAL): ")
PAGED = ("module", "inventory", "filter", "callback", "lookup")
# The importer looks at files. Filters have pages of their own names, and this file only offers them to the roles.
NO_PAGES = ("_private", "mesh")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("ANSIBLE_")}
    linted = "true" if os.environ.get("IMPORTER_LINT") else "false"
    return {**kept, "HOME": str(BUILD), "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": linted}


def artifact() -> Path:
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", str(BUILD)], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return next(BUILD.glob("*.tar.gz"))


def without_page(result: dict[str, Any]) -> list[str]:
    """Contents that would have no page in the catalogue, and filters that are not even found there, because their file cannot be imported."""
    contents = [content for content in result["docs_blob"]["contents"] if content["content_name"] not in NO_PAGES]
    shown = {(content["content_type"], content["content_name"]) for content in contents if (content["doc_strings"] or {}).get("doc")}
    wanted = {(content["content_type"], content["content_name"]) for content in contents if content["content_type"] in PAGED}
    wanted |= {("filter", path.stem) for path in (CHECKOUT / "plugins/filter").glob("*.yml")}
    return [f"{kind} {name} has no page" for kind, name in sorted(wanted - shown)]


def main() -> int:
    command = [sys.executable, "-m", "galaxy_importer.main", str(artifact())]
    done = subprocess.run(command, cwd=BUILD, env=environment(), capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    faults = [line for line in said if FAULT.match(line)]
    written = BUILD / "importer_result.json"
    if done.returncode or not written.exists():
        faults += said[-15:]
    else:
        faults += without_page(json.loads(written.read_text(encoding="utf-8")))
    print("\n".join(faults) if faults else f"galaxy-importer: {len(said)} lines, no error and no warning")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
