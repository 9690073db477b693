# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.table import PLANES, first, status, summary

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def facts(**change: Any) -> dict[str, Any]:
    healthy: dict[str, Any] = {
        "planes": [{"revision": "stable", "version": "1.29.0", "ready": 1, "desired": 1}],
        "remotes": [{"pod": "istiod-a", "cluster": "west", "status": "synced"}],
        "gateways": [{"addresses": ["192.0.2.10"]}],
        "proxies": [{"name": "client", "stale": []}, {"name": "server", "stale": []}],
        "trust": {
            "root": {"fingerprint": "0123456789abcdef", "not_after": "2036-11-19T12:00:00Z"},
            "intermediate": {"fingerprint": "fedcba98", "not_after": "2028-11-20T12:00:00Z"},
        },
        "findings": [],
    }
    return {**healthy, **change}


def cells(told: list[str], line: str) -> list[str]:
    """Cut a line into cells at the columns of the line under the header."""
    rule = told[1]
    starts = [at for at, mark in enumerate(rule) if mark == "-" and (at == 0 or rule[at - 1] == " ")]
    return [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]


def row(told: list[str], cluster: str) -> list[str]:
    return next(found for found in (cells(told, line) for line in told[2:]) if found[0] == cluster)


def cell(column: str, **change: Any) -> str:
    told = status({"east": facts(**change)}, NOW)
    return dict(zip(cells(told, told[0]), row(told, "east"), strict=True))[column]


def test_a_healthy_cluster_is_one_row() -> None:
    told = status({"east": facts()}, NOW)
    assert len(told) == 3
    assert row(told, "east") == [
        "east", "-", "√ ok", "1.29.0", "stable 1/1", "1/1", "192.0.2.10", "01234567 3651 d", "730 d", "2",
    ]


@pytest.mark.parametrize(("column", "change", "told"), [
    ("VERDICT", {"findings": ["east: something."]}, "× SICK"),
    ("VERDICT", {"notices": ["east: something."]}, "‼ ok"),
    ("SITE", {"site": "frankfurt"}, "frankfurt"),
    ("SITE", {"site": ""}, "-"),
    ("VERSION", {"planes": []}, "-"),
    ("VERSION", {"planes": [{"revision": r, "version": "1.29.0", "ready": 1, "desired": 1} for r in "ab"]}, "1.29.0"),
    ("REVISIONS", {"planes": [{"revision": r, "version": "1.29.0", "ready": 0, "desired": 2} for r in "ab"]}, "a 0/2, b 0/2"),
    ("REVISIONS", {"planes": [], "served_by": "west"}, "by west"),
    ("REVISIONS", {"planes": []}, "-"),
    ("REMOTES", {"remotes": []}, "-"),
    ("GATEWAY", {"gateways": []}, "-"),
    ("GATEWAY", {"gateways": [{"addresses": []}]}, "-"),
    ("GATEWAY", {"gateways": [{"addresses": ["a.example", "192.0.2.1"]}, {"addresses": ["a.example"]}]}, "a.example, 192.0.2.1"),
    ("ROOT ENDS IN", {"trust": {}}, "-"),
    ("CA ENDS IN", {"trust": None}, "-"),
    ("ROOT ENDS IN", {"trust": {"root": {"fingerprint": "00"}}}, "00"),
    ("CA ENDS IN", {"trust": {"intermediate": {"not_after": "2026-11-21T22:00:00Z"}}}, "10 h"),
    ("CA ENDS IN", {"trust": {"intermediate": {"not_after": "2026-11-20T12:00:00Z"}}}, "EXPIRED"),
    ("PROXIES", {"proxies": []}, "0"),
    ("PROXIES", {"proxies": [{"stale": ["route"]}, {"stale": []}]}, "2, 1 stale"),
])
def test_a_cell_shows(column: str, change: dict[str, Any], told: str) -> None:
    assert cell(column, **change) == told


@pytest.mark.parametrize("order", [("synced", "timeout"), ("timeout", "synced")])
def test_a_remote_cluster_is_shown_as_the_worst_that_a_replica_says(order: tuple[str, str]) -> None:
    remotes = [{"pod": pod, "cluster": "west", "status": state} for pod, state in zip("ab", order, strict=True)]
    assert cell("REMOTES", remotes=[*remotes, {"pod": "a", "cluster": "north", "status": "synced"}]) == "1/2, west timeout"


