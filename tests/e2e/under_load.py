# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send requests from the client in east as long as something takes, even on a slow machine."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

# fortio runs for a time that has to be said before: so one run follows the other, and begins before that ends.
STRETCH, NEXT = 12, 7


@contextmanager
def under_load(estate: Estate, *words: str, stretch: int = STRETCH) -> Iterator[Counter[str]]:
    """Count the answers by status during a block. The requests must not pause from before the block until after it.

    A longer `stretch` overlaps more, for what is done on a machine that is busy with it.
    """
    codes: Counter[str] = Counter()
    started, ended = [_start(estate, words, stretch)], threading.Event()

    def follow() -> None:
        while not ended.wait(NEXT):
            started.append(_start(estate, words, stretch))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        time.sleep(3)
        begin = time.time()
        yield codes
        end = time.time()
    finally:
        ended.set()
        thread.join()
        told = [_told(*one.communicate()) for one in started]
    stretches = [_stretch(one) for one in told]
    at = begin
    for first, last in stretches:
        assert first <= at, f"nothing was asked for {first - at:.1f} s"
        at = last
    assert at >= end, f"nothing was asked in the last {end - at:.1f} s"
    for one in told:
        codes.update(one["RetCodes"])


def _start(estate: Estate, words: Sequence[str], stretch: int) -> subprocess.Popen[str]:
    exec_ = ["kubectl", "--kubeconfig", estate.kubeconfig, "--context", "east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--"]
    command = [*exec_, "fortio", "load", "-quiet", "-t", f"{stretch}s", "-json", "-", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _told(output: str, errors: str) -> dict[str, Any]:
    assert "{" in output, errors
    answers: dict[str, Any] = json.loads(output[output.index("{") :])
    return answers


def _stretch(answers: dict[str, Any]) -> tuple[float, float]:
    """The first and the last moment of the requests, in seconds since 1970. Containers share the machine's clock."""
    first = datetime.fromisoformat(answers["StartTime"]).timestamp()
    return first, first + answers["ActualDuration"] / 1e9
