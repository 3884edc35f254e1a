"""`tf.app`: runs a program's `main` after its flags are read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from thalweg.core import OptionError

from . import flags
from .arguments import missing_name

__all__ = ["flags", "run"]

__getattr__ = missing_name(__name__, __all__)


def run(main: Callable[[Any], Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Reads flags, calls `main` with what is left of the arguments, and exits with its result.

    Flags that nobody has defined are left for `main`.

    Args:
        main: the function; that of the script if None.
        argv: the program's name and arguments; `sys.argv` if None.

    Raises:
        SystemExit: always.
    """
    try:
        left = flags.FLAGS(sys.argv if argv is None else argv, known_only=True)
    except OptionError as error:
        sys.stderr.write(f"{error}\n\n--help shows the flags.\n")
        sys.exit(1)
    function = main or sys.modules["__main__"].__dict__["main"]
    sys.exit(function(left))
