"""Where a file of the web lies on this machine, and how it gets here.

A :class:`RemoteFile` (a data set, or weights) is looked for in this order:

1. the path the caller gives: it must exist;
2. the folder in the environment variable `THALWEG_DATA`;
3. the cache: `$THALWEG_HOME/datasets`, or else `~/.thalweg/datasets` (`models` for weights);
4. Keras's cache: `$KERAS_HOME/datasets`, then `~/.keras/datasets` (or `models`);
5. the download, into the cache of 3; the environment variable `THALWEG_OFFLINE=1` forbids it.

In 1 and 2 the same data may also lie in another form (`RemoteFile.stand_ins`), in 4 under another
name (`RemoteFile.aliases`). Files of the caches and from the web must have the known checksum, if
there is one; files of 1 and 2 are the user's own and are not compared. A network that does not
work costs 5 seconds, once a process.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from thalweg.core.errors import DataError, OptionError, Site, ThalwegError, user_site

from .files import checksum_of, named_checksum
from .locks import exclusive
from .transfer import Pace, TransferError, is_good, transfer

__all__ = [
    "CorruptFileWarning",
    "RemoteFile",
    "SampleDataWarning",
    "download",
    "forget_failures",
    "given_folder",
    "is_offline",
    "keras_home",
    "resolve",
    "warn_user",
]

_failures: dict[str, str] = {}  # host or address -> what went wrong, in this process


class CorruptFileWarning(UserWarning):
    """A file in a cache has the wrong checksum and is not used."""


class SampleDataWarning(UserWarning):
    """The small sample shipped with the package stands in for the full data set."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of the web, which we know by its checksum.

    Args:
        name: its name in folders and caches, `"mnist.npz"`.
        url: where to download it.
        checksum: SHA-256 in lower-case hexadecimal, or the MD5 of a file with no other; None
            where nobody publishes one.
        maximum_bytes: a download that would be larger is refused.
        folder: its folder in the caches, `"datasets"` or `"models"`.
        patience_s: seconds without `minimum_bytes` after which the network counts as dead.
        minimum_bytes: what must arrive in `patience_s` seconds.
        aliases: names of the same file in Keras's cache.
        stand_ins: names of files or folders of the user's own that hold the same data in another
            form, in the order of preference after `name`.
        signature: what a download without a checksum must begin with.
    """

    name: str
    url: str
    checksum: str | None
    maximum_bytes: int
    folder: str = "datasets"
    patience_s: float = 5.0
    minimum_bytes: int = 2**17
    aliases: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    signature: bytes = b""


def resolve(remote: RemoteFile, path: str | os.PathLike[str] | None = None) -> Path:
    """Finds a file on this machine, or downloads it; the order is in the module's docstring.

    Args:
        remote: the file.
        path: a file, or a folder that holds `remote.name` or a stand-in. A bare name of no
            existing file is the name in the cache, as in Keras; any other path must exist.

    Returns:
        The path of the file. Its checksum is right unless it was found by `path` or
        `THALWEG_DATA`, where a stand-in may be a folder.

    Raises:
        OptionError: `path` does not exist, is empty, or is no path.
        DataError: the file is nowhere and could not be downloaded; `got` lists every
            place that was tried, `hint` the ways out.
    """
    name = remote.name
    if path is not None:
        text = _path_text(remote, path)
        explicit = _explicit(remote, text)
        if explicit is not None:
            return explicit
        name = text

    tried: list[str] = []
    folder = os.environ.get("THALWEG_DATA")
    if folder:
        home = Path(os.path.expanduser(folder))
        given = _first_of(remote, home)
        if given is not None:
            return given
        tried.append(f"THALWEG_DATA is set, but {home / remote.name} is not there")
    else:
        tried.append("THALWEG_DATA is not set")

    own = _home("THALWEG_HOME", ".thalweg") / remote.folder / name
    if _is_usable(remote, own, tried, is_ours=True):
        return own
    for home in dict.fromkeys((keras_home(), _home(None, ".keras"))):
        for alias in (name, *remote.aliases):
            other = home / remote.folder / alias
            if _is_usable(remote, other, tried, is_ours=False):
                return other

    if is_offline():
        tried.append(f"{remote.url}: not tried, THALWEG_OFFLINE is set")
    elif _download_once(remote, own, tried):
        return own
    first = "unset THALWEG_OFFLINE" if is_offline() else "repair the network and start Python again"
    raise DataError(
        remote.name,
        "not on this machine, and not downloaded",
        expected=f"the file in one of {len(tried)} places",
        got="\n            ".join(tried),
        hint=f"{first}; or get the file by other means and give its path, or set "
        "THALWEG_DATA to its folder",
    )


def given_folder(path: object) -> Path | None:
    """The folder that a caller's path stands for, or None if it is no folder.

    >>> given_folder("nowhere") is None
    True
    """
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    folder = os.path.expanduser(os.fsdecode(path))
    return Path(folder) if folder and os.path.isdir(folder) else None


def is_offline() -> bool:
    """Whether `THALWEG_OFFLINE` forbids downloads."""
    return os.environ.get("THALWEG_OFFLINE", "") not in ("", "0")


def keras_home() -> Path:
    """Keras's folder of this user: what `KERAS_HOME` says, or `~/.keras`."""
    return _home("KERAS_HOME", ".keras")


