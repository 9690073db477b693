# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA that Consul is given begins with what signs and ends with the root, whatever form it came in."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW


def made() -> Material:
    root = issue.new_root("shop root", "shop", "P-256", NOW, 365)
    return issue.new_intermediate(root, "east", "shop", trust.needs("consul", "shop.example").sans, "P-256", NOW, 100, CONSUL.defaults.path_length)


def test_the_line_begins_with_the_ca_and_ends_with_the_root() -> None:
    ca = made()
    line = x509.bundle(trust.line(ca))
    assert [one.fingerprint for one in line] == [x509.bundle(part)[0].fingerprint for part in (ca.certificate, ca.roots)]
    assert line[-1].self_signed


def test_no_certificate_stands_twice_whatever_line_ends_it_has() -> None:
    ca = made()
    twice = Material(ca.certificate.replace(b"\n", b"\r\n"), ca.key, b"\n" + ca.certificate + b"text\n" + ca.roots, ca.roots)
    assert trust.line(twice) == trust.line(ca)
    assert trust.line(ca).count(b"BEGIN CERTIFICATE") == 2


def test_a_ca_without_a_chain_is_its_own_line() -> None:
    root = issue.new_root("shop root", "shop", "P-256", NOW, 365)
    assert trust.line(root) == root.certificate


def test_what_is_written_is_what_the_servers_mount() -> None:
    (secret,) = trust.manifests(made(), "consul", "shop")
    assert Ref.of(secret) == trust.objects("consul")[0]
    assert set(secret["data"]) >= {"ca.key", "chain.pem"}  # the script of the servers reads these two


def test_the_ca_has_room_for_a_secondary_below_a_rotation() -> None:
    assert [one.path_length for one in x509.inspect(made(), "east", NOW).path] == [2, None]
