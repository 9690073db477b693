# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that lost its Lease is stopped by the writes of the next run."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.fence import annotation, epoch_of, fence

WHERE = "Secret istio-system/cacerts"


@pytest.mark.parametrize("annotations", [None, {}, {"other": "9"}, annotation(0), annotation(3), annotation(4)])
def test_what_earlier_epochs_wrote_may_be_written_over(annotations):
    fence("east", WHERE, annotations, 4)


def test_what_a_later_epoch_wrote_may_not():
    with pytest.raises(Refused, match="east: Secret istio-system/cacerts was written in epoch 5, and this run has epoch 4"):
        fence("east", WHERE, annotation(5), 4)


@pytest.mark.parametrize("told", ["", "x", "-1", "1.5", "²", "9" * 3 + " "])
def test_what_is_no_number_is_not_taken_for_one(told):
    with pytest.raises(Refused, match="is no number"):
        epoch_of("east", WHERE, {"meshops.lifecycle/epoch": told})
