# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The labels by which the objects of a set are listed. tests/api/test_reading.py tests how they are read."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.reading import _shared


@pytest.mark.parametrize(("labels", "selector"), [
    pytest.param([{"a": "1", "b": "2"}, {"b": "2", "a": "1"}], "a=1,b=2", id="all"),
    pytest.param([{"a": "1", "b": "2"}, {"a": "1", "b": "3"}, {"a": "1"}], "a=1", id="those that all have"),
    pytest.param([{"a": "1"}, None], "", id="one has none"),
    pytest.param([{"a": "1"}, ["a"]], "", id="no labels at all"),
    pytest.param([{"meshops.lifecycle/set": "shop"}] * 2, "meshops.lifecycle/set=shop", id="a prefix"),
    pytest.param([{"a": "", "b c": "1", "../x": "1", "d": "x,y=z", "e": "x" * 64, "f": True}] * 2, "f=True", id="what cannot be said"),
])  # fmt: skip
def test_the_labels_that_all_wishes_share(labels, selector):
    assert _shared([{"metadata": {"labels": told}} for told in labels]) == selector
