# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the report in headless Chromium: nothing overlaps or leaves its place, and the console stays empty.

The script that looks is added to a copy of the page, whose policy would not run it. Whether a page is beautiful is for eyes: BROWSER_KEEP names a directory
that gets screenshots in light and dark, and the page as it is printed.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.estate_page import page
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import made

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
LOOKING = (Path(__file__).parent / "looking.js").read_text(encoding="utf-8")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def browse(folder: Path, *options: str) -> tuple[str, str]:
    """What Chromium writes and what it complains about."""
    assert CHROMIUM, "There is no Chromium on PATH: install it, for example by apt-get install chromium."
    usual = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--enable-logging=stderr"]
    done = subprocess.run([CHROMIUM, *usual, f"--user-data-dir={folder / 'profile'}", *options], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


@pytest.fixture(scope="module", params=[2, 9, 60, 100])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    path = folder / f"estate-{request.param}.html"
    path.write_text(page(made(request.param), {"istio": "Istio"}), encoding="utf-8")
    return path


def seen(path: Path, width: int, *options: str) -> list[str]:
    """What the script says of the page in a window of this width."""
    watched = path.with_name("watched.html")
    text = POLICY.sub("", path.read_text(encoding="utf-8"))
    watched.write_text(text.replace("</body>", f"<script>{LOOKING}</script></body>"), encoding="utf-8")
    told, _said = browse(path.parent, f"--window-size={width},1000", "--dump-dom", *options, watched.as_uri())
    left = re.search(r'<pre id="seen">(.*?)</pre>', told, re.DOTALL)
    assert left, "the script did not come to its end"
    return list(json.loads(html.unescape(left[1])))


@pytest.mark.parametrize("width", [1360, 820])
def test_nothing_overlaps_or_leaves_its_place(written: Path, width: int) -> None:
    assert seen(written, width) == []


def test_what_overlaps_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "wrong.html"
    text = page(made(2), {"istio": "Istio"})
    path.write_text(text.replace('y="47"', 'y="26"').replace(">12 proxies<", ">twelve proxies or more, and then some more of them<"), encoding="utf-8")
    said = {one.partition(":")[0] for one in seen(path, 1360)}
    assert {"texts overlap", "a text leaves its cluster"} <= said


def test_the_console_stays_empty(written: Path) -> None:
    """The page itself, with its policy: a breach of it would be said there."""
    _told, said = browse(written.parent, "--dump-dom", written.as_uri())
    assert [line for line in said.splitlines() if "CONSOLE" in line] == []


def test_the_policy_of_the_page_forbids_a_script(tmp_path: Path) -> None:
    """This shows that a console that is not empty would be seen."""
    path = tmp_path / "script.html"
    path.write_text(page(made(2), {"istio": "Istio"}).replace("</body>", "<script>document.title = 'ran'</script></body>"), encoding="utf-8")
    told, said = browse(tmp_path, "--dump-dom", path.as_uri())
    assert "<title>ran" not in told
    assert [line for line in said.splitlines() if "CONSOLE" in line]


def test_pictures_for_eyes(written: Path) -> None:
    keep = Path(os.environ.get("BROWSER_KEEP") or written.parent)
    name = written.stem
    for theme, options in (("light", ()), ("dark", ("--blink-settings=preferredColorScheme=0",))):
        picture = keep / f"{name}-{theme}.png"
        browse(written.parent, "--window-size=1360,6000", f"--screenshot={picture}", *options, written.as_uri())
        assert picture.stat().st_size > 10_000
    browse(written.parent, f"--print-to-pdf={keep / f'{name}.pdf'}", "--no-pdf-header-footer", written.as_uri())
    assert (keep / f"{name}.pdf").read_bytes().startswith(b"%PDF")
