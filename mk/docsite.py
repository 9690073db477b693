# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the site of the documentation, the guides and a page for each plugin and role, into build/site. A warning fails.

Pages of other collections are not there, so only references to our own have to lead somewhere.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCE, SITE, WARNINGS = (CHECKOUT / "build" / name for name in ("pages", "site", "pages-warnings.txt"))
OURS = "meshops.lifecycle"
ELSEWHERE = re.compile(rf"undefined label: '?(?!ansible_collections\.{re.escape(OURS)}\.)")
SETTINGS = """\
project = "meshops.lifecycle"
copyright = "meshops contributors"
html_title = "meshops.lifecycle"
extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_short_title = "meshops.lifecycle"
html_show_sphinx = False
html_use_smartypants = False
# The highlighter knows no backquotes within YAML, which queries have.
suppress_warnings = ["misc.highlighting_failure"]
"""


def main() -> int:
    for folder in (SOURCE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    collected = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(SOURCE), OURS]
    subprocess.run(collected, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    (SOURCE / "conf.py").write_text(SETTINGS, encoding="utf-8")
    built = ["sphinx-build", "-q", "-b", "html", "--keep-going", "-w", str(WARNINGS), str(SOURCE), str(SITE)]
    done = subprocess.run(built, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    warned = [line for line in WARNINGS.read_text(encoding="utf-8").splitlines() if line.strip() and not ELSEWHERE.search(line)]
    print("\n".join(warned or [f"{SITE}/index.html: {len(list(SITE.rglob('*.html')))} pages"]))
    return done.returncode or bool(warned)


if __name__ == "__main__":
    sys.exit(main())
