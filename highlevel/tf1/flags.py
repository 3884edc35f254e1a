"""`tf.flags`: options of the command line, defined where they are used.

>>> import thalweg.tf1 as tf
>>> tf.flags.DEFINE_float("rate", 0.5, "Step size.")
>>> tf.flags.DEFINE_boolean("verbose", False, "Says more.")
>>> tf.flags.FLAGS(["program", "--rate=0.1", "--verbose", "data"])
['program', 'data']
>>> tf.flags.FLAGS.rate, tf.flags.FLAGS.verbose
(0.1, True)
>>> del tf.flags.FLAGS.rate, tf.flags.FLAGS.verbose
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from thalweg.core import OptionError, Site, nearest, user_site

from .arguments import either, missing_name

__all__ = [
    "FLAGS",
    "DEFINE_bool",
    "DEFINE_boolean",
    "DEFINE_enum",
    "DEFINE_float",
    "DEFINE_integer",
    "DEFINE_list",
    "DEFINE_multi_float",
    "DEFINE_multi_integer",
    "DEFINE_multi_string",
    "DEFINE_string",
    "Flag",
    "FlagValues",
    "mark_flag_as_required",
    "mark_flags_as_required",
    "register_validator",
]

__getattr__ = missing_name(__name__, __all__)

_TRUE = {"true", "t", "1", "yes", "y"}
_FALSE = {"false", "f", "0", "no", "n"}


class Flag:
    """One option.

    Attributes:
        name: without dashes.
        default: its value if it is not given.
        help: what it is for.
        value: its value.
        present: whether it was given.
    """

    def __init__(
        self,
        name: str,
        default: Any,
        help: str | None,
        parse: Callable[[Any], Any],
        kind: str,
        site: Site | None,
    ) -> None:
        self.name = name
        self.help = help or ""
        self.kind = kind
        self.site = site
        self.present = False
        self._parse = parse
        self._validators: list[tuple[Callable[[Any], bool], str]] = []
        self.default = None if default is None else self.parsed(default)
        self.value = self.default

    @property
    def is_boolean(self) -> bool:
        """Whether it may stand without a value."""
        return self.kind == "a boolean"

    @property
    def is_multi(self) -> bool:
        """Whether it may be given several times, all of which count."""
        return self.kind.startswith("several")

    def parsed(self, value: Any) -> Any:
        """A value of its kind.

        Raises:
            OptionError: if it is none.
        """
        try:
            return self._parse(value)
        except ValueError:
            raise OptionError(
                f"--{self.name}", "not a value of this flag", expected=self.kind, got=repr(value)
            ) from None

    def give(self, text: Any) -> None:
        """Takes a value from the command line."""
        value = self.parsed(text)
        if self.is_multi and self.present:
            value = self.value + value
        self.value = value
        self.present = True

    def add_validator(self, check: Callable[[Any], bool], message: str) -> None:
        """Adds a condition on its value."""
        self._validators.append((check, message))

    def validate(self) -> None:
        """Looks at the conditions.

        Raises:
            OptionError: if one does not hold.
        """
        for check, message in self._validators:
            if not check(self.value):
                raise OptionError(f"--{self.name}", message, got=repr(self.value))

    def reset(self) -> None:
        """Takes back what the command line said."""
        self.value, self.present = self.default, False


class FlagValues:
    """All flags: `FLAGS.name` is the value of one; the first look reads `sys.argv`."""

    def __init__(self) -> None:
        object.__setattr__(self, "_flags", {})
        object.__setattr__(self, "_parsed", False)

    _flags: dict[str, Flag]
    _parsed: bool

    def define(self, flag: Flag) -> None:
        """Adds a flag; defined again by the same line it replaces the old one.

        Raises:
            OptionError: if another line has defined it.
        """
        old = self._flags.get(flag.name)
        if old is not None and (old.site is None or old.site != flag.site):
            raise OptionError(
                f"--{flag.name}", "the flag is defined twice", got="a second definition",
                site=old.site,
            )  # fmt: skip
        self._flags[flag.name] = flag

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Reads flags.

        Args:
            argv: the program's name and arguments; what follows the first that is no flag, or
                `--`, is left alone.
            known_only: leaves unknown flags alone rather than refusing them.

        Returns:
            The program's name and what is left.

        Raises:
            OptionError: if a flag is unknown, has a value of another kind, or a needed one is
                missing.
        """
        if not argv:
            raise OptionError("flags", "argv is empty", expected="the program's name at least")
        left, rest = [argv[0]], list(argv[1:])
        while rest:
            argument = rest.pop(0)
            if argument == "--":
                break
            if not argument.startswith("-") or argument == "-":
                rest.insert(0, argument)
                break
            if not self._take(argument, rest):
                if not known_only:
                    raise self._unknown(argument)
                left.append(argument)
        object.__setattr__(self, "_parsed", True)
        for flag in self._flags.values():
            flag.validate()
        return [*left, *rest]

    def _take(self, argument: str, rest: list[str]) -> bool:
        """Reads one flag, and its value if that stands apart; False if it is unknown."""
        name, has_value, value = argument.lstrip("-").partition("=")
        if name in ("help", "helpfull", "helpshort") and name not in self._flags:
            self._show_help()
        flag = self._flags.get(name)
        if flag is None:
            positive = self._flags.get(name.removeprefix("no"))
            if positive is None or not positive.is_boolean or has_value:
                return False
            positive.give(False)
        elif has_value:
            flag.give(value)
        elif flag.is_boolean:
            flag.give(True)
        elif rest:
            flag.give(rest.pop(0))
        else:
            raise OptionError(argument, "the value is missing", expected=flag.kind)
        return True

    def _unknown(self, argument: str) -> OptionError:
        name = argument.lstrip("-").partition("=")[0]
        return OptionError(
            "flags", "unknown flag", got=repr(argument), hint=nearest(name, self._flags)
        )

    def _show_help(self) -> None:
        sys.stdout.write(f"flags of {os.path.basename(sys.argv[0])}:\n\n")
        for flag in sorted(self._flags.values(), key=lambda flag: flag.name):
            sign = "[no]" if flag.is_boolean else ""
            sys.stdout.write(f"  --{sign}{flag.name}: {flag.kind}, default {flag.default!r}\n")
            sys.stdout.write(textwrap.indent(textwrap.fill(flag.help, 76), "      ") + "\n")
        sys.exit(1)

    def is_parsed(self) -> bool:
        """Whether the command line was read."""
        return self._parsed

    def mark_as_parsed(self) -> None:
        """Says that the command line need not be read."""
        object.__setattr__(self, "_parsed", True)

    def unparse_flags(self) -> None:
        """Takes back what the command line said."""
        object.__setattr__(self, "_parsed", False)
        for flag in self._flags.values():
            flag.reset()

    def flag_values_dict(self) -> dict[str, Any]:
        """All values by name."""
        return {name: flag.value for name, flag in self._flags.items()}

    def set_default(self, name: str, value: Any) -> None:
        """Changes what a flag is if it is not given."""
        flag = self[name]
        flag.default = None if value is None else flag.parsed(value)
        if not flag.present:
            flag.value = flag.default

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._flags:
            hint = nearest(name, self._flags)
            raise AttributeError(f"no flag {name!r}" + (f": {hint}" if hint else ""), name=name)
        if not self._parsed:
            self(sys.argv)
        return self._flags[name].value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name].value = value

    def __delattr__(self, name: str) -> None:
        del self._flags[name]

    def __getitem__(self, name: str) -> Flag:
        if name not in self._flags:
            raise OptionError("flags", f"no flag {name!r}", hint=nearest(name, self._flags))
        return self._flags[name]

    def __contains__(self, name: object) -> bool:
        return name in self._flags

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags)

    def __len__(self) -> int:
        return len(self._flags)

    def __dir__(self) -> Iterable[str]:
        return sorted(self._flags)


