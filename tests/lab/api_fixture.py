# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest fixture: a real API server (with etcd, without nodes) for a session.

Use it from a conftest.py that has tests/lab on sys.path: `from api_fixture import api_server`. The yielded object has
`kubeconfig` (a path), `context`, `server`, `audit_log` (a path; one JSON event a line) and `api` (a little client).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from meshlab import apionly
from meshlab.errors import LabError


@pytest.fixture(scope="session")
def api_server() -> Iterator[apionly.ApiServer]:
    """Each pytest process has one of its own, so tests may run in parallel."""
    try:
        with apionly.running(os.environ.get("PYTEST_XDIST_WORKER", "api")) as server:
            yield server
    except LabError as error:
        pytest.fail(f"no API server: {error}", pytrace=False)
