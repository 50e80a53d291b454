"""Help texts of the commands: examples as they are typed, and a table of the exit codes."""

import re
from collections.abc import Iterator, Mapping
from textwrap import wrap

EXIT_CODES: Mapping[int, str] = {
    0: "answered, and an empty list is an answer",
    1: "not answered: the stack or its table cannot be read, or nothing is known of the request",
}
"""Of a command that asks a stack."""

_WIDTH = 76
"""Characters of an example beside its indentation, in a terminal of 80 columns."""

_WORD = re.compile(r"""(?:--?[a-z][\w-]* (?!-))?(?:"[^"]*"|'[^']*'|\S)+""")
"""A word of a command, or an option with its value."""


def examples(*lines: str, exit_codes: Mapping[int, str] = EXIT_CODES) -> str:
    """The end of a command's help: its examples, and what the exit codes say."""
    typed = (f"  {part}" for line in lines for part in _continued(line))
    return "\n".join(["\b", "Examples:", *typed, "", exit_code_table(exit_codes)])


def exit_code_table(meanings: Mapping[int, str]) -> str:
    """A line, or several, for each exit code; 2 is the same in every command."""
    said = {2: "the command line is wrong", **meanings}
    lines = (line for code in sorted(said) for line in _hung(f"  {code}  ", said[code]))
    return "\n".join(["\b", "Exit codes:", *lines])


def _hung(head: str, text: str) -> list[str]:
    below = " " * len(head)
    return wrap(text, _WIDTH, initial_indent=head, subsequent_indent=below, break_on_hyphens=False)


def _continued(line: str) -> Iterator[str]:
    """The command in lines that a shell reads as one."""
    part = ""
    for word in [line] if len(line) <= _WIDTH else _WORD.findall(line):
        if part and len(f"{part} {word} \\") > _WIDTH:
            yield f"{part} \\"
            part = f"  {word}"
        else:
            part = f"{part} {word}" if part else word
    yield part
