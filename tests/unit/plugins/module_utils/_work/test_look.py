# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reads and questions of a provider reach the API server with all their fields."""

from __future__ import annotations

from dataclasses import fields

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import PodReply, Question, Tls
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import asked, look
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

ASKED = Question("ca", "mesh", "vault-0", 8200, "/v1/ca", "PUT", (("X-Token", "s3cret"),), b"k3y", Tls(b"pem", "vault.mesh.svc"))


def test_every_field_of_a_question_is_sent() -> None:
    sent = asked(ASKED)
    names = {field.name for field in fields(Question)} - {"about"}
    assert {name: getattr(sent, name) for name in names} == {name: getattr(ASKED, name) for name in names}
    assert all(getattr(ASKED, field.name) not in (field.default, None) for field in fields(Question)), "a field of the example says nothing"


def test_neither_shows_a_header_or_a_body() -> None:
    assert "s3cret" not in repr(ASKED) + repr(asked(ASKED))
    assert "k3y" not in repr(ASKED) + repr(asked(ASKED))


def test_what_was_answered_goes_to_the_judgement() -> None:
    cluster = FakeCluster(answers={("mesh", "vault-0", 8200, "/v1/ca"): Answer(200, b"done")})
    wanted = Look([], lambda _live, answers: answers[ASKED], lambda _live: [ASKED])
    assert look(cluster, wanted) == "done"
    assert cluster.asked == ["PUT mesh/vault-0:8200/v1/ca"]
    assert cluster.questions == [asked(ASKED)]


def test_a_judge_sees_the_status_and_the_bytes_of_what_is_no_plain_success() -> None:
    """Some products say in a refusal what is wrong, and some answers are no text."""
    path = ("mesh", "vault-0", 8200, "/v1/ca")
    wanted = Look([], lambda _live, answers: answers, lambda _live: [ASKED])
    seen = look(FakeCluster(answers={path: Answer(429, b"\xffnot healthy")}), wanted)
    assert seen[ASKED] is None
    assert seen.replies[ASKED] == PodReply(429, b"\xffnot healthy")
    assert "healthy" not in repr(seen.replies)
    silent = look(FakeCluster(answers={path: NotReady("east: Pod mesh/vault-0 does not answer.")}), wanted)
    assert (silent[ASKED], silent.replies) == (None, {})
