# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of an API server keep the path and the expected form, but not the value that they quote."""

from __future__ import annotations

import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer, error

VALUE = "s3cr3t-v4lue"
TYPED = "failed to create typed patch object (app/s; /v1, Kind=Secret): "
CONVERTED = "failed to convert new object (app/s; /v1, Kind=Secret) to smd typed: "
SCALAR = f'&value.valueUnstructured{{Value:map[string]interface {{}}{{"inner":"{VALUE}: {VALUE}"}}}}'


def told(message: str) -> str:
    body = json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": 500}).encode()
    return str(error(Answer(500, body), "east", "apply Secret app/s"))


@pytest.mark.parametrize(("message", "misfit"), [
    pytest.param(f"{TYPED}.data: expected map, got &{{[map[key:password value:{VALUE}]]}}", ".data: expected map, got another type", id="braces in a list"),
    pytest.param(f"{TYPED}.data.p: expected string, got {SCALAR}", ".data.p: expected string, got another type", id="braces in braces"),
    pytest.param(f"{CONVERTED}.data.p: expected string, got {SCALAR}", ".data.p: expected string, got another type", id="a colon in the value"),
    pytest.param(f"{TYPED}.data: expected map, got {VALUE[:4]}\n{VALUE}\nend", ".data: expected map, got another type", id="over lines"),
    pytest.param(
        f"{TYPED}errors:\n  .data: expected map, got &{{{VALUE}}}\n  .metadata.x: field not declared in schema\n  .kind: expected string, got &{{{VALUE}}}",
        "errors:\n  .data: expected map, got another type\n  .metadata.x: field not declared in schema\n  .kind: expected string, got another type",
        id="several errors",
    ),
    pytest.param(f"{TYPED}.spec.typo: field not declared in schema", ".spec.typo: field not declared in schema", id="nothing quoted"),
])  # fmt: skip
def test_the_value_is_left_out(message, misfit):
    assert told(message) == f"east: cannot apply Secret app/s: it does not fit its schema: {misfit}."
    assert VALUE not in told(message)


def test_our_own_marks_are_not_named_beside_somebody_else():
    """In check mode an object created by POST still has its temporary field manager, so the server names that one too."""
    cause = {"reason": "FieldManagerConflict", "field": ".data.a"}
    causes = [{**cause, "message": f'conflict with "{name}" using v1'} for name in ("meshops.lifecycle/1a2b", "colleague")]
    body = json.dumps({"kind": "Status", "message": "conflict", "details": {"causes": causes}}).encode()
    assert error(Answer(409, body), "east", "apply ConfigMap x/y").facts["owners"] == {"colleague": [".data.a"]}


@pytest.mark.parametrize(("status", "message", "remedy"), [
    pytest.param(403, 'pods is forbidden: User "ci" cannot list resource "pods" in API group ""', "Grant this right, as docs/rbac.yml does", id="no right"),
    pytest.param(403, "exceeded quota: small, requested: pods=1", None, id="a quota says it itself"),
    pytest.param(403, 'admission webhook "policy" denied the request: no label team', None, id="a webhook says it itself"),
    pytest.param(503, "apiserver is shutting down", "Run again when it is ready.", id="busy"),
])  # fmt: skip
def test_a_sentence_says_what_to_do_where_the_server_does_not(status, message, remedy):
    body = json.dumps({"kind": "Status", "message": message, "code": status}).encode()
    said = str(error(Answer(status, body), "east", "list pods"))
    assert said.startswith("east: ") and f" list pods: {message}." in said
    assert said.endswith(f"{message}.") is (remedy is None)
    assert remedy is None or remedy in said
