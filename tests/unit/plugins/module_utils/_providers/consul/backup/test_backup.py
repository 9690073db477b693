# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consul's snapshots: how they are asked for, and what is read of them. Nothing here was run against a real Consul."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, PodReply
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.backup import backup
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.backup.archives import archive
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT

STATE = b"\x85\xa4root" + EAST.pem + b"\x93\xc0secret-token" + ROOT.pem
LIVE: dict[str, Any] = {"Pod": [server(0), server(1)], "Secret": [tokens()], "StatefulSet": []}


def answered(reply: PodReply | None) -> Answers:
    wanted = backup.saved("mesh")
    return Answers.of(dict.fromkeys(wanted.questions(LIVE), reply))


def test_one_server_is_asked_with_the_token() -> None:
    (question,) = backup.saved("mesh").questions(LIVE)
    assert (question.pod, question.path, question.method) == ("consul-server-0", "/v1/snapshot", "GET")
    assert dict(question.headers)["X-Consul-Token"] == MANAGEMENT


def test_the_bytes_come_as_they_are() -> None:
    snapshot = archive(STATE)
    assert backup.saved("mesh").judge(LIVE, answered(PodReply(200, snapshot))) == snapshot


@pytest.mark.parametrize(("reply", "says"), [(PodReply(500, b"no leader"), "answered with HTTP 500"), (None, "did not answer, or none is ready")])
def test_no_snapshot_is_named_with_its_cause(reply: PodReply | None, says: str) -> None:
    with pytest.raises(NotReady, match=says):
        backup.saved("mesh").judge(LIVE, answered(reply))


def test_a_snapshot_says_how_far_it_is_and_which_certificates_it_holds() -> None:
    content = backup.content("east", archive(STATE, index=4711))
    assert (content.index, set(content.certificates)) == (4711, {EAST.pem, ROOT.pem})
    assert "secret-token" not in repr(content)


@pytest.mark.parametrize(("snapshot", "says"), [
    pytest.param(b"", "or it is not whole", id="empty"),
    pytest.param(b"age-encryption.org/v1", "no snapshot of Consul", id="still sealed"),
    pytest.param(archive(STATE)[:-40], "or it is not whole", id="cut off"),
    pytest.param(archive(STATE, without="SHA256SUMS"), "or it is not whole", id="without digests"),
    pytest.param(archive(STATE, without="meta.json"), "or it is not whole", id="without meta"),
    pytest.param(archive(STATE, wrong=b"other"), "is damaged: state.bin does not have the digest", id="damaged"),
])
def test_what_is_not_whole_is_refused(snapshot: bytes, says: str) -> None:
    with pytest.raises(Refused, match="^east: .*Take another one") as refused:
        backup.content("east", snapshot)
    assert says in str(refused.value)


def test_the_ca_in_use_is_the_first_of_the_active_root() -> None:
    said = {"Roots": [{"Active": False, "RootCert": "x"}, {"Active": True, "RootCert": (EAST.pem + ROOT.pem).decode()}]}
    wanted = backup.authority("mesh")
    assert wanted.judge(LIVE, Answers({question: json.dumps(said) for question in wanted.questions(LIVE)})) == EAST.pem
    assert wanted.judge(LIVE, Answers({question: None for question in wanted.questions(LIVE)})) == b""  # noqa: C420


def test_a_restore_sends_the_bytes_and_shows_none() -> None:
    question = backup.restoring("mesh", b"s3cret bytes").judge(LIVE, Answers())
    assert (question.method, question.path, question.body) == ("PUT", "/v1/snapshot", b"s3cret bytes")
    assert "s3cret" not in repr(question)
    with pytest.raises(NotReady, match="no server of Consul is ready"):
        backup.restoring("mesh", b"").judge({**LIVE, "Pod": []}, Answers())
