# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs gateway_certificates as mesh_config is run, without a process for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..module_utils._work.gateways.gateway_certificates import TASK, reconcile
from . import mesh_config


class ActionModule(mesh_config.ActionModule):
    work = staticmethod(reconcile)
    task: ClassVar[Mapping[str, Any]] = TASK