def test_the_worst_stand_first_and_their_sentences_below() -> None:
    told = status({
        "a-fine": facts(),
        "b-sick": facts(findings=["b-sick: no address.", "b-sick: no root."]),
        "c-gone": "c-gone: https://192.0.2.3:6443 refuses the connection.",
        "d-gone": "d-gone: 401.",
    }, NOW)
    assert [line.split()[0] for line in told[2:6]] == ["c-gone", "d-gone", "b-sick", "a-fine"]
    assert row(told, "c-gone")[1:4] == ["-", "× UNREACHED", "-"]
    assert told[6:] == ["", "× c-gone: https://192.0.2.3:6443 refuses the connection.", "× d-gone: 401.", "× b-sick: no address.", "× b-sick: no root."]


@pytest.mark.parametrize("not_after", [None, ""])
def test_a_certificate_without_an_end_has_a_dash(not_after: str | None) -> None:
    assert cell("ROOT ENDS IN", trust={"root": {"not_after": not_after}}) == "-"


def test_what_is_no_fault_yet_stands_below_all_that_is_and_changes_no_verdict() -> None:
    told = status({"east": facts(notices=["east: a registry goes away."]), "west": facts(findings=["west: it is sick."])}, NOW)
    assert told[-2:] == ["× west: it is sick.", "‼ east: a registry goes away."]
    assert dict(zip(cells(told, told[0]), row(told, "east"), strict=True))["VERDICT"] == "‼ ok"


@pytest.mark.parametrize(("late", "said"), [((), "99/99"), ((7,), "98/99, c07 timeout"), ((7, 9), "97/99, 2 timeout")])
def test_a_mesh_of_many_clusters_keeps_lines_short_and_counts_them(late: tuple[int, ...], said: str) -> None:
    remotes = [{"pod": "a", "cluster": f"c{number:02}", "status": "timeout" if number in late else "synced"} for number in range(99)]
    assert cell("REMOTES", remotes=remotes) == said


def test_of_many_findings_the_first_are_shown_and_the_rest_is_counted() -> None:
    findings = [f"east: istiod-a does not know the cluster c{number:02}." for number in range(99)]
    told = first(findings)
    assert told == [*findings[:5], "east: and 94 more findings; the report in mesh_report_dir has all of them."]
    assert first(findings[:5]) == findings[:5]
    assert first([]) == []


def two(**change: Any) -> dict[str, Any]:
    """A cluster on its way from blue to green."""
    planes = [{"revision": name, "version": version, "ready": 1, "desired": 1} for name, version in (("blue", "1.30.1"), ("green", "1.31.0"))]
    tags = [{"name": "default", "webhook": "blue", "service": "blue"}, {"name": "prod", "webhook": "blue", "service": "green"}]
    counts = {"blue": {"namespaces": 3, "proxies": 12}, "green": {"namespaces": 1, "proxies": 4}}
    leaders = [{"lock": name, "holder": "istiod-blue-1", "revision": "blue"} for name in ("istio-leader", "istio-status-leader")]
    known = {"revisions": counts, "turned": 1, "pinned": 0, "leaders": leaders}
    return facts(planes=planes, tags=tags, default_revision="blue", followed=known, **change)


def test_who_follows_what_where_a_cluster_has_several_revisions() -> None:
    told = status({"east": two(notices=["east: half done."]), "west": facts(followed={"revisions": {"stable": {}}, "turned": 0, "pinned": 0})}, NOW)
    assert told[4:] == [
        "",
        "CLUSTER  REVISION  CONTROL PLANE  TAGS                  VALIDATES  LEADS   NAMESPACES  PROXIES",
        "-------  --------  -------------  --------------------  ---------  ------  ----------  -------",
        "east     blue      1.30.1, 1/1    default, prod (half)  yes        2 of 2  3           12",
        "east     green     1.31.0, 1/1    prod (half)           -          -       1           4",
        "",
        "‼ east: half done.",
    ]


