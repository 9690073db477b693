# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images without a registry: an archive made of files of this machine, in the format of `docker save`."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PASSWD = "root:x:0:0::/root:/bin/false\nistio-proxy:x:1337:1337::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"
GROUP = "root:x:0:\nistio-proxy:x:1337:\nnogroup:x:65534:\n"
WRITABLE = ("tmp", "run", "root", "etc/istio/proxy", "var/lib/istio/data")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image to be: its names, its files (path in the image -> file here), symbolic links (path -> where it leads) and how it starts."""

    names: tuple[str, ...]
    files: Mapping[str, Path]
    entrypoint: Sequence[str]
    user: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def libraries(ldd: str) -> dict[str, str]:
    """Path in the image -> file here, for each shared library in the output of `ldd`."""
    found = {}
    for line in ldd.splitlines():
        words = line.split()
        if "=>" in words and len(words) > 2 and words[2].startswith("/"):
            found[words[2]] = words[2]
        elif words and words[0].startswith("/") and not words[0].endswith(":"):
            found[words[0]] = words[0]
    return found


def with_libraries(files: Mapping[str, Path]) -> dict[str, Path]:
    """The files, and the shared libraries that they need, at the places where the loader looks on this machine."""
    everything = dict(files)
    for file in files.values():
        told = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            everything.update({path: Path(here) for path, here in libraries(told.stdout).items()})
    return everything


def _info(path: str, size: int, mode: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(str(PurePosixPath(path.lstrip("/"))))
    info.size, info.mode, info.type = size, mode, kind
    return info


def _members(image: Image) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    yield from ((_info(path, 0, 0o1777, tarfile.DIRTYPE), b"") for path in WRITABLE)
    # /lib and /lib64 are links on this machine too, so that a library has one place under each of its names.
    places = {"lib": "usr/lib", "lib64": "usr/lib64", "bin": "usr/bin", "sbin": "usr/sbin", "var/run": "../run"}
    for old, new in {**places, **{merged(path): target for path, target in sorted(image.links.items())}}.items():
        link = _info(old, 0, 0o777, tarfile.SYMTYPE)
        link.linkname = new
        yield link, b""
    texts = {"etc/passwd": PASSWD, "etc/group": GROUP, "etc/nsswitch.conf": "hosts: files dns\n", **image.texts}
    for path, text in sorted(texts.items()):
        yield _info(path, len(text.encode()), 0o644), text.encode()
    placed = set()
    for path, file in sorted(with_libraries(image.files).items()):
        place = merged(path)
        if place not in placed:
            placed.add(place)
            content = file.read_bytes()
            yield _info(place, len(content), 0o755 if file.stat().st_mode & 0o111 else 0o644), content


def merged(path: str) -> str:
    """A path with /lib, /lib64, /bin and /sbin taken to be links into /usr."""
    head = path.lstrip("/").split("/")[0]
    return f"/usr{path}" if head in ("lib", "lib64", "bin", "sbin") else path


def layer(image: Image) -> bytes:
    """The image's only layer; the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, content in _members(image):
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def configuration(image: Image, digest: str) -> dict[str, object]:
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Entrypoint": list(image.entrypoint), "User": image.user, "WorkingDir": "/",
                   "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created_by": "meshlab"}],
    }


def write(image: Image, archive: Path) -> None:
    content = layer(image)
    digest = hashlib.sha256(content).hexdigest()
    config = json.dumps(configuration(image, digest), sort_keys=True).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": list(image.names), "Layers": [f"{digest}/layer.tar"]}]).encode()
    with tarfile.open(archive, "w") as out:
        for path, part in ((f"{digest}/layer.tar", content), (name, config), ("manifest.json", manifest)):
            out.addfile(_info(path, len(part), 0o644), io.BytesIO(part))
