# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import Load, Measured, ProbeWish, measured
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Question, Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.health import probe

WISH = ProbeWish("east", "stable", ("east", "west"))
CALLER = "spiffe://cluster.local/ns/meshops-probe/sa/probe"


def echo(host: str = "echo-west", uri: str | None = CALLER) -> str:
    """The page of fortio's debug handler, with the request as Envoy passes it to the server."""
    header = f'X-Forwarded-Client-Cert: By={CALLER};Hash=5d1f;Subject="";URI={uri}\n' if uri else ""
    return (
        f"Φορτίο version 1.66.0 h1:x go1.25 echo debug server up for 12s on {host} - request from 127.0.0.6:41234\n\n"
        "GET /debug HTTP/1.1\n\nheaders:\n\nHost: echo-west.meshops-probe:8080\nUser-Agent: fortio.org/fortio-1.66.0\n"
        f"{header}X-Forwarded-Proto: http\n\nbody:\n\n\n"
    )


def test_an_answer_of_the_right_cluster_over_mtls_has_no_fault() -> None:
    assert probe.fault(WISH, "west", 200, echo()) is None


@pytest.mark.parametrize(("status", "body", "fault"), [
    pytest.param(503, "upstream connect error\nmore", "the answer was HTTP 503 (upstream connect error)", id="an error with a body"),
    pytest.param(503, " \n", "the answer was HTTP 503 (no body)", id="an error without one"),
    pytest.param(500, "x" * 500, f"the answer was HTTP 500 ({'x' * 160})", id="an error with a long body"),
    pytest.param(200, echo("echo-east"), "the answer did not come from echo-west", id="another cluster answered"),
    pytest.param(200, echo("echo-west-2"), "the answer did not come from echo-west", id="one with a longer name"),
    pytest.param(200, "", "the answer did not come from echo-west", id="nobody answered"),
    pytest.param(200, echo(uri=None), "the answer came in plain text: the server saw no client certificate", id="plain text"),
    pytest.param(200, echo(uri="spiffe://other/ns/meshops-probe/sa/probe"), f"the server saw another identity than {CALLER}", id="another trust domain"),
    pytest.param(200, echo(uri="spiffe://cluster.local/ns/app/sa/probe"), f"the server saw another identity than {CALLER}", id="another namespace"),
    pytest.param(200, echo(uri=f"{CALLER}-2"), f"the server saw another identity than {CALLER}", id="an account with a longer name"),
])
def test_what_is_wrong_with_an_answer(status: int, body: str, fault: str) -> None:
    assert probe.fault(WISH, "west", status, body) == fault


def test_the_identity_is_of_the_meshs_trust_domain() -> None:
    wish = replace(WISH, trust_domain="shop.example")
    assert probe.fault(wish, "west", 200, echo(uri="spiffe://shop.example/ns/meshops-probe/sa/probe")) is None
    assert probe.fault(wish, "west", 200, echo()) is not None


def test_a_pod_is_told_to_ask_through_its_own_sidecar() -> None:
    assert probe.question(WISH, "echo-east-1", "west") == Question(
        "west", "meshops-probe", "echo-east-1", 8080, "/fortio/fetch/echo-west.meshops-probe:8080/debug"
    )


def test_nobody_else_in_the_mesh_has_it_fetch_anything() -> None:
    """Whoever could use the probe would reach everything that the identity of the probe may reach."""
    (policy,) = [one for one in probe.manifests(replace(WISH, trust_domain="shop.example")) if one["kind"] == "AuthorizationPolicy"]
    assert policy["metadata"]["namespace"] == WISH.namespace
    source, asked = {"principals": ["shop.example/ns/meshops-probe/sa/probe"]}, {"methods": ["GET"], "paths": ["/debug"]}
    assert policy["spec"] == {"action": "ALLOW", "rules": [{"from": [{"source": source}], "to": [{"operation": asked}]}]}


