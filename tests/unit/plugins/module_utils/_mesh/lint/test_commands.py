# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a shell script is read."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.commands import ShellCommand, commands
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.given import Script


def read(text: str) -> list[ShellCommand]:
    return list(commands(Script("a.sh", text.splitlines())))


def test_commands_stand_apart_and_keep_their_line() -> None:
    known = read("# oc delete project x\nNS=shop\nif ! oc get ns \"$NS\"; then kubectl create ns ${NS} && echo made; fi\noc apply \\\n  -f a.yaml\n")
    assert [(each.words, each.line) for each in known if each.is_client] == [
        (("oc", "get", "ns", "shop"), 3), (("kubectl", "create", "ns", "shop"), 3), (("oc", "apply", "-f", "a.yaml"), 4),
    ]  # fmt: skip


def test_flags_and_their_values_are_no_names() -> None:
    (one,) = read("/usr/bin/kubectl --context east delete -n mesh csv/one sub/two --wait=false")
    assert one.program == "kubectl"
    assert one.plain == ["delete", "csv/one", "sub/two"]
    assert one.named() == ["one", "two"]
    assert one.flag("-n", "--namespace") == ["mesh"]
    assert one.does("delete", "csv")
    assert not one.does("get")
    assert read("oc get sub.operators.coreos.com --namespace=a")[0].flag("-n", "--namespace") == ["a"]
    assert read("oc get sub.operators.coreos.com")[0].does("get", "sub")


def test_what_only_a_shell_knows_stays_as_it_is() -> None:
    assert read('for ns in a b; do oc delete project "$ns"; done')[1].named() == ["$ns"]
    assert read("echo 'a quote that does not end") != []
