# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.waiting import awaited, waiting


def test_of_a_wait_within_another_one_the_inner_one_counts() -> None:
    with waiting() as outer:
        assert awaited() == ""
        outer("a restart")
        with waiting() as inner:
            assert awaited() == "a restart"
            inner("a Deployment")
            assert awaited() == "a Deployment"
            inner("")
            assert awaited() == "a restart"
        assert awaited() == "a restart"
    assert awaited() == ""


def test_a_wait_that_fails_leaves_nothing_behind() -> None:
    def fail() -> None:
        with waiting() as say:
            say("something")
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        fail()
    assert awaited() == ""
