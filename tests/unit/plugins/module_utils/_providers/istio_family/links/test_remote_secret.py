# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links.remote_secret import Credential

WEST = Credential("west", "https://api.west.example:6443", b"ca of west", b"token of west")


def coded(**data: str) -> dict[str, Any]:
    return {"data": {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}}


def test_a_credential_is_what_the_server_filled_in() -> None:
    found = remote_secret.credential("west", WEST.server, "api.west", coded(token="token of west", ca_crt="ca of west"))
    assert found == replace(WEST, tls_server_name="api.west")


@pytest.mark.parametrize("secret", [None, {}, {"data": None}, coded(token="t"), coded(ca_crt="c"), coded(token="", ca_crt="c")])
def test_there_is_none_before_that(secret: dict[str, Any] | None) -> None:
    assert remote_secret.credential("west", WEST.server, "", secret) is None


class TestLink:
    def test_its_one_key_is_the_clusters_name(self) -> None:
        assert list(remote_secret.link(WEST, "mesh")["data"]) == ["west"]

    def test_it_is_a_kubeconfig_that_trusts_the_servers_ca_and_no_other(self) -> None:
        told = json.loads(base64.b64decode(remote_secret.link(WEST, "mesh")["data"]["west"]))
        cluster, user = told["clusters"][0]["cluster"], told["users"][0]["user"]
        assert cluster == {"server": WEST.server, "certificate-authority-data": base64.b64encode(b"ca of west").decode()}
        assert user == {"token": "token of west"}
        assert (told["current-context"], told["contexts"][0]["context"]) == ("west", {"cluster": "west", "user": "west"})

    def test_it_names_the_server_only_where_that_differs(self) -> None:
        told = json.loads(base64.b64decode(remote_secret.link(replace(WEST, tls_server_name="api"), "mesh")["data"]["west"]))
        assert told["clusters"][0]["cluster"]["tls-server-name"] == "api"

    def test_it_is_found_again_among_all_of_them(self) -> None:
        link, read = remote_secret.link(WEST, "mesh"), remote_secret.links("mesh")
        assert (read.namespace, read.labels, read.metadata_only) == ("mesh", "istio/multiCluster=true", True)
        assert link["metadata"]["labels"]["istio/multiCluster"] == "true"
        assert (remote_secret.linked(link), remote_secret.ours(link)) == ("west", True)

    @pytest.mark.parametrize(("metadata", "cluster"), [
        ({"name": "istio-remote-secret-west"}, "west"),
        ({"name": "istio-remote-secret-west", "annotations": None}, "west"),
        ({"name": "by-hand", "annotations": {"networking.istio.io/cluster": "north"}}, "north"),
        ({"name": "by-hand", "annotations": {}}, "by-hand"),
    ])
    def test_where_one_leads_that_somebody_else_made(self, metadata: dict[str, Any], cluster: str) -> None:
        assert remote_secret.linked({"metadata": metadata}) == cluster

    @pytest.mark.parametrize("labels", [None, {}, {"app.kubernetes.io/managed-by": "Helm"}])
    def test_one_that_somebody_else_made_is_not_ours(self, labels: dict[str, str] | None) -> None:
        assert not remote_secret.ours({"metadata": {"labels": labels}})


def test_a_credential_does_not_print_its_token() -> None:
    assert repr(Credential("west", "https://west", b"ca", b"s3cret")) == "Credential('west', 'https://west')"
