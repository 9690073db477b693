# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from . import lab, paths
from .errors import LabError

Command = Callable[[argparse.Namespace], int | None]


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _up(arguments: argparse.Namespace) -> None:
    lab.up(_flatten(arguments.clusters) or ["east", "west"], arguments.flat, arguments.audit)


def _down(arguments: argparse.Namespace) -> None:
    lab.down(_flatten(arguments.clusters))


def _kubeconfig(arguments: argparse.Namespace) -> None:
    file = paths.kubeconfig(arguments.cluster)
    if not file.exists():
        raise LabError(f"{file} is not there: bring the lab up with `make lab`.")
    print(file)


def _flatten(groups: Sequence[str]) -> list[str]:
    return [name for group in groups for name in _words(group)]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="meshlab", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, action: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=action)
        return added

    up = command("up", _up, "bring up clusters (east and west unless named)")
    up.add_argument("clusters", nargs="*")
    up.add_argument("--flat", type=_words, help="clusters whose pods reach each other without gateways")
    up.add_argument("--audit", action=argparse.BooleanOptionalAction, help="write the API server's audit log")
    down = command("down", _down, "remove clusters, or the whole lab")
    down.add_argument("clusters", nargs="*")
    command("kubeconfig", _kubeconfig, "path of a cluster's kubeconfig, or of the one for all").add_argument("cluster", nargs="?")
    return top


def main(argv: Sequence[str]) -> int:
    arguments = parser().parse_args(argv)
    try:
        return arguments.action(arguments) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lab: interrupted; `make lab-down` removes what was made, `make lab` goes on", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