def test_who_gets_how_much_of_each_plane() -> None:
    def colour(name: str, shares: list[int], away: str = "", gateways: int | None = None) -> dict[str, Any]:
        return {"colour": name, "revision": f"in-{name}", "shares": shares, "away": away, "unready": "", "gateways": gateways}

    planes = [
        {"plane": "front", "role": "ingress", "colours": [colour("blue", [0], gateways=0), colour("green", [100], gateways=3)]},
        {"plane": "egress", "role": "egress", "colours": [colour("blue", [50, 90]), colour("green", [10, 50], "it is not installed")]},
        {"plane": "app", "role": "application", "colours": [colour("blue", [])]},
    ]
    assert status({"east": facts(shares=planes), "west": "west: unreached"}, NOW)[5:-2] == [
        "CLUSTER  PLANE   ROLE         COLOUR  REVISION  SHARE       CONTROL PLANE  PODS OF GATEWAYS",
        "-------  ------  -----------  ------  --------  ----------  -------------  ----------------",
        "east     front   ingress      blue    in-blue   0 %         ready          0",
        "east     front   ingress      green   in-green  100 %       ready          3",
        "east     egress  egress       blue    in-blue   50 to 90 %  ready          -",
        "east     egress  egress       green   in-green  10 to 50 %  away           -",
        "east     app     application  blue    in-blue   -           ready          -",
    ]


def test_a_remote_clusters_revisions_are_its_primarys() -> None:
    counts = {name: {"namespaces": 1, "proxies": 0} for name in ("blue", "green")}
    remote = facts(planes=[], served_by="east", followed={"revisions": counts, "turned": 0, "pinned": 0})
    assert status({"west": remote}, NOW)[-1].split() == ["west", "green", "by", "east", "-", "-", "-", "1", "0"]


def test_a_revision_that_a_half_done_cutover_leads_to_is_shown_although_it_is_the_only_one() -> None:
    half = facts(followed={"revisions": {"stable": {"namespaces": 1, "proxies": 1}}, "turned": 1, "pinned": 0})
    assert status({"east": half}, NOW)[-1].split()[:2] == ["east", "stable"]


def test_who_leads_the_servers_of_a_mesh_that_has_a_quorum() -> None:
    planes = [{"revision": "", "version": "1.22.3", "ready": 2, "desired": 3}]
    quorum = {"leader": "consul-server-1", "voters": 2, "role": "secondary"}
    others = [{"cluster": "west", "services": 12, "lacking": ["shop", "web"]}, {"cluster": "north", "services": None, "lacking": []}]
    told = status({"north": facts(), "east": facts(planes=planes, quorum=quorum, agents={"desired": 5, "ready": 4}, catalogues=others),
                   "west": facts(planes=planes, quorum={"leader": "", "voters": 0, "role": ""}, agents=None)}, NOW)  # fmt: skip
    below = told[told.index("") + 1 :]
    assert cells(below, below[0]) == ["CLUSTER", "ROLE", "SERVERS", "VOTE", "LEADER", "AGENTS ON NODES", "SEES SERVICES OF"]
    assert [cells(below, line) for line in below[2:]] == [
        ["east", "secondary", "2/3", "2", "consul-server-1", "4/5", "west 12 (2 missing), north unread"],
        ["west", "-", "2/3", "0", "none", "none", "-"],
    ]


def estate(count: int) -> dict[str, Any]:
    """Clusters with long names of everything, as cloud providers give them. The third is not reached, the fifth is sick, the sixth is told something."""
    names = [f"production-europe-central-{number:02}.example" for number in range(count)]
    planes = [{"revision": f"1-31-{number}", "version": f"1.31.{number}-distroless", "ready": 2, "desired": 3} for number in range(2)]
    known = {"revisions": {plane["revision"]: {"namespaces": 12, "proxies": 12345} for plane in planes}, "turned": 0, "pinned": 0}
    tags = [{"name": f"a-tag-of-a-long-name-{number}", "webhook": "1-31-0", "service": "1-31-1"} for number in range(4)]
    shares = [{"plane": "ingress-of-a-long-name", "role": "ingress", "colours": [
        {"colour": "green", "revision": "a-revision-with-a-long-name", "shares": [10, 50], "away": "", "gateways": 3}]}]
    one = {
        "planes": planes, "followed": known, "tags": tags, "shares": shares, "site": "a-data-centre-with-a-name",
        "remotes": [{"pod": "a", "cluster": name, "status": "timeout" if name == names[2] else "synced"} for name in names],
        "gateways": [{"addresses": ["a0123456789abcdef0123456789abcde-1234567890.eu-central-1.elb.amazonaws.com"]}],
        "proxies": [{"stale": ["route"]}] * 999 + [{"stale": []}] * 99001,
    }
    told: dict[str, Any] = {name: facts(**one) for name in names}
    told[names[4]] = facts(**one, findings=[f"{names[4]}: sick."])
    told[names[5]] = facts(**one, notices=[f"{names[5]}: a registry goes away."])
    return {**told, names[2]: f"{names[2]}: no route to host."}


