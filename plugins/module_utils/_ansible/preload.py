# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import, once before a fork, the files that are otherwise imported where they are used. Ansible forks for every task and host.

Python compiles the files of a collection anew at each import.
"""

from __future__ import annotations

from .._kube.objects import amend, definitions, remove, replace, settle, tried
from .._kube.pods import handshake, portforward
from .._pki import readiness

readiness.prepare()
ALL = (amend, definitions, handshake, portforward, remove, replace, settle, tried)
