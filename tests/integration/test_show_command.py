"""`request-lens show` over a table in an emulated DynamoDB."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.calls import FITS
from request_lens.presentation.certainty import INEXACT
from tests.support.deployed_stack import DeployedLens
from tests.support.facts import at, call, linked, pending, tag
from tests.support.sample_states import costing, settled


def test_the_waterfall_has_a_line_for_each_call_in_order(lens: DeployedLens) -> None:
    lens.plays("article")

    lines = lens.answer("show", "8vyhhrKPTgKzGt2=").splitlines()

    whole, first, second = (next(line for line in lines if line.startswith(name)) for name in _NAMES)
    assert first.index("█") < second.index("█")
    assert whole.count("█") == first.count("█") + second.count("█")
    assert first.endswith("1.84 s · tool_use")


_NAMES = ("request", "call 1", "call 2")


def test_each_call_has_its_model_tokens_latency_stop_reason_and_link(lens: DeployedLens) -> None:
    lens.plays("article")

    output = lens.answer("show", "8vyhhrKPTgKzGt2=", columns=170)

    (first,) = [line for line in output.splitlines() if line.startswith("1 ")]
    for part in ("1.84 s", "892 / 57", "tool_use", "window (assumed)", "jp.anthropic.claude-haiku-4-5-20251001-v1:0"):
        assert part in first
    assert "2 LLM calls" in output
    assert "LLM time ≈ 3.35 s, other time ≈ 1.44 s (in tools: unknown)" in output


def test_a_count_by_time_has_its_sign_and_says_what_it_means(lens: DeployedLens) -> None:
    lens.plays("article")
    lens.holds(settled("r1", call("i1", 1, tag=tag("r1", 1))))

    shown = lens.answer("show", "8vyhhrKPTgKzGt2=")
    assert f"≈ 2 LLM calls ({INEXACT})" in " ".join(shown.split())
    assert re.findall(r"≈ [\d.,$]*\d", shown) == ["≈ 2", "≈ 3.35", "≈ 1.44", "≈ 1,903", "≈ 88", "≈ $0.002577"]
    assert "≈" not in lens.answer("show", "r1")


FIRST_CALL = "15bd25c3-6d02-4891-8686-a7f152b12ad1"


def test_a_linked_call_s_id_shows_its_request(lens: DeployedLens) -> None:
    lens.plays("article")
    state = lens.document("show", "8vyhhrKPTgKzGt2=")
    second = str(state["invocations"][1]["invocation_id"])

    shown = lens.answer("show", second)

    assert shown == f"Call {second} is number 2 of this request:\n{lens.answer('show', '8vyhhrKPTgKzGt2=')}"
    assert lens.document("show", second) == state
    piped = lens.ask("show", second, piped=True)
    assert piped.stdout == lens.ask("show", "8vyhhrKPTgKzGt2=", piped=True).stdout
    assert piped.stderr == f"Call {second} is number 2 of this request:\n"


def test_a_tagged_call_s_id_shows_its_request(lens: DeployedLens) -> None:
    lens.holds(settled("r0"), settled("r1", call(FIRST_CALL, 1, tag=tag("r1", 1))))

    assert lens.answer("show", FIRST_CALL).startswith(f"Call {FIRST_CALL} is number 1 of this request:\nr1  POST")
    unknown = lens.ask("show", FIRST_CALL.replace("1", "2"))
    assert (unknown.exit_code, "it is mistyped, its logs have not arrived, or it has expired" in unknown.stderr) == (
        1,
        True,
    )


def test_an_unattributed_call_s_id_says_why_it_has_no_request(lens: DeployedLens) -> None:
    decision = Unattributed(reason=Reason.AMBIGUOUS, candidates=3)
    lens.holds_untagged(replace(pending(call(FIRST_CALL, 1)), decision=decision))

    why = f"Call {FIRST_CALL} of 2025-12-04 is unattributed: fits 3 requests (ambiguous)"
    shown = lens.answer("show", FIRST_CALL)
    assert shown.startswith(f"{why}.\n\nInvocation")
    assert "No room for" not in shown
    fields = dict(line.split("  ", 1) for line in shown.splitlines()[2:])
    assert fields["Why"].strip() == "unattributed: ambiguous (fits 3 requests)"
    assert {"Latency", "Tokens in/out", "Ended with", "Model", "Caller's role"} < set(fields)
    assert max(map(len, shown.splitlines()[2:])) <= 80
    document = json.loads(lens.answer("show", FIRST_CALL, "--format", "json"))
    assert (document["reason"], document["candidates"], document["link"]) == ("ambiguous", 3, None)
    refused = lens.ask("show", FIRST_CALL, "--web")
    assert (refused.exit_code, "--web shows what there is of a request" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("fitting", "named"),
    [(1, "r0"), (2, "r0 or r1"), (5, "r0, r1, r2, r3 or r4"), (6, "r0, r1, r2, r3, r4 or 1 more")],
)
def test_the_requests_that_an_unattributed_call_fits_are_named(lens: DeployedLens, fitting: int, named: str) -> None:
    lens.holds(*(settled(f"r{number}", possible_calls=1) for number in range(fitting)))
    ambiguous = Unattributed(reason=Reason.AMBIGUOUS, candidates=fitting)
    lens.holds_untagged(replace(pending(call(FIRST_CALL, 1)), decision=ambiguous))

    assert f"(ambiguous).\nIt may be a call of {named}.\n\nInvocation" in lens.answer("show", FIRST_CALL)
    ids = [f"r{number}" for number in range(fitting)]
    assert json.loads(lens.answer("show", FIRST_CALL, "--format", "json"))["fitting_requests"] == ids
    piped = lens.ask("show", FIRST_CALL, piped=True)
    assert f"It may be a call of {named}." in piped.stderr
    assert "may be" not in piped.stdout


def test_a_scenario_s_unattributed_calls_fit_those_requests_that_their_decisions_counted(lens: DeployedLens) -> None:
    lens.plays("overlap")
    asked = replace(lens, now=datetime(2025, 12, 4, 19, 40, tzinfo=UTC))
    unattributed = json.loads(asked.answer("requests", "--unattributed", "--format", "json"))["unattributed"]

    assert len(unattributed) == 17
    for each in unattributed:
        fitting = json.loads(asked.answer("show", each["invocation_id"], "--format", "json"))["fitting_requests"]
        assert len(set(fitting)) == len(fitting) == each["candidates"]


def test_requests_that_are_not_as_many_as_were_counted_are_not_named(lens: DeployedLens) -> None:
    lens.holds(settled("r1", possible_calls=1))
    ambiguous = Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    lens.holds_untagged(replace(pending(call(FIRST_CALL, 1)), decision=ambiguous))

    assert "may be a call of" not in lens.answer("show", FIRST_CALL)
    assert json.loads(lens.answer("show", FIRST_CALL, "--format", "json"))["fitting_requests"] is None


def test_a_call_that_is_not_decided_yet_is_pending(lens: DeployedLens) -> None:
    lens.holds_untagged(pending(call("i1", 1)))

    assert "is pending: not decided yet." in lens.answer("show", "i1")
    assert lens.document("show", "i1")["reason"] is None


def test_an_id_may_lack_the_sign_at_its_end(lens: DeployedLens) -> None:
    """A double click on an HTTP API's id selects all but the "="."""
    lens.plays("article")

    assert lens.answer("show", "8vyhhrKPTgKzGt2") == lens.answer("show", "8vyhhrKPTgKzGt2=")


