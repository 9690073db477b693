# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Large sets, large objects, and text that Jinja, YAML or a shell would read as something else."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, namespace, version_of

from .conftest import Play, Step

_NUMBERS = itertools.count(1)
MEBIBYTE = 2**20
ODD = {
    "jinja": "{{ lookup('ansible.builtin.pipe', 'touch TOUCHED') }}",
    "jinja-statement": "{% for i in range(3) %}{{ i }}{% endfor %}{# gone #}",
    "shell": "$(touch TOUCHED); `touch TOUCHED` && \"$HOME\" | rm -rf 'x' > /dev/null \\\n\\",
    "yaml": "--- \n...\n- &a !!python/object/apply:os.system ['touch TOUCHED']\n- *a\n# ? : | > % @ \t",
    "yaml-bool": "yes",
    "yaml-number": "0o17",
    "yaml-float": "1e3",
    "yaml-null": "~",
    "yaml-date": "2026-01-01",
    "json": '{"a": ["\\u0000", null]}',
    "lines": "a\r\nb\n\n\n c \n",
    "signs": "\x01\x1b[31m\x7f \x85 \u2028\u2029 \ufeff é 😀",
    "empty": "",
}


class Unsafe(str):
    """Text that Ansible must not template."""


def unsafe(text: str) -> str:
    """Use the tag only if needed, because Ansible makes a boolean of `!unsafe "yes"`."""
    return Unsafe(text) if "{" in text else text


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.fixture
def place(cluster: Cluster) -> str:
    name = f"inputs-{next(_NUMBERS)}"
    cluster.apply([namespace(name)])
    return name


def odd(place: str, touched: Path, wrap: Any = str) -> list[dict[str, Any]]:
    """A ClusterRole may have almost any name."""
    said = {key: text.replace("TOUCHED", str(touched)) for key, text in ODD.items()}
    annotations = {f"example.com/{key}": wrap(text) for key, text in said.items()}
    settings = config_map(place, **{key: wrap(text) for key, text in said.items()})
    settings["metadata"]["annotations"] = annotations
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []}
    name = f"{place} {{{{ 7 * 6 }}}}?dryRun=All&x=#$(touch x); é: '\"\\"
    return [settings, {**role, "metadata": {"name": wrap(name), "annotations": annotations}}]


@pytest.mark.parametrize("given", ["unsafe", "file"])
def test_text_arrives_as_it_is(play: Play, cluster: Cluster, place: str, tmp_path: Path, given: str):
    touched = tmp_path / "touched"
    truth = odd(place, touched)
    if given == "file":
        (tmp_path / "mesh.yml").write_text(yaml.safe_dump_all(truth))
        manifests: Any = f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/mesh.yml', rstrip=false) | from_yaml_all | list }}}}"
    else:
        manifests = odd(place, touched, unsafe)
    options = {"manifests": manifests}
    played = play(
        Step("mesh_config", options, check=True),
        Step("mesh_config", options),
        Step("mesh_config", options),
    )
    assert [result.get("msg") for result in played.results] == [None] * 3
    assert played.actions == [["created"] * 2, ["created"] * 2, ["unchanged"] * 2]
    live = cluster.get_all(Ref.of(wish) for wish in truth)
    assert live[0]["data"] == truth[0]["data"]
    assert [one["metadata"]["annotations"] for one in live] == [wish["metadata"]["annotations"] for wish in truth]
    assert not touched.exists()
    gone = play(Step("mesh_config", {**options, "state": "absent"}))
    assert gone.actions == [["deleted"] * 2]
    assert cluster.get_all(Ref.of(wish) for wish in truth) == [None, None]


@pytest.mark.parametrize("name", ["{{ 7 * 6 }}", "../secrets/key", "$(id)", "a: b", "A_B", "x?dryRun=All", "x" * 300])
def test_a_name_that_cannot_be_is_one_sentence(play: Play, cluster: Cluster, place: str, name: str):
    wish = config_map(place, Unsafe(name))
    played = play(Step("mesh_config", {"manifests": [wish]}), Step("mesh_config", {"manifests": [wish], "state": "absent"}))
    assert played.results[0]["failed"]
    for result in played.results:
        assert "Traceback" not in str(result)
        assert result["msg"].startswith("east: ") if result.get("failed") else not result["changed"]
    assert [live["metadata"]["name"] for live in cluster.list("v1", "ConfigMap", place)] in ([], ["kube-root-ca.crt"])


def test_an_object_of_a_megabyte(cluster: Cluster, place: str):
    text = "".join(f"{number:07} é\n" for number in range(MEBIBYTE // 11 - 100))
    wish = config_map(place, text=text)
    assert [change.action for change in cluster.apply([wish])] == ["created"]
    before = version_of(cluster, wish)
    assert [change.action for change in cluster.apply([wish])] == ["unchanged"]
    assert version_of(cluster, wish) == before
    assert cluster.get(Ref.of(wish))["data"] == {"text": text}
    created = config_map(place, "created", text=text)
    assert cluster.create(created)
    cluster.apply([created])
    assert [change.action for change in cluster.apply([created])] == ["unchanged"]


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 4 * MEBIBYTE, 12 * MEBIBYTE])
def test_an_object_that_is_too_large_is_said(cluster: Cluster, place: str, size: int):
    start = time.monotonic()
    for write in (lambda wish: cluster.apply([wish]), cluster.create):
        with pytest.raises(MeshError, match=rf"east: .* ConfigMap {place}/settings: .*([Tt]oo (long|large)|larger|limit)"):
            write(config_map(place, text="x" * size))
    assert time.monotonic() - start < 30


def test_two_thousand_objects(cluster: Cluster, place: str):
    wishes = [config_map(place, f"c{number:04}", number=str(number)) for number in range(2000)]
    start = time.monotonic()
    assert {change.action for change in cluster.apply(wishes)} == {"created"}
    wishes[1234]["data"]["number"] = "other"
    again = time.monotonic()
    assert [change.ref.name for change in cluster.apply(wishes) if change.changed] == ["c1234"]
    third = time.monotonic()
    assert third - again < 20
    assert {change.action for change in cluster.delete([Ref.of(wish) for wish in wishes], wait=60)} == {"deleted"}
    assert time.monotonic() - start < 180
