"""`get_file`: a file of the web in Keras's cache, unpacked if it is an archive."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from thalweg.core import user_site
from thalweg.core.errors import DataError, FileFormatError, OptionError, ThalwegError

from ..datasets.download import RemoteFile, download, is_offline, keras_home
from ..datasets.transfer import is_good

__all__ = ["get_file"]

_FORMATS = ("tar", "zip")
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError)


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Downloads a file unless it is in the cache, and returns its path.

    Archives are unpacked beside themselves, as Keras 2 does it; nothing outside of that folder is
    written, whatever names they hold. What is unpacked appears as a whole or not at all, and what
    is there already stays as it is.

    Args:
        fname: the name in the cache, or an absolute path; the last part of `origin` if None. With
            `untar`, the name of what is unpacked.
        origin: the address, http or https.
        untar: download `fname.tar.gz`, unpack it, and return the path without `.tar.gz`.
        md5_hash: the old name of `file_hash`, for MD5.
        file_hash: SHA-256 or MD5 in hexadecimal; a file in the cache that has another one is
            downloaded again.
        cache_subdir: the folder inside `cache_dir`, or an absolute one.
        hash_algorithm: ignored: the length of `file_hash` tells.
        extract: unpack the file, if it is an archive; the path is that of the archive.
        archive_format: `"tar"`, `"zip"`, a list of these, `"auto"` for both, or None for neither.
        cache_dir: by default `$KERAS_HOME`, or else `~/.keras`.
        force_download: download even if the file is there.

    Raises:
        OptionError: without an address, or for an unknown format.
        DataError: if the file cannot be downloaded, has another checksum, or has no room.
        FileFormatError: if an archive is damaged, or holds what leaves the folder.
    """
    if origin is None:
        raise OptionError("get_file", "no address", expected="origin='https://…'", site=user_site())
    formats = _formats("tar" if untar else archive_format)
    folder = Path(cache_dir).expanduser() if cache_dir is not None else keras_home()
    name = os.fspath(fname) if fname is not None else _last_part(origin)
    target = folder / cache_subdir / name
    archive = target.with_name(f"{target.name}.tar.gz") if untar else target
    if not (untar and target.exists() and not force_download):
        _fetch(archive, origin, (file_hash or md5_hash or "").lower() or None, force_download)
        if untar or extract:
            _unpack(archive, formats)
    return str(target)


def _last_part(origin: str) -> str:
    name = PurePosixPath(unquote(urlsplit(origin).path)).name
    if not name:
        raise OptionError(
            "get_file", "the address ends in no name", expected="fname=…", got=repr(origin),
            site=user_site(),
        )  # fmt: skip
    return name


def _formats(given: str | Sequence[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    named = _FORMATS if given == "auto" else (given,) if isinstance(given, str) else tuple(given)
    for one in named:
        if one not in _FORMATS:
            raise OptionError(
                "get_file",
                "unknown archive_format",
                expected="'tar', 'zip', a list of these, 'auto' or None",
                got=repr(one),
                site=user_site(),
            )
    return named


def _fetch(target: Path, origin: str, checksum: str | None, again: bool) -> None:
    if not again and is_good(target, checksum):
        return
    if is_offline():
        raise DataError(
            origin,
            "not in the cache, and not downloaded",
            expected=f"the file as {target}",
            got="THALWEG_OFFLINE is set",
            hint="unset it, or put the file there by other means",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(target.parent).free
    # Downloaded beside the old file, which stays until the new one is whole.
    fresh = target.with_name(f"{target.name}.new") if target.exists() else target
    remote = RemoteFile(
        target.name, origin, checksum, room, patience_s=20.0, minimum_bytes=2**12
    )  # any server of the web may be slow
    download(remote, fresh)
    os.replace(fresh, target)


def _unpack(path: Path, formats: Sequence[str]) -> None:
    """Unpacks an archive into its folder; does nothing with a file that is none."""
    kind = next((k for k in formats if _KINDS[k][0](path)), None)
    if kind is None:
        return
    try:
        with _KINDS[kind][1](path) as entries:
            _write(path, list(entries))
    except ThalwegError:
        raise
    except _DAMAGE as error:
        raise FileFormatError(
            str(path),
            "damaged or truncated",
            expected=f"a complete {kind} archive",
            got=str(error) or type(error).__name__,
            hint="force_download=True gets it again",
        ) from error


class _Entry:
    """A file or folder of an archive."""

    def __init__(self, name: str, size: int, is_folder: bool, opened: Any) -> None:
        self.name, self.size, self.is_folder, self.opened = name, size, is_folder, opened


@contextmanager
def _tar(path: Path) -> Iterator[Iterator[_Entry]]:
    with tarfile.open(path) as archive:
        yield (_tar_entry(path, archive, member) for member in archive)


def _tar_entry(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> _Entry:
    if not (member.isreg() or member.isdir()):
        raise FileFormatError(
            str(path),
            "holds what is neither a file nor a folder",
            expected="files and folders",
            got=repr(member.name),
            hint="a link could lead out of the folder; unpack it by other means",
        )
    return _Entry(member.name, member.size, member.isdir(), lambda: archive.extractfile(member))


@contextmanager
def _zip(path: Path) -> Iterator[Iterator[_Entry]]:
    with zipfile.ZipFile(path) as archive:
        yield (
            _Entry(i.filename, i.file_size, i.is_dir(), lambda i=i: archive.open(i))
            for i in archive.infolist()
        )


_KINDS: dict[str, tuple[Any, Any]] = {
    "tar": (tarfile.is_tarfile, _tar),
    "zip": (zipfile.is_zipfile, _zip),
}


def _write(path: Path, entries: Sequence[_Entry]) -> None:
    """Unpacks beside the archive, under another name, and then moves what is not there yet."""
    folder = path.parent
    places = [_inside(path, entry.name) for entry in entries]
    tops = dict.fromkeys(place.parts[0] for place in places if place.parts)
    if all((folder / top).exists() for top in tops):
        return
    size, room = sum(entry.size for entry in entries), shutil.disk_usage(folder).free
    if size > room:
        raise DataError(str(path), "no room to unpack it", expected=f"{size} bytes", got=str(room))
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=folder) as made:
        for entry, place in zip(entries, places, strict=True):
            target = Path(made, *place.parts)
            if entry.is_folder:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with entry.opened() as source, open(target, "wb") as file:
                _copy(source, file, entry.size)
        for top in tops:
            if not (folder / top).exists():
                os.replace(Path(made, top), folder / top)


def _inside(path: Path, name: str) -> PurePosixPath:
    """A member's name as a path below the folder."""
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in name:
        raise FileFormatError(
            str(path), "holds a name that leaves the folder", got=repr(name),
            expected="names below the archive's folder",
        )  # fmt: skip
    return place


def _copy(source: IO[bytes], file: IO[bytes], size: int) -> None:
    """No more than the archive says: its sum was compared with the room there is."""
    left = size
    while left and (piece := source.read(min(left, 2**20))):
        file.write(piece)
        left -= len(piece)
    if left or source.read(1):
        raise ValueError("a member has another size than the archive says")