@pytest.mark.parametrize("count", [6, 60])
def test_each_cluster_is_one_line_of_a_screen(count: int) -> None:
    clusters = estate(count)
    told = status(clusters, NOW)
    below = told.index("")
    assert below == count + 2
    tables = told[: next(number for number, line in enumerate(told) if line.startswith("× "))]
    assert max(map(len, tables)) <= 120
    shown = [cells(told, line)[0] for line in told[2:below]]
    assert len(set(shown)) == count, "which cluster a line is about cannot be seen"
    assert any(line.split() == [word for head in PLANES for word in head.split()] for line in told)


@pytest.mark.parametrize("count", [6, 60])
def test_one_line_sums_all_up(count: int) -> None:
    names = [f"production-europe-central-0{number}.example" for number in (4, 2)]
    assert summary(estate(count)) == f"× {count} clusters: {count - 2} ok, 1 sick ({names[0]}), 1 unreached ({names[1]}), 1 notice"


@pytest.mark.parametrize(("clusters", "said"), [
    ({"east": facts()}, "√ 1 cluster: ok"),
    ({"east": facts(), "west": facts()}, "√ 2 clusters: all ok"),
    ({"east": facts(), "west": facts(notices=["west: a.", "west: b."])}, "‼ 2 clusters: all ok, 2 notices"),
    ({name: f"{name}: gone." for name in "edcba"}, "× 5 clusters: 0 ok, 5 unreached (a, b, c and 2 more)"),
])
def test_the_line_says_no_more_than_there_is(clusters: dict[str, Any], said: str) -> None:
    assert summary(clusters) == said


def test_what_several_clusters_share_is_said_once() -> None:
    told = status({name: facts(notices=[f"{name}: a registry goes away."]) for name in "abcde"}, NOW)
    assert told[-1] == "‼ a, b, c and 2 more: a registry goes away."


def unreached(name: str, why: str) -> str:
    return f"{name}: the API server at https://{name}.example:6443 {why}."


def crowd(count: int, gone: int) -> dict[str, Any]:
    names = [f"c{number:04}" for number in range(1, count + 1)]
    why = ("refuses connections", "does not answer in time")
    return {name: unreached(name, why[place % 2]) if place < gone else facts() for place, name in enumerate(names)}


def test_a_large_estate_shows_all_that_are_unwell_and_counts_the_rest_of_those_that_are_well() -> None:
    told = status(crowd(1000, 50), NOW)
    assert [row(told, name)[2] for name in ("c0001", "c0050", "c0051", "c0100")] == ["× UNREACHED", "× UNREACHED", "√ ok", "√ ok"]
    assert told[102:104] == ["and 900 more clusters that are ok; the report in mesh_report_dir has all of them.", ""]
    assert sum("× UNREACHED" in line for line in status(crowd(1000, 300), NOW)) == 300
    assert max(map(len, told[:103])) <= 120


@pytest.mark.parametrize("count", [6, 60, 100])
def test_an_estate_that_fits_shows_each_cluster(count: int) -> None:
    told = status(crowd(count, 2), NOW)
    assert told[2 + count] == "" and not [line for line in told if "more clusters" in line]


def test_what_keeps_many_clusters_out_of_reach_is_said_once_for_each_reason() -> None:
    told = status({**crowd(60, 50), "zone": facts(findings=["zone: something."])}, NOW)
    assert [line for line in told if line.startswith("×")] == [
        f"× {', '.join(f'c{number:04}' for number in range(1, 41, 2))} and 5 more: the API server refuses connections.",
        f"× {', '.join(f'c{number:04}' for number in range(2, 41, 2))} and 5 more: the API server does not answer in time.",
        "× zone: something.",
    ]


def test_few_clusters_out_of_reach_have_a_sentence_each_with_the_address() -> None:
    told = status(crowd(20, 4), NOW)
    assert told[-4:] == [f"× {unreached(f'c{number:04}', ('refuses connections', 'does not answer in time')[(number - 1) % 2])}" for number in range(1, 5)]
