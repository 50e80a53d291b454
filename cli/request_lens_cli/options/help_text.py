"""Help texts of the commands: examples as they are typed, and the exit codes."""

EXIT_CODES = """\b
Exit codes: 0 answered, and an empty list is an answer; 1 not answered: the stack
or its table cannot be read, or nothing is known of the request; 2 wrong usage."""


def examples(*lines: str, exit_codes: str = EXIT_CODES) -> str:
    """The end of a command's help: its examples, and what the exit codes say."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", exit_codes])
