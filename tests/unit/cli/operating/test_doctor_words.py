"""What doctor says of the assumptions, and how its findings are printed."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO

from rich.console import Console

from request_lens.domain.policy import Policy
from request_lens_cli.diagnosis.finding import Outcome, note
from request_lens_cli.diagnosis.finding_view import show_finding
from request_lens_cli.diagnosis.notes.attribution import note_assumptions
from request_lens_cli.report.report import Report
from tests.support.facts import call, pending
from tests.support.sample_states import settled

LATE = replace(pending(call("late")), stored_at=call("late").logged_at + timedelta(minutes=5))
LONG = settled("long", duration_ms=45_000)


def test_the_local_aws_is_not_said_to_need_what_its_own_short_waits_break() -> None:
    report = Report(requests=[LONG], unlinked=[LATE])

    (local,) = note_assumptions(report, Policy(), is_local=True)
    (deployed,) = note_assumptions(report, Policy(), is_local=False)

    assert (local.outcome, local.remedy) == (Outcome.FINE, "")
    assert "logs_come_in_time" in local.text
    assert "requests_end_in_time" in local.text
    assert "the local AWS shortens LinkDelaySeconds" in local.text
    assert deployed.outcome is Outcome.NOTE
    assert deployed.remedy.startswith("Raise ")


def test_an_assumption_that_held_everywhere_is_said_to_hold() -> None:
    (local,) = note_assumptions(Report(requests=[], unlinked=[]), Policy(), is_local=True)

    assert local.text == "What links by time rest on held."


def test_a_finding_in_a_pipe_is_one_line() -> None:
    output = StringIO()
    text = " ".join(["There are some."] * 9)

    show_finding(note("spans", text, "Attach [them]."), Console(file=output, width=80))

    assert output.getvalue() == f"! spans: {text} → Attach [them].\n"


def test_a_finding_on_a_terminal_is_folded_without_trailing_blanks() -> None:
    output = StringIO()

    show_finding(
        note("spans", "There are some. " * 9, "Attach them."),
        Console(file=output, width=80, force_terminal=True, color_system=None),
    )

    lines = output.getvalue().splitlines()
    assert len(lines) > 2
    assert lines == [line.rstrip() for line in lines]
