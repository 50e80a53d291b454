"""Help texts of the commands: examples as they are typed, and the exit codes."""

import re
from collections.abc import Iterator

EXIT_CODES = (
    "Exit codes: 0 answered, and an empty list is an answer; 1 not answered: the stack or its table cannot be read, or "
    "nothing is known of the request; 2 wrong usage."
)

_WIDTH = 76
"""Characters of an example beside its indentation, in a terminal of 80 columns."""

_WORD = re.compile(r"""(?:--?[a-z][\w-]* (?!-))?(?:"[^"]*"|'[^']*'|\S)+""")
"""A word of a command, or an option with its value."""


def examples(*lines: str, exit_codes: str = EXIT_CODES) -> str:
    """The end of a command's help: its examples, and what the exit codes say."""
    typed = (f"  {part}" for line in lines for part in _continued(line))
    return "\n".join(["\b", "Examples:", *typed, "", exit_codes])


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
