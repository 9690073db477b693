# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from meshlab import cache, paths
from meshlab.errors import LabError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MESHOPS_CACHE", str(tmp_path / "cache"))
    return paths.cache()


def test_key_depends_on_content_and_words_only(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "go.mod", tmp_path / "b" / "go.mod"
    for file in (first, second):
        file.parent.mkdir()
        file.write_text("module x")
    os.utime(second, (0, 0))
    assert cache.key(["f"], [first]) == cache.key(["f"], [second])
    assert cache.key(["g"], [first]) != cache.key(["f"], [first])
    second.write_text("module y")
    assert cache.key(["f"], [first]) != cache.key(["f"], [second])


def test_words_do_not_run_together() -> None:
    assert cache.key(["ab", "c"]) != cache.key(["a", "bc"])


def test_made_once(own_cache: Path) -> None:
    calls = []

    def make(target: Path) -> None:
        calls.append(target)
        (target / "file").write_text("x")

    assert cache.made("thing", "1", make) == cache.made("thing", "1", make) == own_cache / "thing-1"
    assert len(calls) == 1


def test_a_failure_leaves_nothing_behind(own_cache: Path) -> None:
    def make(target: Path) -> None:
        (target / "half").write_text("x")
        raise LabError("no")

    with pytest.raises(LabError):
        cache.made("thing", "1", make)
    assert [path.name for path in own_cache.iterdir()] == [".thing.lock"]


def test_what_a_killed_build_left_is_swept(own_cache: Path) -> None:
    (own_cache / ".thing.partial-1").mkdir(parents=True)
    cache.made("thing", "1", lambda target: None)
    assert not (own_cache / ".thing.partial-1").exists()


def test_two_at_once_make_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    calls = []

    def make(target: Path) -> None:
        calls.append(target)
        time.sleep(0.2)

    threads = [threading.Thread(target=cache.made, args=("thing", "1", make)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert "waiting for another process that has thing in the making" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"has .* GB free and the images needs about 1e\+09 GB: free some"):
        cache.need_space(tmp_path / "not" / "there", 1e9, "the images")
