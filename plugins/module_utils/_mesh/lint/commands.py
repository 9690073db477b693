# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the commands of a shell script, as far as their words are plain. What only a shell could work out is left alone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .given import Script

CLIENTS = ("kubectl", "oc")
_ASSIGNED = re.compile(r"^\s*(?:export\s+|readonly\s+|local\s+)?(\w+)=([^\s;&|]*)\s*$")
_USED = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APART = re.compile(r"\|\||&&|[;|&]|\$\(|\)|`")
_WITH_VALUE = (
    "-n", "--namespace", "-f", "--filename", "-k", "-l", "--selector", "-o", "--output", "--context", "--kubeconfig", "--timeout", "--for", "-p", "--type",
)  # fmt: skip
_NO_PROGRAM = ("if", "then", "else", "do", "while", "until", "!", "time", "exec", "sudo")


@dataclass(frozen=True)
class ShellCommand:
    """The words of one command and its line. `joined` is the whole line, with what else stands on it."""

    words: tuple[str, ...]
    line: int
    joined: str

    @property
    def program(self) -> str:
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def is_client(self) -> bool:
        return self.program in CLIENTS

    @property
    def plain(self) -> list[str]:
        """Return the words that are neither flags nor their values."""
        kept, skip = [], False
        for word in self.words[1:]:
            if not skip and not word.startswith("-"):
                kept.append(word)
            skip = not skip and word in _WITH_VALUE
        return kept

    def flag(self, *names: str) -> list[str]:
        """Return the values of a flag, in each of its forms."""
        values = [value for name, value in zip(self.words, self.words[1:], strict=False) if name in names]
        return values + [word.partition("=")[2] for word in self.words for name in names if word.startswith(f"{name}=")]

    def does(self, verb: str, *kinds: str) -> bool:
        """Return whether a client of Kubernetes does this with one of these kinds, whatever form of its name is written."""
        plain = self.plain
        return self.is_client and plain[:1] == [verb] and (not kinds or (len(plain) > 1 and _kind(plain[1]) in kinds))

    def named(self) -> list[str]:
        """Return the names of the objects, without their kind."""
        plain = self.plain[1:]
        return [word.partition("/")[2] for word in plain] if plain and "/" in plain[0] else plain[1:]


def _kind(word: str) -> str:
    return word.partition("/")[0].partition(".")[0].lower()


def commands(script: Script) -> Iterator[ShellCommand]:
    """Yield the commands in their order. Variables with a plain value are put in; a word with another variable stays as it is."""
    values: dict[str, str] = {}
    for number, line in _whole_lines(script.lines):
        assigned = _ASSIGNED.match(line)
        if assigned:
            values[assigned[1]] = _filled(assigned[2].strip("'\""), values)
            continue
        text = _filled(line, values)
        for part in _APART.split(text):
            if words := _words(part):
                yield ShellCommand(tuple(words), number, text)


def _whole_lines(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, those that a backslash continues as one, and no comments."""
    begun, kept = 0, ""
    for number, line in enumerate(lines, 1):
        if not kept and line.lstrip().startswith("#"):
            continue
        begun, kept = begun or number, kept + line.rstrip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            yield begun, kept
            begun, kept = 0, ""


def _filled(text: str, values: dict[str, str]) -> str:
    return _USED.sub(lambda used: values.get(used[1] or used[2], used[0]), text)


def _words(part: str) -> list[str]:
    try:
        words = shlex.split(part, comments=True)
    except ValueError:
        words = part.split()  # a quote that another part closes
    while words and (words[0] in _NO_PROGRAM or re.fullmatch(r"\w+=.*", words[0])):
        words = words[1:]
    return words
