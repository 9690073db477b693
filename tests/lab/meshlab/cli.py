# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import apionly, consul, image, inside, lab, packages, paths, programs, report
from .errors import LabError

Command = Callable[[argparse.Namespace], int | None]


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _up(arguments: argparse.Namespace) -> None:
    clusters = _flatten(arguments.clusters) or ["east", "west"]
    made = consul.archives() if arguments.consul else {}
    lab.up(clusters, arguments.flat, arguments.audit)
    consul.bring(made, clusters)


def _down(arguments: argparse.Namespace) -> None:
    lab.down(_flatten(arguments.clusters))


def _kubeconfig(arguments: argparse.Namespace) -> None:
    file = paths.kubeconfig(arguments.cluster)
    if not file.exists():
        raise LabError(f"{file} is not there: bring the lab up with `make lab`.")
    print(file)


def _build(arguments: argparse.Namespace) -> None:
    unknown = sorted(set(arguments.programs) - set(programs.PROGRAMS))
    if unknown:
        raise LabError(f"There is no program {', '.join(unknown)} to build; there are {', '.join(programs.PROGRAMS)}.")
    if arguments.programs:
        programs.ensure(arguments.programs)
        return
    lab.host.check_root()
    lab.parts()


def _path(arguments: argparse.Namespace) -> None:
    """Prints nothing for what is not built, as long as it is not asked to build it."""
    if arguments.what == "state":
        print(paths.state())
        return
    if arguments.what == "helm4" and (arguments.build or programs.PROGRAMS["helm4"].cached.is_dir()):
        print(programs.build(programs.PROGRAMS["helm4"]))
    istio = programs.PROGRAMS["istio"]
    if arguments.what == "charts" and (arguments.build or istio.cached.is_dir()):
        print(programs.build(istio) / "charts")
    if arguments.what == "bin" and (arguments.build or programs.all_cached()):
        print(programs.binaries(programs.ensure()))


def _status(_arguments: argparse.Namespace) -> int:
    lab.host.check_root()
    return 0 if report.status() else 1


def _logs(arguments: argparse.Namespace) -> None:
    lab.host.check_root()
    report.logs(arguments.cluster, arguments.lines, arguments.program)


def _image(arguments: argparse.Namespace) -> None:
    files = {target or source: Path(source) for source, _colon, target in (text.partition(":") for text in arguments.files)}
    image.write(image.Image(tuple(arguments.name), files, _words(arguments.entrypoint), arguments.user), Path(arguments.archive))


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
    up.add_argument("--consul", action="store_true", help="bring the images of Consul and its Envoy into them, built if need be")
    down = command("down", _down, "remove clusters, or the whole lab")
    down.add_argument("clusters", nargs="*")
    command("kubeconfig", _kubeconfig, "path of a cluster's kubeconfig, or of the one for all").add_argument("cluster", nargs="?")
    build = command("build", _build, "build and fetch everything that the lab needs, or just the programs named; start nothing")
    build.add_argument("programs", nargs="*")
    path = command("path", _path, "path of the programs, the Istio charts, Helm 4 or the clusters' data; nothing if not built yet")
    path.add_argument("what", choices=["bin", "charts", "helm4", "state"])
    path.add_argument("--build", action="store_true", help="build what is not there")
    command("status", _status, "say what runs")
    logs = command("logs", _logs, "the last lines of what failed")
    logs.add_argument("cluster", nargs="?")
    logs.add_argument("--program", action="append", default=[], help="the log of this program, failed or not")
    logs.add_argument("--lines", type=int, default=12)
    wanted = command("packages", lambda arguments: packages.ensure(arguments.consul), "install the Debian packages that are missing")
    wanted.add_argument("--consul", action="store_true", help="also those for the images of Consul")
    command("api", lambda _: apionly.serve(), "run only etcd and an API server, until interrupted")
    _inside(command)
    return top


def _inside(command: Callable[[str, Command, str], argparse.ArgumentParser]) -> None:
    """The commands that act on a running cluster."""
    enter = command("enter", lambda a: inside.enter(a.cluster, a.argv[1:] if a.argv[:1] == ["--"] else a.argv), "run a program inside a cluster")
    enter.add_argument("cluster")
    enter.add_argument("argv", nargs=argparse.REMAINDER)
    for name, text in (("cut", "make a cluster unreachable"), ("mend", "undo `cut`")):
        command(name, lambda a: inside.connect(a.cluster, a.command == "mend"), text).add_argument("cluster")
    for name, text in (("halt", "stop a cluster's API server where it is, so that it takes connections and does not answer"), ("resume", "undo `halt`")):
        added = command(name, lambda a: inside.halt(a.cluster, a.program, a.command == "halt"), text)
        added.add_argument("cluster")
        added.add_argument("--program", default="kube-apiserver")
    load = command("load-image", lambda a: inside.load_image(a.archive, a.clusters), "bring an image archive into clusters")
    load.add_argument("archive")
    load.add_argument("clusters", nargs="*")
    make = command("image", _image, "write an image archive made of files of this machine and the libraries they need")
    make.add_argument("archive")
    make.add_argument("files", nargs="+", metavar="FILE[:PLACE]")
    make.add_argument("--name", action="append", required=True)
    make.add_argument("--entrypoint", required=True)
    make.add_argument("--user", default="")


def main(argv: Sequence[str]) -> int:
    arguments = parser().parse_args(argv)
    try:
        return arguments.action(arguments) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # Whoever reads has enough; what is still buffered must not complain at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        place = f" ({error.filename})" if error.filename else ""
        print(f"lab: the system refuses what is needed: {error.strerror or error}{place}; mend that and run the same command again.", file=sys.stderr)
    except KeyboardInterrupt:
        print("lab: interrupted; `make lab-down` removes what was made, `make lab` goes on", file=sys.stderr)
        return 130
    return 1
