# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first of many names."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.few_names import few


@pytest.mark.parametrize(("names", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c"], "a, b and 1 more")])
def test_the_first_are_named_and_the_others_counted(names: list[str], said: str) -> None:
    assert few(names, 2) == said


def test_names_are_joined_as_the_sentence_wants() -> None:
    assert few(["a", "b", "c", "d"], 2, "; ") == "a; b and 2 more"