FLAGS = FlagValues()


def _define(
    parse: Callable[[Any], Any], kind: str, name: Any, default: Any, help: Any, old_names: Any
) -> None:
    """Defines a flag, whose arguments may have the names they had before 1.5."""
    old = [old_names.pop(key, None) for key in ("flag_name", "default_value", "docstring")]
    name = either("flags", "name", name, "flag_name", old[0])
    default = either("flags", "default", default, "default_value", old[1])
    help = either("flags", "help", help, "docstring", old[2])
    if name is None or old_names:
        raise OptionError(
            "flags",
            "arguments of a flag",
            expected="name, default and help",
            got=", ".join(old_names) or "no name",
        )
    FLAGS.define(Flag(name, default, help, parse, kind, user_site(2)))


def DEFINE_string(name: Any = None, default: Any = None, help: Any = None, **args: Any) -> None:
    """Defines a flag of text."""
    _define(str, "text", name, default, help, args)


def DEFINE_integer(
    name: Any = None,
    default: Any = None,
    help: Any = None,
    lower_bound: int | None = None,
    upper_bound: int | None = None,
    **args: Any,
) -> None:
    """Defines a flag of an integer, which may have bounds."""
    kind = "an integer" + _bounds(lower_bound, upper_bound)
    _define(_within(_integer, lower_bound, upper_bound), kind, name, default, help, args)