def test_the_asking_pod_is_this_clusters_own() -> None:
    assert probe.pods(WISH) == Read("v1", "Pod", "meshops-probe", "app=echo-east")


def test_every_cluster_knows_the_names_of_all_and_runs_its_own() -> None:
    made = probe.manifests(WISH)
    assert [each["metadata"]["name"] for each in made if each["kind"] == "Service"] == ["echo-east", "echo-west"]
    assert [each["metadata"]["name"] for each in made if each["kind"] == "Deployment"] == ["echo-east"]


def test_a_pod_answers_with_its_clusters_name() -> None:
    spec = next(each for each in probe.manifests(WISH) if each["kind"] == "Deployment")["spec"]["template"]["spec"]
    assert spec["hostname"] == "echo-east"


def test_the_pods_are_injected_by_the_revision_and_refuse_plain_text() -> None:
    space, peers = (next(each for each in probe.manifests(WISH) if each["kind"] == kind) for kind in ("Namespace", "PeerAuthentication"))
    assert space["metadata"]["labels"]["istio.io/rev"] == "stable"
    assert peers["spec"] == {"mtls": {"mode": "STRICT"}}


ACROSS = replace(WISH, namespace="of-blue", asks="of-green", callers=("of-green",))


def test_a_probe_asks_the_servers_of_another_namespace_and_is_asked_from_there() -> None:
    assert probe.question(ACROSS, "echo-east-1", "west").path == "/fortio/fetch/echo-west.of-green:8080/debug"
    (policy,) = [one for one in probe.manifests(ACROSS) if one["kind"] == "AuthorizationPolicy"]
    asking = [f"cluster.local/ns/{space}/sa/probe" for space in ("of-blue", "of-green")]
    assert policy["spec"]["rules"][0]["from"] == [{"source": {"principals": asking}}]
    assert probe.fault(ACROSS, "west", 200, echo(uri="spiffe://cluster.local/ns/of-blue/sa/probe")) is None
    assert probe.fault(ACROSS, "west", 200, echo(uri="spiffe://cluster.local/ns/of-green/sa/probe")) is not None


GATED = replace(ACROSS, namespace="of-green", asks="", callers=("of-blue",), gateway=True)


def gated() -> dict[str, dict[str, Any]]:
    """The gateway's own objects: what a probe without one lacks."""
    others = probe.manifests(replace(GATED, gateway=False))
    return {one["kind"]: one for one in probe.manifests(GATED) if one not in others and one["kind"] != "AuthorizationPolicy"}


