# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application in both data centres: its requests cross if they must."""

from __future__ import annotations

import json

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


def test_with_no_server_left_in_east_all_answers_come_from_west(across: Estate) -> None:
    words = ("fortio", "load", "-quiet", "-n", "500", "-c", "4", "-qps", "0", "-json", "-", "http://server.app:8080/debug")
    told = across.kubectl("east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", *words)
    answers = json.loads(told[told.index("{") :])
    assert answers["RetCodes"] == {"200": 500}
    server = across.names("west", "pods", "-n", "app", "-l", "app=server")
    seen = across.kubectl("east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", "fortio", "curl", "-quiet", "http://server.app:8080/debug")
    assert f" on {server[0]} " in seen
    assert "X-Forwarded-Client-Cert" in seen and "spiffe://shop.example/ns/app/sa/default" in seen
