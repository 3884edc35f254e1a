"""Check that thalweg's networks predict what Keras's do, from files in the published format.

A slow proof, run by hand with thalweg, after `make_applications.py --files FOLDER`:

    python tests/fidelity/check_applications.py FOLDER

FOLDER is served on the loopback interface in place of Keras's own server, and each network is made
with `weights="imagenet"`: the file is fetched into an empty cache, checked, and read. Pictures go
through `preprocess_input`. Predictions must be Keras's within 1e-5, of the largest where they are
features. Exit status 0 means that all are.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import os
import sys
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import application_cases as cases
import numpy as np

import thalweg as keras
from thalweg.applications import weights
from thalweg.datasets.download import RemoteFile, resolve

TOLERANCE = 1e-5


class Quiet(SimpleHTTPRequestHandler):
    """Serves the files of a folder by their last names, and logs nothing."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.rpartition("/")[2])

    def log_message(self, *arguments: Any) -> None:
        """Nobody reads it."""


def serve(folder: Path) -> str:
    """Starts a server of the folder; its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


def md5(file: Path) -> str:
    """The file's checksum, which stands for the published one."""
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while piece := stream.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def check(case: cases.Case, expected: np.ndarray[Any, Any]) -> bool:
    """Compares one network; prints how far it is off."""
    start = time.perf_counter()
    model = getattr(keras.applications, case.function)(weights="imagenet", **case.arguments)
    loaded = time.perf_counter() - start
    module = getattr(keras.applications, case.module)
    got = model.predict(module.preprocess_input(cases.pictures(case)), verbose=0)
    has_top = case.arguments.get("include_top", True)
    scale = 1.0 if has_top else float(np.abs(expected).max())
    difference = float(np.abs(got - expected).max()) / scale
    passed = got.shape == expected.shape and difference <= TOLERANCE
    sys.stdout.write(
        f"{'ok  ' if passed else 'FAIL'} {case.name:66} {difference:.1e} "
        f"(largest {np.abs(expected).max():.3g}, spread {np.ptp(expected, axis=-1).max():.2g}), "
        f"loaded in {loaded:.1f} s\n"
    )
    sys.stdout.flush()
    return passed


def main() -> int:
    """Check all networks of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    address = serve(folder)
    asked = []

    def redirected(remote: RemoteFile) -> Path:
        asked.append(remote.name)
        checksum = None if remote.checksum is None else md5(folder / remote.name)
        here = dataclasses.replace(remote, url=f"{address}{remote.name}", checksum=checksum)
        return resolve(here)

    weights.resolve = redirected
    results = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ.update(THALWEG_HOME=cache, KERAS_HOME=cache, HOME=cache, no_proxy="*")
        os.environ.pop("THALWEG_DATA", None)
        for case in cases.FULL:
            results.append(check(case, np.load(folder / f"{case.name}.npy")))
            results.append(asked[-1] == case.name)
            (Path(cache) / "models" / case.name).unlink()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