def test_a_gateway_is_made_by_the_revision_and_is_no_echo_server() -> None:
    pods = gated()["Deployment"]["spec"]["template"]
    assert pods["metadata"]["annotations"] == {"inject.istio.io/templates": "gateway"}
    assert [(one["name"], one["image"], one["imagePullPolicy"]) for one in pods["spec"]["containers"]] == [("istio-proxy", "auto", "IfNotPresent")]
    assert gated()["Service"]["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
    assert gated()["Gateway"]["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
    (policy,) = [one for one in probe.manifests(GATED) if one["kind"] == "AuthorizationPolicy"]
    echo_pods = next(one for one in probe.manifests(GATED) if one["kind"] == "Deployment")["spec"]["template"]["metadata"]["labels"]
    asked = policy["spec"]["selector"]["matchLabels"]
    assert asked.items() <= echo_pods.items()
    assert not asked.items() <= pods["metadata"]["labels"].items(), "nobody outside of the mesh has an identity to be let in by"
    assert not gated()["Gateway"]["spec"]["selector"].items() <= echo_pods.items()


def test_a_gateway_passes_requests_on_for_the_page_and_nothing_else() -> None:
    routes = gated()["VirtualService"]["spec"]["http"]
    assert [(one["match"][0]["uri"], one["rewrite"], one["route"][0]["destination"]["host"]) for one in routes] == [
        ({"exact": f"/{where}/{target}/debug"}, {"uri": "/debug"}, f"echo-{target}.{where}.svc.cluster.local")
        for where in ("of-green", "of-blue") for target in ("east", "west")
    ]  # fmt: skip
    assert {one["match"][0]["method"]["exact"] for one in routes} == {"GET"}


def test_the_configuration_of_gateways_is_the_same_in_all_clusters() -> None:
    """A control plane that serves a remote cluster reads the configuration of its own cluster."""
    west = {one["kind"]: one for one in probe.manifests(replace(GATED, cluster="west"))}
    assert all(gated()[kind]["spec"] == west[kind]["spec"] for kind in ("Gateway", "VirtualService"))


def test_a_probe_asks_through_its_own_clusters_gateway_and_the_server_sees_that_gateway() -> None:
    through = replace(ACROSS, asks="", through="of-green")
    assert probe.question(through, "echo-east-1", "west").path == "/fortio/fetch/gateway-east.of-green:8080/of-blue/west/debug"
    assert "url=http%3A%2F%2Fgateway-east.of-green%3A8080%2Fof-blue%2Fwest%2Fdebug&" in probe.load(through, "echo-east-1", "west", Load(50, 7.5)).path
    assert f"/{'of-blue'}/west/debug" in [one["match"][0]["uri"]["exact"] for one in gated()["VirtualService"]["spec"]["http"]]
    assert probe.fault(through, "west", 200, echo(uri="spiffe://cluster.local/ns/of-green/sa/probe")) is None
    assert probe.fault(through, "west", 200, echo(uri="spiffe://cluster.local/ns/of-blue/sa/probe")) is not None


def test_a_service_is_asked_for_a_host_that_nobody_serves() -> None:
    asked = probe.knock(ACROSS, "echo-east-1", ("doors", "door", 80), Load(50))
    assert asked.path == "/fortio/rest/run?url=http%3A%2F%2Fdoor.doors%3A80%2F&H=Host%3A+meshops-cutover.invalid&n=50&qps=20&c=2&timeout=5s&p=99&save=off"
    assert (asked.namespace, asked.pod, asked.port) == ("of-blue", "echo-east-1", 8080)
    assert measured(result({"404": 49, "-1": 1})).answers == {"404": 49, "-1": 1}


def test_many_requests_are_sent_by_one_question() -> None:
    asked = probe.load(ACROSS, "echo-east-1", "west", Load(50, 7.5))
    assert asked.path == "/fortio/rest/run?url=http%3A%2F%2Fecho-west.of-green%3A8080%2Fdebug&n=50&qps=20&c=2&timeout=7.5s&p=99&save=off"
    assert (asked.namespace, asked.pod, asked.port) == ("of-blue", "echo-east-1", 8080)


def result(codes: dict[str, int], **more: Any) -> str:
    """What fortio 1.66 answers, without what is not read. A request that got no answer has the code -1."""
    histogram = {"Count": sum(codes.values()), "Percentiles": [{"Percentile": 99, "Value": 0.0014739925}], **more}
    return json.dumps({"RunType": "HTTP", "RetCodes": codes, "DurationHistogram": histogram})


@pytest.mark.parametrize(("body", "seen"), [
    (result({"200": 50}), Measured(50, 50, 0.0014739925)),
    (result({"200": 40, "503": 7, "-1": 3}), Measured(50, 40, 0.0014739925)),
    (result({"-1": 50}, Percentiles=None), Measured(50, 0, 0.0)),
])  # fmt: skip
def test_a_measure_counts_good_answers(body: str, seen: Measured) -> None:
    assert measured(body) == seen


@pytest.mark.parametrize("body", ["", "busy", "[]", "{}", '{"error": "timeout"}', '{"RetCodes": {}, "DurationHistogram": null}'])
def test_what_is_no_measure_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        measured(body)