def download(remote: RemoteFile, target: Path) -> None:
    """Downloads a file, checks it and only then gives it its name.

    What has arrived is kept as `<name>.part` and continued by the next call. Only one process
    downloads at a time; others wait for it while its file grows. Nothing is downloaded if the
    right file is there already.

    Args:
        remote: the file.
        target: where to put it; its folder is made if needed.

    Raises:
        DataError: no network, a refusing or lying server, a wrong checksum, or a folder that
            cannot be written. `target` is then as it was.
    """
    try:
        _download(remote, target)
    except TransferError as error:
        raise DataError(
            remote.url, error.problem, expected=error.expected, got=error.got
        ) from error


def forget_failures() -> None:
    """Lets the next call try the network again after it failed in this process."""
    _failures.clear()


def warn_user(text: ThalwegError, category: type[Warning]) -> None:
    """Warns with the text of an error, at the user's line.

    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_user(ThalwegError("mnist", "a sample"), SampleDataWarning)
    >>> print(caught[0].message)
    mnist: a sample
    """
    site = user_site(2) or Site("<thalweg>", 1)
    warnings.warn_explicit(str(text), category, site.filename, site.line)


def _path_text(remote: RemoteFile, path: str | os.PathLike[str]) -> str:
    """The path as text, with the user's home filled in."""
    try:
        text = os.path.expanduser(os.fsdecode(path))
    except TypeError:
        text = ""
    if not text:
        expected = "a file, a folder that holds it, or None"
        raise OptionError(remote.name, "this is no path", expected=expected, got=repr(path))
    return text


def _explicit(remote: RemoteFile, text: str) -> Path | None:
    """The file a path stands for; None if it is a bare name for the cache."""
    if os.path.isdir(text):
        found = _first_of(remote, Path(text))
        if found is not None:
            return found
        text = os.path.join(text, remote.name)
    if os.path.exists(text):
        return Path(text)
    if not os.path.dirname(text):
        return None
    # differs from Keras: a path with a folder is never where a download goes.
    raise OptionError(
        remote.name,
        "the path does not exist",
        expected="an existing file, or a folder that holds it",
        got=f"{text!r}, looked up from {os.getcwd()!r}",
        hint="a bare file name, or no path, looks in the cache and downloads",
    )


def _first_of(remote: RemoteFile, folder: Path) -> Path | None:
    """The file in a folder of the user's own, or the first stand-in that is there."""
    if (folder / remote.name).is_file():
        return folder / remote.name
    found = (folder / name for name in remote.stand_ins if (folder / name).exists())
    return next(found, None)


def _home(variable: str | None, folder: str) -> Path:
    """A library's home: what its variable says, or a folder of the user's home."""
    given = os.environ.get(variable) if variable else None
    home = os.path.expanduser(given or os.path.join("~", folder))
    if home.startswith("~"):  # else we would make a folder of that name where the user stands
        raise OptionError(
            variable or folder,
            "the home folder is not known",
            expected="a home folder of this user",
            got=home,
            hint="set the environment variable HOME",
        )
    return Path(home)


def _is_usable(remote: RemoteFile, file: Path, tried: list[str], *, is_ours: bool) -> bool:
    """Whether a cached file has the right checksum; a wrong one of our cache is set aside."""
    if not file.is_file():
        tried.append(f"{file} is not there")
        return False
    if remote.checksum is None:
        return True
    try:
        got = named_checksum(checksum_of(file, remote.checksum))
    except OSError as error:
        got = f"{type(error).__name__}: {error}"
    expected = named_checksum(remote.checksum)
    if got == expected:
        return True
    hint = "the file is another library's and stays as it is"
    if is_ours:
        aside = file.with_name(f"{file.name}.corrupt")
        try:
            # Looked at again under the lock: another process may have mended it by now.
            with exclusive(_lock_file(file), lambda: False):
                if is_good(file, remote.checksum):
                    return True
                os.replace(file, aside)
            hint = f"it is now named {aside.name}; a download puts a good one in its place"
        except OSError as error:
            hint = f"it could not be set aside: {error}"
    problem = "a cached file has the wrong checksum"
    warn_user(
        ThalwegError(str(file), problem, expected=expected, got=got, hint=hint),
        CorruptFileWarning,
    )
    tried.append(f"{file} has the wrong checksum")
    return False


def _download_once(remote: RemoteFile, target: Path, tried: list[str]) -> bool:
    """Downloads unless that failed before in this process; notes a failure in `tried`."""
    host = urlsplit(remote.url).netloc
    known = _failures.get(remote.url) or _failures.get(host)
    if known:
        tried.append(f"{remote.url}: {known}, earlier in this process")
        return False
    try:
        _download(remote, target)
    except TransferError as error:
        problem = f"{error.problem}: {error.got}"
        tried.append(f"{remote.url}: {problem}")
        if error.scope != "local":
            _failures[host if error.scope == "host" else remote.url] = problem
        return False
    return True


def _download(remote: RemoteFile, target: Path) -> None:
    """Downloads under the lock; every failure leaves as a `TransferError`."""
    part = target.with_name(f"{target.name}.part")
    pace = Pace(remote.patience_s, remote.minimum_bytes)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(_lock_file(target), lambda: pace.watch(part)):
            if not is_good(target, remote.checksum):
                transfer(remote, part, pace)
                os.replace(part, target)
    except TimeoutError as error:
        raise TransferError(
            "another process downloads it and does not get on",
            expected=f"{part} to grow by {pace.rule}",
            got=f"{error}",
            scope="local",
        ) from None
    except OSError as error:
        raise TransferError(
            "cannot be stored",
            expected=f"a folder {target.parent} that can be written; THALWEG_HOME moves it",
            got=f"{type(error).__name__}: {error}",
            scope="local",
        ) from error


def _lock_file(target: Path) -> Path:
    """The lock that goes with a file."""
    return target.with_name(f"{target.name}.lock")