def DEFINE_float(
    name: Any = None,
    default: Any = None,
    help: Any = None,
    lower_bound: float | None = None,
    upper_bound: float | None = None,
    **args: Any,
) -> None:
    """Defines a flag of a number, which may have bounds."""
    kind = "a number" + _bounds(lower_bound, upper_bound)
    _define(_within(float, lower_bound, upper_bound), kind, name, default, help, args)


def DEFINE_boolean(name: Any = None, default: Any = None, help: Any = None, **args: Any) -> None:
    """Defines a flag of true or false: `--name`, `--noname`, `--name=false`."""
    _define(_boolean, "a boolean", name, default, help, args)


DEFINE_bool = DEFINE_boolean


def DEFINE_enum(
    name: Any, default: Any, enum_values: Sequence[str], help: Any = None, **args: Any
) -> None:
    """Defines a flag of one of several texts."""
    known = [str(value) for value in enum_values]

    def parse(value: Any) -> str:
        if value not in known:
            raise ValueError
        return str(value)

    _define(parse, "one of " + ", ".join(known), name, default, help, args)


def DEFINE_list(name: Any = None, default: Any = None, help: Any = None, **args: Any) -> None:
    """Defines a flag of texts with commas between them."""
    _define(_list, "texts with commas between", name, default, help, args)


def DEFINE_multi_string(
    name: Any = None, default: Any = None, help: Any = None, **args: Any
) -> None:
    """Defines a flag of text that may be given several times; its value is a list."""
    _define(_many(str), "several texts", name, default, help, args)


def DEFINE_multi_integer(
    name: Any = None, default: Any = None, help: Any = None, **args: Any
) -> None:
    """Defines a flag of an integer that may be given several times; its value is a list."""
    _define(_many(_integer), "several integers", name, default, help, args)


def DEFINE_multi_float(
    name: Any = None, default: Any = None, help: Any = None, **args: Any
) -> None:
    """Defines a flag of a number that may be given several times; its value is a list."""
    _define(_many(float), "several numbers", name, default, help, args)


def register_validator(
    flag_name: str, checker: Callable[[Any], bool], message: str = "Flag validation failed"
) -> None:
    """Adds a condition that the value of a flag must fulfil."""
    FLAGS[flag_name].add_validator(checker, message)


def mark_flag_as_required(flag_name: str) -> None:
    """Makes it an error to leave a flag away."""
    register_validator(flag_name, lambda value: value is not None, "the flag must be given")


def mark_flags_as_required(flag_names: Iterable[str]) -> None:
    """Makes it an error to leave one of several flags away."""
    for name in flag_names:
        mark_flag_as_required(name)


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value, 0)
    if int(value) != value:
        raise ValueError
    return int(value)


def _boolean(value: Any) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value else []
    return list(value)


def _many(parse: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def parse_all(value: Any) -> list[Any]:
        items = value if isinstance(value, list | tuple) else [value]
        return [parse(item) for item in items]

    return parse_all


def _within(parse: Callable[[Any], Any], lower: Any, upper: Any) -> Callable[[Any], Any]:
    def parse_within(value: Any) -> Any:
        number = parse(value)
        if (lower is not None and number < lower) or (upper is not None and number > upper):
            raise ValueError
        return number

    return parse_within


def _bounds(lower: Any, upper: Any) -> str:
    parts = [f">= {lower}"] * (lower is not None) + [f"<= {upper}"] * (upper is not None)
    return " " + " and ".join(parts) if parts else ""