def test_an_id_may_begin_with_the_sign_of_an_option(lens: DeployedLens) -> None:
    lens.holds(settled("-nSvQ6KgcvhaTkM=", call("i1", 1)))

    shown = lens.answer("show", "-nSvQ6KgcvhaTkM=")
    assert shown.startswith("-nSvQ6KgcvhaTkM=")
    assert lens.answer("show", "-nSvQ6KgcvhaTkM") == lens.answer("show", "--", "-nSvQ6KgcvhaTkM=") == shown
    assert '"request_id": "-nSvQ6KgcvhaTkM="' in lens.answer("show", "-nSvQ6KgcvhaTkM=", "--format", "json")


def test_without_a_cost_the_prices_are_left_out(lens: DeployedLens) -> None:
    lens.holds(settled("r1", possible_calls=2))

    assert "Estimated cost: unknown\n" in lens.answer("show", "r1", columns=200)


def test_local_times_are_of_this_machines_zone(lens: DeployedLens, monkeypatch: pytest.MonkeyPatch) -> None:
    lens.plays("article")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        local = lens.answer("show", "8vyhhrKPTgKzGt2=", "--local", columns=170)
        utc = lens.answer("show", "8vyhhrKPTgKzGt2=", columns=170)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert "2025-12-04 23:56:59.214 IST, status 200" in local
    assert "Start (local)" in local
    assert next(line for line in local.splitlines() if line.startswith("1 ")).split()[1] == "23:56:59"
    assert "2025-12-04 18:26:59.214 UTC, status 200" in utc
    assert next(line for line in utc.splitlines() if line.startswith("1 ")).split()[1] == "18:26:59"


