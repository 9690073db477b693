# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look for secrets wherever a run writes: plain, in base64 at each alignment, in hex, and in base64 of base64.

Of a private key only the secret numbers count, and the characters of its PEM that hold them: the rest is the same in every key, or public. Of a token
only the signature counts.
"""

from __future__ import annotations

import base64
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))
WINDOW, STRIDE = 16, 4  # so that a part of a secret is found too, from 19 characters on
WORD = 8  # wherever a window begins, a whole word of the text lies in it


def leaks(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Return which secret is in which place. One pass finds all, because all search texts have the same length.

    Most texts hold no word of any search text, and are passed over soon.
    """
    owners: dict[bytes, set[str]] = {}
    for name, secret in secrets.items():
        for needle in needles(secret):
            owners.setdefault(needle, set()).add(name)
    found, words = set(), {int.from_bytes(needle[at : at + WORD], sys.byteorder) for needle in owners for at in range(WORD)}
    for place, text in places.items():
        if words.isdisjoint(memoryview(text)[: len(text) // WORD * WORD].cast("Q")):
            continue
        hits = {part for at in range(len(text) - WINDOW + 1) if (part := text[at : at + WINDOW]) in owners}
        found |= {f"{name} in {place}" for hit in hits for name in owners[hit]}
    return sorted(found)


@cache
def needles(secret: bytes) -> set[bytes]:
    found: set[bytes] = set()
    for fragment, is_text in _fragments(secret):
        coded = [form for shift in range(3) for form in _base64(fragment, shift)]
        again = [form for text in coded for shift in range(3) for form in _base64(text, shift)]
        plain = [fragment] if is_text else [fragment, *_plain_numbers(fragment)]
        for form in [*plain, *coded, *again, fragment.hex().encode(), fragment.hex().upper().encode()]:
            found |= {form[at : at + WINDOW] for at in range(0, max(len(form) - WINDOW, 0) + 1, STRIDE)}
    assert found and {len(needle) for needle in found} == {WINDOW}, "too short to be told from chance"
    return found


def _fragments(secret: bytes) -> Iterator[tuple[bytes, bool]]:
    """The secret parts, and whether each is text."""
    if b"PRIVATE KEY-----" not in secret:
        # Of a service account's token only the signature: all tokens of a cluster begin in the same way, and others' are about.
        token = secret.startswith(b"eyJ") and secret.count(b".") == 2
        yield (secret.strip().rpartition(b".")[2] if token else secret.strip()), True
        return
    key: Any = serialization.load_pem_private_key(secret, None)
    lines = [line for line in secret.splitlines() if line and not line.startswith(b"-----")]
    der = base64.b64decode(b"".join(lines))
    for number in _numbers(key):
        yield number, False
        start, end = -(-der.find(number) * 4 // 3), (der.find(number) + len(number)) * 4 // 3
        assert number in der
        for index, line in enumerate(lines):
            at = index * len(lines[0])
            part = line[max(start - at, 0) : max(end - at, 0)]
            if len(part) >= WINDOW:
                yield part, True


def _numbers(key: Any) -> list[bytes]:
    numbers = key.private_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return [_bytes(number) for number in (numbers.d, numbers.p, numbers.q)]
    return [numbers.private_value.to_bytes((key.key_size + 7) // 8)]


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _plain_numbers(fragment: bytes) -> list[bytes]:
    """The numbers as OpenSSL prints them and as Python prints them."""
    return [fragment.hex(":").encode(), str(int.from_bytes(fragment)).encode()]


def _base64(fragment: bytes, shift: int) -> list[bytes]:
    """The base64 of the fragment if it stands `shift` bytes after a multiple of three."""
    skipped = (3 - shift) % 3
    whole = fragment[skipped : len(fragment) - (len(fragment) - skipped) % 3]
    text = base64.b64encode(whole)
    if len(text) < WINDOW:
        return []
    return [text, text.translate(bytes.maketrans(b"+/", b"-_"))] if set(text) & set(b"+/") else [text]


def files(*folders: Path) -> dict[str, bytes]:
    """Every file in them, by its path, with its content."""
    found = {}
    for path in itertools.chain.from_iterable(folder.rglob("*") for folder in folders):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                found[str(path)] = path.read_bytes()
    return found


def _processes() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdigit()}


@dataclass
class Watch:
    """Files that existed only during a run, kept under a second name, and the arguments of processes that began during it.

    `older` are the processes that were there before.
    """

    kept: Path
    older: set[str] = field(default_factory=_processes)
    commands: set[bytes] = field(default_factory=set)
    files: dict[str, Path] = field(default_factory=dict)

    def places(self) -> dict[str, bytes]:
        return {f"while it ran: {name}": copy.read_bytes() for name, copy in self.files.items() if copy.is_file()} | {
            "arguments of a process": b"\n".join(sorted(self.commands))
        }

    def look(self, folders: Iterable[Path], shallow: Iterable[Path], known: set[str]) -> None:
        found = [(base, names) for folder in folders for base, _below, names in os.walk(folder)]
        found += [(str(folder), [entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]) for folder in shallow]
        for base, names in found:
            for name in names:
                self._keep(os.path.join(base, name), known)
        running = _processes()
        self.older &= running  # the number of one that ended may be given to another
        for process in running - self.older:
            with suppress(OSError):
                self.commands.add(Path("/proc", process, "cmdline").read_bytes().replace(b"\0", b" "))

    def _keep(self, path: str, known: set[str]) -> None:
        if path in known or path in self.files:
            return
        copy = self.kept / str(len(self.files))
        with suppress(OSError):
            try:
                os.link(path, copy, follow_symlinks=False)
            except OSError:  # on another file system
                copy.write_bytes(Path(path).read_bytes())
            self.files[path] = copy


@contextmanager
def watching(kept: Path, *folders: Path) -> Iterator[Watch]:
    """Look for new files during a block, below these folders, and directly in the folders that everybody shares."""
    kept.mkdir(parents=True, exist_ok=True)
    shallow = [folder for folder in SHARED if folder.is_dir()]
    known = {entry.path for folder in shallow for entry in os.scandir(folder)}
    known |= {os.path.join(base, name) for folder in folders for base, _below, names in os.walk(folder) for name in names}
    watch, over = Watch(kept), threading.Event()

    def look() -> None:
        while not over.is_set():
            watch.look(folders, shallow, known)
            time.sleep(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
        watch.look(folders, shallow, known)


@contextmanager
def outlets() -> Iterator[Outlets]:
    """A folder with a short path, because Ansible puts a socket there, whose path may have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="leaks-", dir="/tmp", ignore_cleanup_errors=True) as home:
        yield Outlets(Path(home))


@dataclass(frozen=True)
class Outlets:
    """Everything into which Ansible can be told to write, below one folder.

    Not the callback junit: it copies the text of tasks out of the playbook, with whatever is written there.
    """

    home: Path

    def watching(self) -> AbstractContextManager[Watch]:
        return watching(self.home / "kept", self.scratch)

    @property
    def scratch(self) -> Path:
        return self.home / "scratch"

    def environ(self) -> dict[str, str]:
        for name in ("scratch/tmp", "written"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        written = self.home / "written"
        return {
            "ANSIBLE_LOG_PATH": str(written / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(written / "facts"),
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.tree",
            "ANSIBLE_CALLBACK_TREE_DIR": str(written / "tree"),
            "ANSIBLE_RETRY_FILES_ENABLED": "true",
            "ANSIBLE_RETRY_FILES_SAVE_PATH": str(written / "retry"),
            "ANSIBLE_LOCAL_TEMP": str(self.scratch / "local"),
            "ANSIBLE_REMOTE_TMP": str(self.scratch / "remote"),
            "TMPDIR": str(self.scratch / "tmp"),
        }

    def places(self, output: str, watch: Watch) -> dict[str, bytes]:
        """All files after a run, and those that existed only during it."""
        written = files(self.home / "written")
        assert any(name.endswith("ansible.log") for name in written) and any("/tree/" in name for name in written), "nothing was written there"
        return {"the output": output.encode(), **written, **files(self.scratch), **watch.places()}
