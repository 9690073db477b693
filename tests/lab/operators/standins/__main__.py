# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play OLM or the Sail operator on a cluster of tests: python -m standins --kubeconfig FILE [--context NAME] [--play v0 ...] [--crds FOLDER]."""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

from . import definitions, stage
from .charts import Helm
from .play import play
from .sail.seen import Options
from .server import Access, Refused, Server, access


class Stranger(Exception):
    """The cluster is none for tests."""


async def prepared(to: Access, crds: list[dict[str, object]], helm: Helm | None) -> None:
    """Refuse a cluster that is not for tests, and make it serve the kinds that are played."""
    async with Server(to) as server:
        home = await server.get("Namespace", "kube-system")
        if ((home or {}).get("metadata") or {}).get("labels", {}).get("meshops.lifecycle/test") != "true":
            raise Stranger(f"{to.url} is no cluster of tests: its namespace kube-system has no label meshops.lifecycle/test=true. Nothing was written.")
        await definitions.serve(server, crds)
        if helm:
            await helm.definitions(server)


def main() -> None:
    parser = argparse.ArgumentParser(prog="standins", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--context", default="", help="the current one without it")
    parser.add_argument("--play", nargs="+", choices=stage.PLAYS, default=["v0", "v1"], help="`rollouts` makes Deployments available where no kubelet runs")
    parser.add_argument("--crds", type=Path, help="a folder with CRDs of the originals as JSON; small ones of our own without it")
    parser.add_argument("--pace", type=float, default=0.1, help="seconds between two turns")
    parser.add_argument("--patience", type=float, default=300, help="seconds until an install of OLM times out")
    parser.add_argument("--retry", type=float, default=60, help="seconds for which OLM tries the steps of an InstallPlan that fails")
    parser.add_argument("--revisions", action="store_true", help="`v1` ends a rollout when Deployments are available, as with BoxcutterRuntime")
    parser.add_argument("--charts", nargs="+", default=[], metavar="VERSION=FOLDER",
                        help="the Istio that `sail` installs by Helm, the newest first; without it istiod is a Deployment that nobody runs")  # fmt: skip
    parser.add_argument("--versions", nargs="+", default=list(Options().versions), help="what `sail` can install where no charts are given, the newest first")
    parser.add_argument("--ended", nargs="*", default=["v1.27.0"], help="versions that `sail` refuses as past their end of life")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("kopf").setLevel(logging.WARNING)
    to = access(options.kubeconfig, options.context)
    plays = frozenset(options.play)
    folders = {version: Path(folder) for version, _is, folder in (one.partition("=") for one in options.charts)}
    helm = Helm(folders, options.kubeconfig, options.context) if folders else None
    sail = Options(tuple(folders or options.versions), tuple(options.ended))
    try:
        asyncio.run(prepared(to, definitions.wanted(plays, options.crds), helm))
    except (Stranger, Refused, OSError) as error:
        parser.exit(1, f"standins: {str(error) or repr(error)}\n")
    play(to, stage.Stage(plays, options.patience, options.retry, options.revisions, sail), options.pace, helm)


if __name__ == "__main__":
    main()
