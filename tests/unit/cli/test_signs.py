"""What the command says on a terminal whose encoding has none of our signs: others, as wide, and never a traceback."""

import io
import os
import subprocess
import sys

import pytest

from request_lens_cli.signs import SIGNS, speak_any_encoding
from request_lens_cli.terminal.timeline.cells import LEGEND
from scripts.scenarios.generate import EVENTS

OVERLAP = [str(EVENTS / "overlap" / f"{name}.ndjson") for name in ("access", "invocations")]
TERMINAL = {"TTY_COMPATIBLE": "1", "TERM": "dumb", "LINES": "50", "COLUMNS": "110", "NO_COLOR": "1"}


def written(text: str, encoding: str = "ascii") -> str:
    """What comes out of a stream of this encoding."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    speak_any_encoding([stream, None])
    stream.write(text)
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode(encoding)


def run(*arguments: str, **variables: str) -> tuple[bytes, bytes]:
    """What the command writes in a process of its own."""
    command = [sys.executable, "-c", "from request_lens_cli.entry import run; run()", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    done = subprocess.run(command, env=environment | TERMINAL | variables, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("≥ 2 calls", ">=2 calls"),
        ("(≥2)", "(>=2)"),
        ("≈ 1", "~ 1"),
        ("ends with ≥", "ends with >="),
        ("ca…tal", "ca*tal"),
        ("FILE…", "FILE..."),
        ("waits … 3 s", "waits ... 3 s"),
        ("⠙ 雪", ". ?"),
    ],
)
def test_a_sign_that_is_lacking_has_another_in_its_place(text: str, ascii_text: str) -> None:
    assert written(text) == ascii_text


def test_an_encoding_keeps_the_signs_that_it_has() -> None:
    assert written("≥ 1 · – é", "utf-8") == "≥ 1 · – é"
    assert written("≥ 1 · – é", "cp1252") == ">=1 · – é"


def test_what_fills_a_bar_is_as_wide_and_told_apart() -> None:
    stand_ins = [written(sign.character) for sign in LEGEND]

    assert {len(stand_in) for stand_in in stand_ins} == {1}
    assert len(set(stand_ins)) == len(LEGEND)
    assert all(stand_in.isascii() for stand_in in SIGNS.values())


@pytest.mark.parametrize(
    "arguments",
    [("replay", *OVERLAP), ("inspect", *OVERLAP), ("replay", "--help"), ("doctor", "--help"), ("--help",), ("repl…y",)],
    ids=["replay", "inspect", "replay-help", "doctor-help", "help", "misspelt"],
)
def test_a_terminal_of_ascii_gets_nothing_else(arguments: tuple[str, ...]) -> None:
    output, errors = run(*arguments, PYTHONIOENCODING="ascii")

    assert (output + errors).isascii()
    assert b"?" not in output.replace(b"?  AWS did not let it look", b"")


def test_columns_are_where_they_are_with_the_signs() -> None:
    plain, signed = (run("replay", *OVERLAP, PYTHONIOENCODING=encoding)[0] for encoding in ("ascii", "utf-8"))

    lines = zip(plain.decode().splitlines(), signed.decode().splitlines(), strict=True)
    assert [(one, other) for one, other in lines if len(one) != len(other)] == []
    assert b">=0  8 possible" in plain
    assert b"19:02:11 | POST /ask  uEib4dVDhNShOko=  ////" in plain


def test_the_locale_c_is_no_traceback_and_changes_no_figure() -> None:
    assert run("replay", *OVERLAP, LC_ALL="C") == run("replay", *OVERLAP, LC_ALL="C.UTF-8")
