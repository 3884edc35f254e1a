"""Shows type checkers the packages as they are installed.

The folder `highlevel/` is imported as `thalweg` and `core/` as `thalweg.core`, which no type
checker can guess from the tree. So `build/typing/thalweg` is made of links that spell it out:

    python tests/typing_view.py && mypy
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUBPACKAGES = ("applications", "core", "preprocessing")


def wanted(root: Path) -> dict[str, Path]:
    """Name in the package `thalweg` -> the file or folder it stands for."""
    folder = root / "highlevel"
    links = {path.name: path for path in folder.iterdir() if path.name != "__pycache__"}
    for name in SUBPACKAGES:
        if name in links:
            raise SystemExit(f"highlevel/{name} hides the folder {name}/: rename one of them")
        links[name] = root / name
    return links


def make(root: Path = ROOT) -> Path:
    """Brings `build/typing` up to date and returns it.

    What is right already is not touched, so a check that runs meanwhile sees no gap.
    """
    view = root / "build" / "typing" / "thalweg"
    view.mkdir(parents=True, exist_ok=True)
    links = wanted(root)
    for path in view.iterdir():
        if links.get(path.name) != path.resolve():
            path.unlink()
    for name, target in links.items():
        if not (view / name).exists():
            (view / name).symlink_to(target)
    return view.parent


if __name__ == "__main__":
    make()
