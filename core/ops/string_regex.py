"""Regular expressions on strings, in Python's syntax and with RE2's rule for replacements."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from ..errors import OptionError, user_site
from ..graph import Tensor
from ..opdef import apply, register
from ..types import DType, bool_
from .source import convert
from .string import ElementwiseString, as_bytes, encoded, text

__all__ = ["regex_full_match", "regex_replace"]

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)  # as RE2 has \d, \w and \s; Python keeps what it compiles


@register
class RegexReplace(ElementwiseString):
    """Matches replaced.  x: (...) string -> (...) string."""

    pattern: str
    rewrite: str
    replace_global: bool

    def element(self, *values: Any) -> Any:
        """`re.sub`, with the rewriting rule of RE2."""
        count = 0 if self.replace_global else 1
        return encoded(_compiled(self.pattern).sub(self._replacement, text(values[0]), count))

    def _replacement(self, match: re.Match[str]) -> str:
        def filled(escape: re.Match[str]) -> str:
            what = escape[1]
            return (match[int(what)] or "") if what.isdigit() else what

        return _ESCAPE.sub(filled, self.rewrite)


@register
class RegexFullMatch(ElementwiseString):
    """True where all of the string matches.  x: (...) string -> (...) bool."""

    pattern: str
    gives: ClassVar[DType] = bool_

    def element(self, *values: Any) -> Any:
        """`re.fullmatch`."""
        return _compiled(self.pattern).fullmatch(text(values[0])) is not None


def _checked_pattern(where: str, pattern: str | bytes) -> str:
    source = text(as_bytes(pattern))
    try:
        _compiled(source)
    except re.error as error:
        raise OptionError(
            where,
            "not a regular expression",
            expected="Python's syntax of regular expressions",
            got=f"{source!r}: {error}",
            site=user_site(3),
        ) from None
    return source


def _checked_rewrite(where: str, pattern: str, rewrite: str | bytes) -> str:
    rule, last = text(as_bytes(rewrite)), min(_compiled(pattern).groups, 9)
    known = {"\\", *map(str, range(last + 1))}
    if _ESCAPE.sub("", rule).endswith("\\") or not known.issuperset(_ESCAPE.findall(rule)):
        groups = r"\0" if last == 0 else rf"\0 to \{last}"
        raise OptionError(
            where,
            "not a rewriting rule",
            expected=rf"text, {groups} for what a group matched, and \\ for a backslash",
            got=rule,
            site=user_site(3),
        )
    return rule


def regex_replace(
    x: Any, pattern: str, rewrite: str, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""Strings with the matches of a regular expression replaced.

    Args:
        x: (...) string, read as UTF-8.
        pattern: a regular expression in Python's syntax; `\d`, `\w` and `\s` mean ASCII.
        rewrite: what replaces a match; in it `\1` is the first group, `\0` the whole match, and
            two backslashes are one.
        replace_global: False replaces the first match only.
        name: of the node.

    Raises:
        OptionError: if `pattern` or `rewrite` is not one.

    >>> from thalweg.core import Session
    >>> Session().run(regex_replace("2026-11-25", r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1"))
    b'25.11.2026'
    """
    source = _checked_pattern("regex_replace", pattern)
    rule = _checked_rewrite("regex_replace", source, rewrite)
    return apply(RegexReplace(source, rule, bool(replace_global)), convert(x), name=name)


def regex_full_match(x: Any, pattern: str, name: str | None = None) -> Tensor:
    r"""True where all of a string matches a regular expression.

    Args:
        x: (...) string, read as UTF-8.
        pattern: a regular expression in Python's syntax; `\d`, `\w` and `\s` mean ASCII.
        name: of the node.

    Returns:
        (...) bool.

    Raises:
        OptionError: if `pattern` is not one.

    >>> from thalweg.core import Session
    >>> Session().run(regex_full_match(["7", "7a"], r"\d+")).tolist()
    [True, False]
    """
    source = _checked_pattern("regex_full_match", pattern)
    return apply(RegexFullMatch(source), convert(x), name=name)
