"""The environment that the peers live in: made once, in the user's cache folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare.peers import Peer

__all__ = ["install_peers"]


def cache_folder() -> Path:
    """`~/.cache/thalweg-benchmarks`, or where the user's caches lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "thalweg-benchmarks"


def install_peers(peers: Sequence[Peer], pip_options: Sequence[str]) -> tuple[Path, dict[str, str]]:
    """Makes the environment, and installs into it what is not there yet.

    Args:
        peers: whose packages are wanted.
        pip_options: given to `pip install`, such as an index that has the CPU builds.

    Returns:
        The environment's Python, and for each peer that pip could not install its last words.
    """
    folder = cache_folder() / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin" / "python"
    installed = folder / "installed.txt"  # requirements that pip has met
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    met = set(installed.read_text(encoding="utf-8").split()) if installed.exists() else set()
    missing: dict[str, str] = {}
    for peer in peers:  # one by one: what one cannot have must not cost the others
        wanted = [package for package in peer.packages if package not in met]
        if not wanted:
            continue
        print(f"installing {', '.join(wanted)} for {peer.name} …", flush=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*command, *pip_options, *wanted], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            met |= set(wanted)
            installed.write_text("\n".join(sorted(met)) + "\n", encoding="utf-8")
        else:
            missing[peer.name] = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    return python, missing
