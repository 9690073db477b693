# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every provider must do. The tests take all providers of the registry and the mesh of paper."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.provider import Provider, Stories
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState, Following
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim, Order
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.planes import Plane, Side
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import PlaneScene, PlaneState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.trial import Trial
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.gateways.certificates import Expires
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import Probe, ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import stage
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.entrance import Entrance
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Lacking, Link, Offer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Question
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.remedies import Need
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.stepped import (
    BEGIN,
    DROP,
    FINISH,
    ISSUE,
    LOOK,
    SETTLE,
    TRUST,
    StepPlace,
    complete,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import CONTROL_PLANE, TrustUser
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import Caller, ServiceSet, ServiceWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.backup.archives import archive
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.source import sources
from ansible_collections.meshops.lifecycle.tests.unit.support.worlds import TOKEN, World, world

MESHES = [*PROVIDERS.values(), PAPER]

WISHES = [
    ControlPlane("east", "shop", namespace="mesh", network="on-prem", version="1.29.0", revision="stable", tags=["default", "prod"], serves_remotes=True,
                 values={"istiod": {"env": {"A": "1"}}, "gateway": {"service": {"type": "NodePort"}}}),
    ControlPlane("edge", "shop", namespace="mesh", network="aws", revision="stable", tags=["default"], role="remote", primary="east",
                 primary_address="192.0.2.10", platform="openshift", crds="external"),
]
META = {"name": "istio-remote-secret-west", "namespace": "mesh", "labels": {"a": "b"}, "annotations": {}}
SECRET = {"metadata": META, "data": {"token": "dG9rZW4=", "ca.crt": "Y2E="}}
LIVE: dict[str, Any] = {
    "Pod": [{"metadata": {"name": "cp-1", "namespace": "mesh"}, "status": {"phase": "Running", "containerStatuses": [{"ready": True}]}}],
    "Service": [], "Deployment": [], "Node": [], "Namespace": [], "Secret": [],
}
SCENE = Scene(ClusterState("west"), LIVE)
ARGUMENTS: dict[str, Any] = {
    "after": "green",
    "aim": Aim("green", "stable"),
    "answer": {"metadata": {"name": "trial-1", "namespace": "shop"}, "spec": {"containers": []}},
    "choice": "copy",
    "colour": "green",
    "other": "edge",
    "order": Order("turn", "Namespace", "", "shop", "green"),
    "opened": True,
    "pods": True,
    "plane": Plane("entry", "ingress", "simple", {"green": Side("green", "green")}),
    "primary": None,
    "refusal": "it is forbidden",
    "scene": SCENE,
    "share": 50,
    "space": "shop",
    "trial": Trial("shop", {}, Following("named", "green", "green")),
    "link": Link("west", "east", "mesh"),
    "offer": Offer((), None, {"server": b"https://west.example:6443", "token": b"s3cret", "address": b"192.0.2.1"}),
    "source": "west",
    "labels": {"istio-injection": "disabled"},
    "answers": {Question("remotes", "mesh", "cp-1", 15014, "/x"): "[]"},
    "body": "nothing to see",
    "ca": Material(b"certificate", b"key", b"chain", b"roots"),
    "cluster": "west",
    "entrance": Entrance("https://west.example:6443", "west.internal"),
    "dump": b"{}",
    "certificate": b"certificate",
    "epoch": 1,
    "former": "blue",
    "gateway": True,
    "generation": 2,
    "key": b"key",
    "snapshot": archive(b"state"),
    "live": LIVE,
    "manifest": SECRET,
    "material": Material(b"certificate", b"key", b"chain", b"roots"),
    "mesh": "shop",
    "moment": "2026-08-27T12:00:00.000+00:00",
    "name": "mesh",
    "namespace": "mesh",
    "needed": ["shop"],
    "network": "aws",
    "probe": "echo",
    "peers": ["west"],
    "platform": "openshift",
    "release": Release("istiod", "mesh", "istiod", "https://charts.example", "1.31.3"),
    "releases": [Release("istiod", "mesh", "istiod", "https://charts.example", "1.31.3")],
    "restart": True,
    "recover": True,
    "pod": "echo-1",
    "revision": "stable",
    "roots": b"roots",
    "secret": SECRET,
    "spaces": [{"metadata": {"name": "shop", "labels": {"mesh": "shop"}}}],
    "meshes": [{"discoverySelectors": [{"matchLabels": {"mesh": "shop"}}]}],
    "service": ServiceWish("shop", "shop", 8080, "Deployment", "shop", callers=(Caller("web", "west"),)),
    "services": ServiceSet("inventory", (ServiceWish("shop", "shop", 8080, "Deployment", "shop", callers=(Caller("web", "west"),)),)),
    "status": 200,
    "target": "west",
    "need": Need([TrustUser(CONTROL_PLANE, "mesh", "cp-1")], written=True),
    "trust_domain": "shop.example",
    "there": {Ref("v1", "Secret", "ca", "mesh"): SECRET},
    "version": "1.29.0",
    "versions": ["1.29.0"],
    "viewer": "east",
    "workload": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop"},
                 "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}}}},
}


def protocols() -> dict[str, Any]:
    """The protocol of each story, as Provider demands it."""
    return {name: get_args(hint)[0] for name, hint in get_type_hints(Stories).items()}


def questions_of(protocol: Any) -> dict[str, Callable[..., Any]]:
    return {name: function for name, function in vars(protocol).items() if inspect.isfunction(function) and not name.startswith("_")}


def contract() -> Iterator[Any]:
    for provider in MESHES:
        for capability, protocol in protocols().items():
            if getattr(provider.stories, capability) is None:
                continue
            for name, demanded in questions_of(protocol).items():
                yield pytest.param(getattr(provider, capability), name, demanded, id=f"{provider.name}.{capability}.{name}")


def calls() -> Iterator[Any]:
    """Each function of each story with arguments, and with a wish for each role if it takes a wish."""
    for case in contract():
        module, name, demanded = case.values
        if not hasattr(module, name):  # TestContract tells
            continue
        hints = get_type_hints(demanded)
        wishes = [ProbeWish("east", "stable", ("east", "west"))] if hints.get("wish") is ProbeWish else WISHES if "wish" in hints else [None]
        parameters = [parameter for parameter in inspect.signature(demanded).parameters if parameter != "self"]
        for wish in wishes:
            given = {parameter: wish if parameter == "wish" else ARGUMENTS[parameter] for parameter in parameters}
            given |= {"scene": PlaneScene(PlaneState("west", "entry"), LIVE)} if hints.get("scene") is PlaneScene else {}
            yield pytest.param(getattr(module, name), given, id=f"{case.id}-{getattr(wish, 'role', '') or 'plain'}")


def scribble(value: Any) -> None:
    """Change everything in an answer that can be changed."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            scribble(getattr(value, field.name))
    if isinstance(value, dict):
        for inner in list(value.values()):
            scribble(inner)
        value["scribbled"] = True
    if isinstance(value, list):
        for inner in value:
            scribble(inner)
        value.append("scribbled")


def seen(answer: Any) -> Any:
    """What a Look reads, asks and concludes, once with no objects and once with some. A probe is treated in the same way."""
    if isinstance(answer, Probe):
        return [*answer.manifests, answer.pods, answer.question("echo-1", "west"), answer.fault("west", 200, "nothing to see")]
    if not isinstance(answer, Look):
        return answer
    return [*answer.reads, *(part for live in ({}, LIVE) for part in (answer.questions(copy.deepcopy(live)), judgement(answer, copy.deepcopy(live))))]


def judgement(look: Any, live: Any) -> Any:
    """To say that nothing can be said is an answer too."""
    try:
        return look.judge(live, Answers())
    except MeshError as error:
        return str(error)


class TestContract:
    def test_the_registry_knows_each_mesh_by_its_name(self) -> None:
        assert PROVIDERS
        assert all(name == provider.name for name, provider in PROVIDERS.items())

    @pytest.mark.parametrize(("module", "name", "demanded"), list(contract()))
    def test_a_capability_answers_what_its_protocol_asks(self, module: Any, name: str, demanded: Callable[..., Any]) -> None:
        """Parameters must match the protocol. Defaults may differ where the protocol leaves them open."""
        function = getattr(module, name, None)
        assert function, f"there is no {name}"
        asked = [each for each in inspect.signature(demanded).parameters.values() if each.name != "self"]
        taken = list(inspect.signature(function).parameters.values())
        assert [(each.name, each.kind) for each in taken] == [(each.name, each.kind) for each in asked]
        assert all(of.default == by.default or (by.default is ... and of.default is not of.empty) for of, by in zip(taken, asked, strict=True))
        assert get_type_hints(function) == get_type_hints(demanded)

    @pytest.mark.parametrize("provider", MESHES, ids=lambda provider: provider.name)
    def test_what_a_mesh_cannot_do_is_refused_by_name(self, provider: Provider) -> None:
        with pytest.raises(Refused, match=rf"^The provider {provider.name} has no install\.$"):
            Provider(provider.name, dataclasses.replace(provider.stories, install=None), provider.defaults).install  # noqa: B018


class TestPurity:
    @pytest.mark.parametrize(("function", "arguments"), list(calls()))
    def test_the_same_question_has_the_same_answer(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        first, second = (seen(function(**copy.deepcopy(arguments))) for _time in range(2))
        assert first == second

    @pytest.mark.parametrize(("function", "arguments"), list(calls()))
    def test_what_is_asked_with_stays_as_it_was(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        given = copy.deepcopy(arguments)
        function(**given)
        assert given == arguments

    @pytest.mark.parametrize(("function", "arguments"), list(calls()))
    def test_an_answer_belongs_to_the_one_who_asked(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        first = seen(function(**copy.deepcopy(arguments)))
        kept = copy.deepcopy(first)
        scribble(first)
        assert seen(function(**copy.deepcopy(arguments))) == kept

    def test_neither_clock_nor_environment_is_in_reach(self) -> None:
        """test_layers.py forbids such imports. This test shows that it looks at every provider."""
        looked_at = {source.path.parts[2] for source in sources("module_utils/_providers") if len(source.path.parts) > 3}
        assert {one for one in looked_at if not one.endswith("_family")} == set(PROVIDERS)


def having(*stories: str) -> Any:
    """The meshes that have all of these stories."""
    found = [mesh for mesh in MESHES if all(getattr(mesh.stories, story) is not None for story in stories)]
    return pytest.mark.parametrize("provider", found, ids=lambda provider: provider.name)


def manifests() -> Iterator[Any]:
    for provider in MESHES:
        for wish in WISHES:
            for what in ("stages", "teardown") if provider.stories.install else ():
                made = [manifest for stage in getattr(provider.install, what)(wish) for manifest in stage.manifests]
                yield pytest.param(made, id=f"{provider.name}.{what}-{wish.role}")
        if provider.stories.health:
            yield pytest.param(list(provider.health.probe(ProbeWish("east", "stable", ("east", "west"))).manifests), id=f"{provider.name}.probe")
        if provider.stories.links:
            missing = provider.links.offer(ARGUMENTS["link"], ARGUMENTS["entrance"]).judge({}, {}).missing
            yield pytest.param(list(missing), id=f"{provider.name}.links.missing")
            yield pytest.param(provider.links.accept(ARGUMENTS["link"], copy.deepcopy(ARGUMENTS["offer"])), id=f"{provider.name}.links.accepted")


class TestManifests:
    @pytest.mark.parametrize("made", list(manifests()))
    def test_each_says_what_it_is(self, made: list[dict[str, Any]]) -> None:
        for manifest in made:
            assert manifest["apiVersion"]
            assert manifest["kind"]
            assert manifest["metadata"]["name"]
            assert "status" not in manifest

    @pytest.mark.parametrize("made", list(manifests()))
    def test_none_is_there_twice(self, made: list[dict[str, Any]]) -> None:
        names = [(each["apiVersion"], each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in made]
        assert sorted(set(names), key=str) == sorted(names, key=str)

    @pytest.mark.parametrize("made", list(manifests()))
    def test_each_is_plain_data(self, made: list[dict[str, Any]]) -> None:
        assert json.loads(json.dumps(made)) == made


class TestInstalled:
    @having("install")
    @pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.role)
    def test_releases_are_named_once_and_have_a_chart(self, provider: Provider, wish: ControlPlane) -> None:
        made = stage.releases(provider.install.stages(wish))
        assert len({(release.namespace, release.name) for release in made}) == len(made)
        assert all(release.chart and release.namespace for release in made)

    @having("install")
    @pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.role)
    def test_everything_that_was_made_is_taken_away_or_the_namespace(self, provider: Provider, wish: ControlPlane) -> None:
        """Otherwise teardown would leave it behind."""
        there, back = provider.install.stages(wish), provider.install.teardown(wish)
        for part in stage.PARTS:
            known, made = (
                {(each["kind"], each["metadata"]["name"]) for one in stage.of_part(stages, part) for each in one.manifests} for stages in (back, there)
            )
            live = {kind: [each for one in there for each in one.manifests if each["kind"] == kind] for kind, _name in made - known}
            looks = [one.then for one in stage.of_part(back, part) if one.then and made - known]
            known |= {(ref.kind, ref.name) for look in looks for ref in look.judge(live, Answers()).removes}
            assert made - known <= {("Namespace", wish.namespace)}
            installed, removed = (sorted(map(str, stage.releases(stage.of_part(stages, part)))) for stages in (there, back))
            assert installed == removed, "in an order of their own: what needs another one goes before it"

    @having("install")
    @pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.role)
    @pytest.mark.parametrize("what", ["stages", "teardown"])
    def test_each_stage_has_a_part_and_something_to_do(self, provider: Provider, wish: ControlPlane, what: str) -> None:
        made = getattr(provider.install, what)(wish)
        assert {one.part for one in made} <= set(stage.PARTS)
        assert all(one.releases or one.manifests or one.then for one in made)
        assert len({(one.part, one.name) for one in made}) == len(made)
        parts = [one.part for one in made]
        assert parts == sorted(parts, reverse=what == "teardown"), "gateways come after the control plane and go before it"
        elsewhere = [(what, one.part, bool(one.releases or one.manifests or one.ready)) for one in made if one.cluster]
        assert set(elsewhere) <= {("teardown", "control_plane", False)}, "roles have a task file for no other one"

    @having("install")
    @pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.role)
    def test_an_object_of_a_kind_that_the_mesh_brings_goes_before_the_kind(self, provider: Provider, wish: ControlPlane) -> None:
        there, back = provider.install.stages(wish), provider.install.teardown(wish)
        kinds = {each["spec"]["names"]["kind"] for one in there for each in one.manifests if each["kind"] == "CustomResourceDefinition"}
        for stages, first in ((there, "CustomResourceDefinition"), (back, "own")):
            order = ["own" if each["kind"] in kinds else each["kind"] for one in stages for each in one.manifests]
            places = [order.index(kind) for kind in ("own", "CustomResourceDefinition") if kind in order]
            assert len(places) < 2 or order[min(places)] == first

    @having("install")
    @pytest.mark.parametrize("source", ["", "repository"])
    def test_the_permissions_are_whole(self, provider: Provider, source: str) -> None:
        rights = provider.install.permissions("mesh", probe="echo", source=source)
        assert all(set(right) in ({"verb", "group", "resource"}, {"verb", "group", "resource", "namespace"}) for right in rights)
        assert len({tuple(sorted(right.items())) for right in rights}) == len(rights)

    @having("install")
    @pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.role)
    def test_what_is_pulled_is_listed_under_both_names(self, provider: Provider, wish: ControlPlane) -> None:
        needed = provider.install.supplies(wish)
        assert needed
        assert {one.kind for one in needed} <= {"chart", "image"}
        assert all(one.upstream and one.taken for one in needed)


@having("trust")
class TestTrust:
    """A CA is complete or does not exist, because the object with the key is written last."""

    NOW = datetime(2026, 11, 26, tzinfo=UTC)

    @pytest.fixture
    def ca(self) -> Material:
        """A CA below an intermediate, whose chain has to be kept too."""
        root = issue.new_root("root", "shop.example", "P-256", self.NOW, 30)
        return issue.new_intermediate(root, "intermediate", "shop.example", ["ca.mesh.example"], "P-256", self.NOW, 20)

    def test_what_is_written_lies_where_it_is_read(self, provider: Provider, ca: Material) -> None:
        written = {Ref.of(one): one for one in provider.trust.manifests(ca, "mesh", "shop")}
        refs = provider.trust.objects("mesh")
        assert set(written) == set(refs)
        assert list(written)[-1] == refs[0]
        given, read = (x509.inspect(one, "the CA", self.NOW) for one in (ca, provider.trust.read(written)))
        assert (read.certificate, read.path, read.roots, read.key_matches) == (given.certificate, given.path, given.roots, True)
        assert not [*read.missing, *read.unreadable]

    def test_what_holds_the_key_holds_no_more_of_it_elsewhere(self, provider: Provider, ca: Material) -> None:
        written = {Ref.of(one): one for one in provider.trust.manifests(ca, "mesh", "shop")}
        first = provider.trust.objects("mesh")[0]
        assert first.kind == "Secret"
        assert provider.trust.read({first: written[first]}).key == ca.key
        others = {ref: one for ref, one in written.items() if ref != first}
        assert not provider.trust.read(others).key
        assert not [one for one in others.values() for form in (ca.key.decode(), encoded(ca.key)) if json.dumps(form)[1:-1] in json.dumps(one)]

    def test_workloads_are_given_the_roots(self, provider: Provider, ca: Material) -> None:
        live: dict[str, list[Any]] = {}
        for one in provider.trust.manifests(ca, "mesh", "shop"):
            live.setdefault(one["kind"], []).append(one)
        assert provider.trust.bundle("mesh").judge(live, {}) == ca.roots
        assert provider.trust.bundle("mesh").judge({}, {}) == b""


@having("links")
class TestLinks:
    """A link made from the source's offer is recognized again in the consumer."""

    LINK, ENTRANCE, SPACE = ARGUMENTS["link"], ARGUMENTS["entrance"], namespace("mesh")

    @pytest.fixture
    def its(self, provider: Provider) -> World:
        return world(provider.name)

    @pytest.fixture
    def source(self, its: World) -> FakeCluster:
        return self.gives(its, TOKEN)

    def gives(self, its: World, token: str) -> FakeCluster:
        return FakeCluster(self.SPACE, *copy.deepcopy(its.source), name="west", react=lambda live: its.fills(live, token))

    def consumer(self, its: World, accepted: Sequence[Any]) -> FakeCluster:
        made = FakeCluster(name="east")
        made.apply([self.SPACE, *copy.deepcopy(its.consumer)])
        made.apply(list(accepted))
        return made

    def offered(self, provider: Provider, source: FakeCluster) -> Offer:
        return look(source, provider.links.offer(self.LINK, self.ENTRANCE))

    def filled(self, provider: Provider, source: FakeCluster) -> Offer:
        for manifest in self.offered(provider, source).missing:
            source.create(manifest)
        return self.offered(provider, source)

    def test_an_empty_source_says_what_it_lacks_and_what_to_look_at(self, provider: Provider) -> None:
        offer = self.offered(provider, FakeCluster(name="west"))
        assert isinstance(offer.lacking, Lacking)
        assert offer.lacking.what
        assert offer.lacking.remedy.endswith(".")
        assert offer.missing

    def test_what_was_missing_is_made_once(self, provider: Provider, source: FakeCluster) -> None:
        offer = self.filled(provider, source)
        assert (list(offer.missing), offer.lacking) == ([], None)

    def test_an_offer_does_not_show_what_it_holds(self, provider: Provider, source: FakeCluster) -> None:
        assert "s3cret" not in repr(self.filled(provider, source))

    def test_its_objects_have_their_names_before_it_is_filled_in(self, provider: Provider, source: FakeCluster) -> None:
        before, after = self.offered(provider, FakeCluster(name="west")), self.filled(provider, source)
        assert [Ref.of(one) for one in provider.links.accept(self.LINK, before)] == [Ref.of(one) for one in provider.links.accept(self.LINK, after)]

    def test_what_is_accepted_is_found_again_as_ours_and_by_its_source(self, provider: Provider, source: FakeCluster, its: World) -> None:
        accepted = provider.links.accept(self.LINK, self.filled(provider, source))
        consumer = self.consumer(its, accepted)
        for there in (look(consumer, provider.links.there("mesh")), look(consumer, provider.links.there("mesh", "west"))):
            assert {one.ref for one in there} == {Ref.of(one) for one in accepted}
            assert {(one.source, one.ours) for one in there} == {("west", True)}
        assert look(consumer, provider.links.there("mesh", "north")) == []

    def test_what_a_source_gives_one_consumer_is_found_again_by_its_name(self, provider: Provider, source: FakeCluster) -> None:
        """If any of it is named after the consumer, it must be found, or the consumer keeps its access when it leaves."""
        made = [Ref.of(one) for one in self.offered(provider, source).missing]
        self.filled(provider, source)
        grants = look(source, provider.links.grants("mesh"))
        assert {one.ref for one in grants} == {ref for ref in made if "east" in ref.name}
        assert {(one.consumer, one.ours) for one in grants} <= {("east", True)}

    def test_a_digest_tells_credentials_apart_and_says_nothing_of_them(self, provider: Provider, its: World) -> None:
        digests = []
        for token in (TOKEN, TOKEN, "an0ther-token"):
            accepted = provider.links.accept(self.LINK, self.filled(provider, self.gives(its, token)))
            consumer = self.consumer(its, accepted)
            digests.append({one.digest for one in look(consumer, provider.links.there("mesh", "west"))} - {""})
        assert digests[0] == digests[1] != digests[2]
        assert all(len(one) == 1 and "s3cret" not in str(one) for one in digests)

    def test_whoever_looks_is_named_in_what_is_seen(self, provider: Provider) -> None:
        seen = provider.links.sights(self.LINK).judge(copy.deepcopy(LIVE), {})
        assert {sight.viewer for sight in seen.sights} <= {"east"}

    def test_a_credential_that_is_issued_is_the_one_that_is_offered(self, provider: Provider, source: FakeCluster) -> None:
        """For meshes in which two credentials can be valid at once."""
        self.filled(provider, source)
        wanted = provider.links.credentials("mesh")
        for generation in (1, 2) if wanted else ():
            for manifest in look(source, provider.links.offer(self.LINK, self.ENTRANCE, generation)).missing:
                source.create(manifest)
            newest = max(look(source, wanted), key=lambda one: one.generation)
            assert (newest.generation, newest.stray, bool(newest.digest)) == (generation, False, True)


@having("gateways")
class TestGateways:
    """A Secret gets another certificate and keeps its other keys."""

    def test_what_is_patched_is_what_is_served(self, provider: Provider) -> None:
        secret = {**SECRET, "data": {"tls.crt": "b2xk", "tls.key": "b2xk", "ca.crt": "Y2E="}}
        patch = provider.gateways.patch(secret, b"new certificate", b"new key")
        after = {**secret, "data": {**secret["data"], **patch["data"]}}
        assert (provider.gateways.served(secret).certificate, provider.gateways.served(after).certificate) == (b"old", b"new certificate")
        assert provider.gateways.served(after).key == b"new key"
        assert after["data"]["ca.crt"] == "Y2E="

    def test_a_cluster_without_gateways_serves_nothing(self, provider: Provider) -> None:
        assert look(FakeCluster(), provider.gateways.uses()) == []
        assert look(FakeCluster(), provider.gateways.expiring("mesh")) == Expires([], [], [])


@having("driven_rotation")
class TestDrivenRotation:
    """A product that drives its rotation gets requests with its token, and nothing shows the token."""

    def test_the_order_carries_the_ca_and_shows_neither_key_nor_token(self, provider: Provider) -> None:
        driven, its = provider.driven_rotation, world(provider.name)
        assert driven
        ca = Material(b"certificate", b"k3y-of-the-ca", b"chain", b"roots")
        order, again = (driven.order(copy.deepcopy(dict(its.product)), "mesh", ca) for _time in range(2))
        assert (order.method, order) in (("PUT", again), ("POST", again))
        assert b"k3y-of-the-ca" in (order.body or b"")
        assert its.token in str(order.headers)
        assert not [secret for secret in (its.token, "k3y-of-the-ca") if secret in repr(order)]

    def test_a_product_that_does_not_answer_is_a_fault(self, provider: Provider) -> None:
        driven = provider.driven_rotation
        assert driven
        wanted = driven.progress("mesh")
        product = dict(world(provider.name).product)
        (question,) = wanted.questions(copy.deepcopy(product))
        for said in (None, "nonsense", "[]"):
            assert wanted.judge(product, {question: said}).fault
        assert wanted.questions({}) == []

    def test_the_rights_are_whole(self, provider: Provider) -> None:
        driven = provider.driven_rotation
        assert driven
        assert all({"verb", "group", "resource", "namespace"} <= set(right) for right in driven.permissions("mesh", False, False))


STEPPED = [pytest.param(one, kind, id=f"{one.name}-{kind}") for one in MESHES for kind in one.stories.rotations]
HERE = StepPlace("shop", "east", "mesh")


@pytest.mark.parametrize(("provider", "kind"), STEPPED)
class TestSteppedRotations:
    """A rotation in steps: its values are part of what the mesh needs, and its steps can be read at any time."""

    def test_it_renews_what_the_mesh_prepared(self, provider: Provider, kind: str) -> None:
        prepared = {one.ref: one for one in provider.trust.needs("mesh", "shop", "east").prepared}
        renews = provider.stepped(kind).renews("mesh", "east")
        assert renews
        for one in renews:
            assert set(one.drawn) <= set(prepared[one.ref].drawn)
            assert (one.signed, one.shared) in ((prepared[one.ref].signed, prepared[one.ref].shared), (None, prepared[one.ref].shared))

    def test_its_steps_have_names_of_their_own_and_put_the_values_in_their_place_once(self, provider: Provider, kind: str) -> None:
        names = [step.name for step in complete(provider.stepped(kind).steps)]
        assert len(set(names)) == len(names)
        assert not {BEGIN, FINISH, LOOK} & set(names)
        writes = [step for step in provider.stepped(kind).steps if step.look is None]
        assert writes == ([TRUST, ISSUE, DROP] if provider.stepped(kind).replaces else [SETTLE])
        assert kind not in ("root", "intermediate", "links", "remote_secrets", "gateways", "report")

    def test_a_ca_that_it_replaces_signed_all_that_it_renews(self, provider: Provider, kind: str) -> None:
        stepped = provider.stepped(kind)
        if stepped.replaces:
            assert {one.signed.authority if one.signed else "" for one in stepped.renews("mesh", "east")} == {stepped.replaces}

    def test_a_product_that_does_not_answer_lags_and_is_ordered_nothing(self, provider: Provider, kind: str) -> None:
        product = copy.deepcopy(dict(world(provider.name).product))
        for step in provider.stepped(kind).steps:
            if step.look:
                wanted = step.look(HERE)
                for said in (None, "nonsense", "[]"):
                    answers = dict.fromkeys(wanted.questions(product), said)
                    due = wanted.judge(product, Answers(answers))
                    assert not due.complete
                    assert not [secret for secret in (world(provider.name).token,) if secret in repr((due, answers))]

    def test_the_rights_are_whole(self, provider: Provider, kind: str) -> None:
        assert all({"verb", "group", "resource", "namespace"} <= set(right) for right in provider.stepped(kind).permissions("mesh"))


@pytest.mark.parametrize("provider", MESHES, ids=lambda mesh: mesh.name)
def test_an_unknown_kind_of_rotation_is_refused_with_those_that_there_are(provider: Provider) -> None:
    with pytest.raises(Refused, match=rf"The provider {provider.name} has no rotation of the kind nonsense. It has root, intermediate, links"):
        provider.stepped("nonsense")
