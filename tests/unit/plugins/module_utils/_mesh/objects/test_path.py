# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places in an object."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.path import walk

OBJECT = {
    "metadata": {"annotations": {"example.com/seen": "yes"}},
    "status": {"conditions": [{"type": "Sad", "status": "False"}, {"type": "Ready", "status": "True"}], "list": [["a"], ["b"]]},
}


@pytest.mark.parametrize(("path", "found"), [
    ("status.conditions[1].status", "True"),
    (".status.conditions.1.status", "True"),
    ("$.status.conditions[type=Ready].status", "True"),
    ('status.conditions[type="Ready"].status', "True"),
    ('{.status.conditions[?(@.type=="Ready")].status}', "True"),
    ("{.status.conditions[?(@.type == 'Ready')].status}", "True"),
    ('metadata.annotations["example.com/seen"]', "yes"),
    ("metadata.annotations['example.com/seen']", "yes"),
    ("status.list[1][0]", "b"),
    ("status.conditions[type=None].status", None),
    ("status.conditions[7].status", None),
    ("status.conditions.type", None),
    ("status[type=Ready]", None),
    ("nothing.below", None),
])  # fmt: skip
def test_places(path, found):
    assert list(walk(OBJECT, path))[-1] == found


@pytest.mark.parametrize("path", ["", "$", "status..phase", "status[*]", "status[", "status]x", "a[?(@.b>1)]", "a[b", "a."])
def test_what_is_no_place_is_refused(path):
    with pytest.raises(Refused, match="write it as in"):
        list(walk(OBJECT, path))
