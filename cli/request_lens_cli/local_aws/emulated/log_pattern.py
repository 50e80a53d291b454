"""Which log events a filter pattern of CloudWatch Logs lets pass, as far as Request Lens uses the syntax.

`"term" "term"` are all in the text; of `?"term" ?"term"` any one is; `{ $.key.key = "value" && … || (…) }` holds of the
JSON, where `*` in a value stands for any characters. Run by the emulator's own interpreter, too: standard library only.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

type Condition = Callable[[object], bool]
"""Whether it holds of a JSON value."""

_TERM = re.compile(r'(?P<any>\?)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[\w.:/-]+))')
_TOKEN = re.compile(r'\s*(?:(?P<mark>\(|\)|&&|\|\||=)|\$\.(?P<path>[\w.]+)|"(?P<text>[^"]*)")')


def passes(pattern: str, message: str) -> bool:
    """Whether the pattern lets the log event pass; an empty one lets all. Raises: ValueError for another syntax."""
    return _compiled(pattern.strip())(message)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Callable[[str], bool]:
    if not pattern.startswith("{"):
        return _terms(pattern)
    condition = _Conditions(pattern).read()
    return lambda message: condition(_json(message))


def _terms(pattern: str) -> Callable[[str], bool]:
    if _TERM.sub("", pattern).strip():
        raise ValueError(f"no terms: {pattern}")
    found = [(term["quoted"] or term["bare"], term["any"]) for term in _TERM.finditer(pattern)]
    optional = [text for text, is_optional in found if is_optional]
    needed = [text for text, is_optional in found if not is_optional]
    # terms that are needed make those with ? be ignored
    if optional and not needed:
        return lambda message: any(text in message for text in optional)
    return lambda message: all(text in message for text in needed)


def _json(message: str) -> object:
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


class _Conditions:
    """Reads what stands in braces: `&&` binds tighter than `||`."""

    def __init__(self, pattern: str) -> None:
        if not pattern.endswith("}"):
            raise ValueError(f"a brace is not closed: {pattern}")
        self._tokens = list(_tokens(pattern[1:-1]))

    def read(self) -> Condition:
        """The condition that all of it states. Raises: ValueError."""
        condition = self._any()
        if self._tokens:
            raise ValueError(f"a condition goes on after its end: {self._tokens}")
        return condition

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._takes("||"):
            parts.append(self._all())
        return lambda value: any(part(value) for part in parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._takes("&&"):
            parts.append(self._one())
        return lambda value: all(part(value) for part in parts)

    def _one(self) -> Condition:
        if self._takes("("):
            inner = self._any()
            self._expect("mark", ")")
            return inner
        path = self._expect("path").split(".")
        self._expect("mark", "=")
        words = map(re.escape, self._expect("text").split("*"))
        wanted = re.compile(".*".join(words), re.DOTALL)
        return lambda value: _fits(value, path, wanted)

    def _takes(self, mark: str) -> bool:
        taken = self._tokens[:1] == [("mark", mark)]
        if taken:
            del self._tokens[0]
        return taken

    def _expect(self, kind: str, text: str | None = None) -> str:
        found = self._tokens.pop(0) if self._tokens else ("nothing", "")
        if found[0] != kind or text not in (None, found[1]):
            raise ValueError(f"{text or kind} expected, not {found[1] or found[0]}")
        return found[1]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Each part of the text with its kind. Raises: ValueError where it is no part of a condition."""
    at, end = 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise ValueError(f"no condition: {text[at:]}")
        yield token.lastgroup, token[token.lastgroup]
        at = token.end()


def _fits(value: object, path: list[str], wanted: re.Pattern[str]) -> bool:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return isinstance(value, str) and wanted.fullmatch(value) is not None