def test_a_pipe_gets_the_columns_of_a_list_one_a_line_and_then_the_calls(lens: DeployedLens) -> None:
    lens.plays("article")

    shown = lens.ask("show", "8vyhhrKPTgKzGt2=", piped=True)
    lines = [line.split("\t") for line in shown.stdout.splitlines()]
    listed = [line.split("\t") for line in lens.ask("requests", piped=True).stdout.splitlines()]
    fields, calls = [line for line in lines if len(line) == 2], [line for line in lines if len(line) > 2]

    assert fields == [list(pair) for pair in zip(listed[0], listed[1], strict=True)]
    assert lines == [*fields, [""], *calls]
    assert calls[0][:4] == ["#", "Invocation", "Start (UTC)", "Latency (s)"]
    assert [call[2:5] for call in calls[1:]] == [
        ["2025-12-04 18:26:59", "1.843", "tool_use"],
        ["2025-12-04 18:27:02", "1.509", "end_turn"],
    ]
    assert {len(call) for call in calls} == {len(calls[0])}
    assert shown.stderr == ""


def test_a_pipe_gets_every_call_that_may_be_its_own_and_why_beside_it(lens: DeployedLens) -> None:
    lens.plays("overlap")

    shown = lens.ask("show", "Sk7WxWDwnQoPOEK=", piped=True)
    (head,) = [line for line in shown.stdout.splitlines() if line.startswith("May be its own")]

    assert head.split("\t") == ["May be its own", "Logged (UTC)", "Latency (s)", "Fits", "Model", "Error"]
    assert len(shown.stdout.partition(head)[2].splitlines()) == 1 + 9
    assert shown.stdout.splitlines().count("") == 1
    assert shown.stdout.partition(head)[0].endswith("\n\n")
    assert shown.stderr.startswith("Uncertain: 9 unlinked calls")
    assert shown.stderr.endswith(f"{FITS}\n")
    assert FITS in " ".join(lens.answer("show", "Sk7WxWDwnQoPOEK=").split())


def test_errors_and_throttles_are_counted(lens: DeployedLens) -> None:
    lens.holds(settled("r1", call("i1", 1, error_code="ThrottlingException"), call("i2", 2)))

    output = lens.answer("show", "r1")

    assert f"≈ 1 LLM call ({INEXACT}), 1 failed, throttled" in " ".join(output.split())
    assert "ThrottlingException" in output


def test_a_late_revision_and_a_partial_cost_are_said(lens: DeployedLens) -> None:
    lens.holds(replace(costing(settled("r1", call("i1", 1), call("i2", 2)), "0.5", unpriced=1), revision=2))

    output = lens.answer("show", "r1")

    assert "revision 2" in output
    assert "Estimated cost: ≈ $0.500000 + 1 unpriced" in output


def test_a_pending_call_is_shown_where_it_would_be_linked(lens: DeployedLens) -> None:
    lens.holds(replace(settled("r1"), revision=0, summary=None))
    lens.holds_untagged(pending(call("i1", 1)))

    output = lens.answer("show", "r1", columns=170)

    assert "Pending: not settled yet" in output
    assert "1 call not decided yet" in output
    assert "window (assumed), provisional" in output


def test_tagged_calls_without_their_request_are_pending_or_unattributed(lens: DeployedLens) -> None:
    tagged = linked(call("i1", 1, tag=tag("r9", 1)))
    lens.holds(RequestState(request_id=tagged.link.request_id, invocations=(tagged,)))

    assert "1 tagged call pending" in lens.answer("show", "r9")
    assert lens.document("show", "r9")["invocations"][0]["invocation_id"] == "i1"
    lens.store.mark_orphaned(tagged.link.request_id)
    assert "1 tagged call unattributed" in lens.answer("show", "r9")


def test_a_request_without_calls_is_shown(lens: DeployedLens) -> None:
    lens.holds(replace(settled("r1"), stored_at=at(20)))

    assert "0 LLM calls" in lens.answer("show", "r1")


def test_a_request_that_is_not_known_is_a_failure_that_says_what_to_do(lens: DeployedLens) -> None:
    result = lens.ask("show", "nothing")

    assert result.exit_code == 1
    assert "request-lens requests" in result.stderr
    assert result.stdout == ""
