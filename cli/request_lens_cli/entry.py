"""Where the `request-lens` command begins: Ctrl-C ends it quietly while its own modules are still imported, too."""

import sys
from importlib import import_module

ABORTED = 1
"""The exit code after Ctrl-C, as click has it once the command runs."""


def run() -> None:
    """Run the command."""
    try:
        import_module("request_lens_cli.main").main()
    except KeyboardInterrupt:
        sys.stderr.write("\nAborted!\n")
        sys.exit(ABORTED)
