# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No key of any CA that a rotation makes, keeps or signs with again is in anything that its runs write.

Only the key of a mark cannot be looked for: it is thrown away where it is made, and nobody ever had it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.tests.unit.support import as_awx
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks, outlets

from .stand_in import CACERTS
from .test_steps import Pulled, until
from .two import NEXT, PREVIOUS, ROOT, Two, settled

KEYS = ("ca-key.pem", "root-key.pem")


def remember(two: Two, known: dict[bytes, str]) -> None:
    """Remember every key that exists now."""
    for name, cluster in two.clusters.items():
        for secret in filter(None, cluster.get_all([CACERTS, PREVIOUS, ROOT, NEXT])):
            for key in filter(None, (decoded(secret["data"].get(part)) for part in KEYS)):
                known.setdefault(key, f"key {len(known) + 1}, of {secret['metadata']['name']} in {name}")


def scanned(two: Two, known: dict[bytes, str], environ: Mapping[str, str], **asked: Any) -> dict[str, bytes]:
    """Run with the most verbose output and check that it has none of the keys. Return all that it wrote."""
    with outlets() as out:
        surroundings, report = {**out.environ(), **environ}, out.home / "written" / "report"
        report.mkdir()
        with out.watching() as watch:
            run = two.rotate("-vvvv", "--diff", environ=surroundings, rotate_report_dir=str(report), **asked)
        run.succeeded()
        remember(two, known)
        places = out.places(run.output, watch)
    secrets = {name: key for key, name in known.items()} | {f"the token for {name}": way.tokens["admin"].encode() for name, way in two.ways.items()}
    assert leaks(secrets, places) == []
    return places


def as_a_job(two: Two, known: dict[bytes, str], **asked: Any) -> None:
    """As AWX runs it, with the tokens themselves in the inventory."""
    for name, way in two.ways.items():
        two.variables[name] = {"mesh_kube": {"host": way.url, "api_key": way.tokens["admin"], "ca_cert": way.ca}}
    ran = as_awx.run("rotate", two.inventory(), two.environ(), rotate_lease_duration=4, rotate_timeout=60, **asked)
    assert ran.rc == 0, ran.output
    remember(two, known)
    secrets = {name: key for key, name in known.items()} | {f"the token for {name}": way.tokens["admin"].encode() for name, way in two.ways.items()}
    assert leaks(secrets, ran.places) == []


def test_in_a_rotation_that_is_turned_back_one_to_the_end_and_one_of_intermediates(two: Two) -> None:
    known: dict[bytes, str] = {}
    remember(two, known)
    with pytest.raises(Pulled):
        two.play(between=until("retire")).run()
    remember(two, known)
    assert len(known) == 6, "a root and two intermediates, and as many again"
    scanned(two, known, {}, rotate_rollback=True)
    assert two.state() == settled("old")
    # Kept files have what each task was given: that is no key, wherever the root is kept in a Secret.
    places = scanned(two, known, {"ANSIBLE_KEEP_REMOTE_FILES": "true"})
    assert two.state()["root"] == "root 2"
    assert any("AnsiballZ_" in place for place in places), sorted(places)
    assert b"BEGIN CERTIFICATE" in places["the output"] and b"(hidden, another value)" in places["the output"], "what is public is shown, and what changed"
    as_a_job(two, known, rotate="intermediate", rotate_min_age=0)
    assert len(known) == 11, known.values()
