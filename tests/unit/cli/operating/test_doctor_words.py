"""What doctor says of the assumptions, and how its findings are printed."""

import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from request_lens.domain.linking.link import Assumption, Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens_cli.diagnosis.checks.requests import NOTHING_CAME
from request_lens_cli.diagnosis.finding import Finding, Outcome, exit_code, note, tolerating, warning
from request_lens_cli.diagnosis.finding_view import show_finding, verdict
from request_lens_cli.diagnosis.notes.attribution import note_assumptions, note_tags, note_unattributed, note_uncertain
from request_lens_cli.main import main
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.reasons import HOW_TO_LINK_EXACTLY
from request_lens_cli.report.report import Report
from tests.support.facts import call, pending, tag
from tests.support.sample_states import settled
from tests.support.telemetry.traced_states import MISSING
from tests.support.telemetry.traced_states import traced_state as state_with_spans

NOBODYS = replace(pending(call("nobodys", 5)), decision=Unattributed(reason=Reason.NO_REQUEST))
LATE = replace(pending(call("late")), stored_at=call("late").logged_at + timedelta(minutes=5))
LONG = settled("long", duration_ms=45_000)


def test_the_local_aws_is_not_said_to_need_what_its_own_short_waits_break() -> None:
    report = Report(requests=[LONG], unlinked=[LATE])

    local = list(note_assumptions(report, Policy(), is_local=True))
    deployed = list(note_assumptions(report, Policy(), is_local=False))

    assert [(each.outcome, each.remedy) for each in local] == [(Outcome.NOTE, "")] * 2
    assert local[0].text.startswith(
        "Requests outlasted MaxRequestSeconds, seen at 1 request, as is to be expected here: "
    )
    assert local[1].text.startswith(
        "Logs came later than LinkDelaySeconds, seen at 1 call, as is to be expected here: "
    )
    assert all("the local AWS shortens LinkDelaySeconds" in each.text for each in local)
    assert {each.outcome for each in deployed} == {Outcome.WARNING}


def test_each_broken_assumption_has_its_advice_with_the_wait_as_it_is() -> None:
    policy = Policy(link_delay=timedelta(seconds=90), max_request=timedelta(seconds=40))
    requests = [settled("r1"), *(broken(assumption) for assumption in Assumption)]

    found = list(note_assumptions(Report(requests=requests, unlinked=[]), policy, is_local=False))

    assert len(found) == len(Assumption) == len({each.text for each in found})
    assert {each.check for each in found} == {"assumptions"}
    remedies = {each.text.rpartition("(")[2].removesuffix(")."): each.remedy for each in found}
    assert set(remedies) == set(Assumption)
    assert remedies[Assumption.LOGS_COME_IN_TIME] == "Raise LinkDelaySeconds, which is 90 here."
    assert remedies[Assumption.SPANS_COME_IN_TIME] == "Raise LinkDelaySeconds, which is 90 here."
    assert remedies[Assumption.REQUESTS_END_IN_TIME] == "Raise MaxRequestSeconds, which is 40 here."
    assert remedies[Assumption.ONE_LOOP_PER_REQUEST] == "Deploy with OneLoopPerRequest=false."


def broken(assumption: Assumption) -> RequestState:
    """A request that shows an assumption broken."""
    state = settled(f"breaks-{assumption}")
    assert state.summary is not None
    return replace(state, summary=replace(state.summary, violates=(assumption,)))


def test_an_assumption_that_held_everywhere_is_said_to_hold() -> None:
    (local,) = note_assumptions(Report(requests=[], unlinked=[]), Policy(), is_local=True)

    assert local.text == "No assumption that links by time rest on was broken in the last day."


@pytest.mark.parametrize(("tolerated", "code"), [(0.0, 4), (0.049, 4), (0.05, 0), (1.0, 0)])
def test_what_concerns_no_more_than_is_tolerated_is_a_note_and_no_warning(tolerated: float, code: int) -> None:
    found = tolerating(warning("uncertain", "text", "remedy", share=0.05), tolerated)

    assert exit_code([found]) == code
    assert found.outcome is (Outcome.WARNING if code else Outcome.NOTE)


def test_neither_a_fault_nor_what_was_not_seen_is_tolerated() -> None:
    for outcome in (Outcome.FAULT, Outcome.UNSEEN):
        found = Finding(check="c", outcome=outcome, text="t", share=0.0)

        assert tolerating(found, 1.0) is found


def test_warnings_say_the_share_that_they_are_about() -> None:
    certain = [settled(f"r{number}", call(f"i{number}", number), start=number) for number in range(3)]
    lost = replace(pending(call("lost")), decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=2))
    report = Report(requests=[*certain, settled("unsure", possible_calls=1)], unlinked=[lost])

    (unattributed,), (uncertain,) = note_unattributed(report), note_uncertain(report)

    assert (unattributed.share, uncertain.share) == (0.25, 0.25)
    assert "25% of the calls belong to no request" in unattributed.text
    assert uncertain.text.startswith("1 request (25%) may have made more calls")


def test_requests_with_calls_linked_by_time_are_not_said_to_be_exact() -> None:
    by_time = [settled(f"r{number}", call(f"i{number}", number, tag=None), start=number) for number in range(3)]
    by_tag = settled("tagged", call("i9", tag=tag("tagged")))

    (about,) = note_uncertain(Report(requests=[*by_time, by_tag], unlinked=[]))
    (exact,) = note_uncertain(Report(requests=[by_tag], unlinked=[]))
    (unsure,) = note_uncertain(Report(requests=[*by_time[:1], settled("unsure", possible_calls=1)], unlinked=[]))

    assert about.outcome is Outcome.NOTE
    assert about.text == (
        "No request of the last day is uncertain, but 3 have calls linked by time (≈): "
        "these are likely theirs, not surely."
    )
    assert about.remedy == (
        "For exact links tag the calls, or have the agents' spans read (docs/tagging.md, docs/attaching.md)."
    )
    assert exact.outcome is Outcome.FINE
    assert unsure.text.endswith(" Of the others 1 has calls linked by time (≈).")


def test_incomplete_requests_are_not_said_to_have_all_their_calls() -> None:
    (found,) = note_uncertain(Report(requests=[state_with_spans("r1", MISSING)], unlinked=[]))

    assert found.outcome is Outcome.NOTE
    assert found.text.startswith("No request of the last day is uncertain, but 1 request incomplete: its spans tell")


def test_each_reason_has_its_advice_the_most_frequent_first_and_none_twice() -> None:
    reasons = [Reason.AMBIGUOUS, Reason.AMBIGUOUS, Reason.CROWDED, Reason.OTHER_CALLER]
    lost = [replace(pending(call(f"i{at}")), decision=Unattributed(reason=each)) for at, each in enumerate(reasons)]
    unsure = settled("unsure", possible_calls=1), settled("open", duration_ms=None, possible_calls=None)

    (unattributed,) = note_unattributed(Report(requests=[], unlinked=lost))
    (uncertain,) = note_uncertain(Report(requests=unsure, unlinked=[]))

    assert unattributed.text.endswith(
        "100% of the calls belong to no request: 2 with several requests that fit, 1 among too many requests and "
        "calls, 1 by a role that is not in AgentRoleNames."
    )
    assert unattributed.remedy == "Tag the calls; add the role if it is an agent's."
    assert uncertain.remedy == (
        "Tag the calls; where others call models too, name the agent's role in AgentRoleNames; "
        "write responseLatency into the access log, or tag the calls."
    )


def test_where_roles_are_named_no_reason_advises_to_name_them() -> None:
    lost = [replace(pending(call("lost")), decision=Unattributed(reason=Reason.NO_REQUEST))]

    (unnamed,), (named,) = (
        note_unattributed(Report(requests=[], unlinked=lost, policy=Policy(agent_role_names=frozenset(names))))
        for names in ((), ("a",))
    )

    assert unnamed.remedy == "Attach the API that they serve, or name the agent's role."
    assert named.remedy == "Attach the API that they serve."


def test_a_deployment_to_copy_names_the_stack_the_profile_and_the_region_whoever_decided_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile ops]\nregion = eu-west-1\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "ops")
    monkeypatch.setenv("STACK_NAME", "lens")

    assert StackChoice().deploy_options == " --stack-name lens --profile ops --region eu-west-1"
    given = StackChoice(stack_name="mine", region="us-east-1")
    assert given.deploy_options == " --stack-name mine --profile ops --region us-east-1"


def test_a_share_is_never_said_to_be_none() -> None:
    many = [settled(f"r{number}") for number in range(400)]

    (found,) = note_uncertain(Report(requests=[*many, settled("unsure", possible_calls=1)], unlinked=[]))

    assert "1 request (less than 1%)" in found.text


def test_a_finding_in_a_pipe_is_one_line() -> None:
    output = StringIO()
    text = " ".join(["There are some."] * 9)

    show_finding(note("spans", text, "Attach [them]."), Console(file=output, width=80))

    assert output.getvalue() == f"i spans: {text} → Attach [them].\n"


def test_a_finding_on_a_terminal_is_folded_without_trailing_blanks() -> None:
    output = StringIO()

    show_finding(
        note("spans", "There are some. " * 9, "Attach them."),
        Console(file=output, width=80, force_terminal=True, color_system=None),
    )

    lines = output.getvalue().splitlines()
    assert len(lines) > 2
    assert lines == [line.rstrip() for line in lines]


def on_terminal(remedy: str) -> list[str]:
    """The lines of a finding's remedy on a terminal of 80 columns."""
    output = StringIO()
    console = Console(file=output, width=80, force_terminal=True, color_system=None)
    show_finding(note("spans", "There are some.", remedy), console)
    return [line.strip() for line in output.getvalue().splitlines()[1:]]


def test_a_command_of_a_remedy_is_on_a_line_of_its_own_and_whole_however_long() -> None:
    command = f"`request-lens attach /aws/apigateway/{'orders-' * 9}access --kind access`"

    lines = on_terminal(f"Make it again with the same name and class. Run {command}. Or else deploy.")

    assert lines == ["→ Make it again with the same name and class. Run", command.strip("`"), "Or else deploy."]
    assert on_terminal("Run `request-lens redrive`.") == ["→ Run `request-lens redrive`."]
    assert on_terminal("Run `sam deploy`, or wait until somebody else has run `request-lens redrive`.") == [
        "→ Run `sam deploy`, or wait until somebody else has run",
        "`request-lens redrive`.",
    ]
    assert on_terminal("word " * 30) == ["→ " + "word " * 11 + "word", "word " * 11 + "word", "word " * 5 + "word"]


def test_where_there_is_nothing_to_do_json_has_null() -> None:
    assert note("spans", "There are some.").document()["remedy"] is None
    assert note("spans", "There are some.", "Attach them.").document()["remedy"] == "Attach them."


@pytest.mark.parametrize(
    ("outcomes", "code", "words"),
    [
        ([Outcome.FINE, Outcome.NOTE], 0, "No fault was found."),
        ([Outcome.WARNING, Outcome.NOTE], 4, "what is shown is not whole"),
        ([Outcome.WARNING, Outcome.UNSEEN], 3, "not everything could be looked at"),
        ([Outcome.UNSEEN, Outcome.WARNING, Outcome.FAULT], 1, "This is why."),
    ],
)
def test_the_exit_code_and_the_last_line_are_of_what_is_worst(outcomes: list[Outcome], code: int, words: str) -> None:
    findings = [Finding(check="c", outcome=outcome, text="t") for outcome in outcomes]

    assert exit_code(findings) == code
    assert words in verdict(findings)


def test_each_outcome_has_its_own_mark_which_the_help_explains() -> None:
    help_text = CliRunner().invoke(main, ["doctor", "--help"]).output
    marks = re.findall(r"^ +(\S)  ", help_text.partition("Marks:")[2].partition("Exit codes:")[0], re.MULTILINE)

    shown = StringIO()
    for outcome in Outcome:
        show_finding(Finding(check="c", outcome=outcome, text="t"), Console(file=shown, width=80))

    assert sorted(line[0] for line in shown.getvalue().splitlines()) == sorted(marks)


def test_the_loudest_assumption_is_named_first_and_each_stands_in_a_line_of_its_own() -> None:
    outside = Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS)
    early = [replace(LATE, decision=outside) for _ in range(3)]
    report = Report(requests=[LONG], unlinked=early)

    deployed = list(note_assumptions(report, Policy(), is_local=False))
    local = list(note_assumptions(report, Policy(), is_local=True))

    meaning, outside_words = (
        "links by time may be wrong there",
        "Agent roles called models outside of every observed request",
    )
    assert [each.text for each in deployed] == [
        f"{outside_words}, seen at 3 calls without a request: {meaning} (calls_have_requests).",
        f"Logs came later than LinkDelaySeconds, seen at 3 calls without a request: {meaning} (logs_come_in_time).",
        f"Requests outlasted MaxRequestSeconds, seen at 1 request: {meaning} (requests_end_in_time).",
    ]
    assert [each.share for each in deployed] == [0.75, 0.75, 0.25]
    assert [each.outcome for each in local] == [Outcome.WARNING, Outcome.NOTE, Outcome.NOTE]
    assert local[0] == deployed[0]


def test_an_assumption_says_at_how_many_requests_and_calls_it_was_seen_broken_each_once() -> None:
    late = replace(LONG, stored_at=LONG.request.started_at + timedelta(hours=1))
    assert late.summary is not None
    twice = replace(late, summary=replace(late.summary, violates=(Assumption.LOGS_COME_IN_TIME,)))
    decided = Unattributed(reason=Reason.AMBIGUOUS, violates=Assumption.LOGS_COME_IN_TIME)
    report = Report(requests=[twice, settled("in-time")], unlinked=[replace(LATE, decision=decided), LATE])

    (logs, _) = note_assumptions(report, Policy(), is_local=False)

    assert "LinkDelaySeconds, seen at 1 request and 2 calls, 1 of them without a request: links" in logs.text
    assert logs.share == 0.75


_LINKED = Link(request_id=LONG.request_id, method=Method.WINDOW, confidence=Confidence.INFERRED)
_LOST = Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


@pytest.mark.parametrize(
    ("decisions", "seen", "said"),
    [
        ([_LINKED] * 3, "at 3 calls:", "Each call that is decided has its request."),
        ([_LINKED, None], "at 2 calls:", "Each call that is decided has its request."),
        ([_LOST] * 2, "at 2 calls without a request:", "2 with several requests that fit"),
        ([_LINKED, _LOST, _LOST, None], "at 4 calls, 2 of them without a request:", "2 with several requests that fit"),
    ],
    ids=["linked", "pending", "nobody's", "mixed"],
)
def test_late_calls_have_no_request_in_one_line_where_they_have_none_in_the_other(
    decisions: list[Decision | None], seen: str, said: str
) -> None:
    calls = [call(f"i{at}", at) for at in range(len(decisions))]
    ours = [each for each, decision in zip(calls, decisions, strict=True) if isinstance(decision, Link)]
    late = [
        replace(LATE, invocation=each, stored_at=each.logged_at + timedelta(minutes=5), decision=decision)
        for each, decision in zip(calls, decisions, strict=True)
    ]
    report = Report(requests=[settled("r1", *ours)], unlinked=late)

    (of_calls,) = note_unattributed(report)
    (assumption,) = note_assumptions(report, Policy(), is_local=False)

    assert said in of_calls.text
    assert f"LinkDelaySeconds, seen {seen}" in assumption.text
    assert assumption.share == len(calls) / (len(calls) + 1)


def test_what_a_tag_would_change_is_said_where_a_link_is_not_exact() -> None:
    by_time = Report(requests=[settled("r1", call("i1", 1))], unlinked=[])
    (untagged,) = note_tags(by_time)
    (traced,) = note_tags(Report(requests=[traced_state()], unlinked=[]))
    (none,) = note_tags(Report(requests=[settled("r1")], unlinked=[]))

    assert untagged.text == "No call of the last day has a tag."
    assert untagged.remedy == f"For exact links {HOW_TO_LINK_EXACTLY} (docs/tagging.md, docs/attaching.md)."
    assert traced.text == "No call of the last day has a tag, and none needs one: every link is exact by its trace."
    assert none.text == "No call of the last day has a tag."
    assert {untagged.outcome, traced.outcome, none.outcome} == {Outcome.NOTE}


def test_how_many_calls_have_a_tag_is_said_beside_that_each_is_a_request_s_id() -> None:
    tagged = settled("r1", call("i1", 1, tag=tag("r1", 1)), call("i2", 2, tag=tag("r1", 2)))
    one = settled("r1", call("i1", 1, tag=tag("r1", 1)))
    whole = Report(requests=[tagged, settled("r2", call("i3", 1))], unlinked=[NOBODYS])
    assert tagged.summary is not None
    cut = replace(tagged, summary=replace(tagged.summary, bars=tagged.summary.bars[:1]))

    assert tags_of(whole) == "2 of 4 calls have a tag; each tag is a request's id."
    assert tags_of(replace(whole, earlier=1)).startswith("At least 2 of at least 4 calls have")
    assert tags_of(replace(whole, requests=[cut])) == "At least 1 of 3 calls has a tag; each tag is a request's id."
    assert tags_of(replace(whole, unlinked=[NOBODYS] * 5_000, is_cut=True)).startswith("2 of at least 5,003 calls have")
    assert tags_of(Report(requests=[one], unlinked=[])) == "1 of 1 call has a tag; each tag is a request's id."


def tags_of(report: Report) -> str:
    """What is said of the tags, where all is well with them."""
    (found,) = note_tags(report)
    assert found.outcome is Outcome.FINE
    return found.text


def traced_state() -> RequestState:
    """A request whose one call is linked by its trace."""
    state = settled("r1", call("i1", 1))
    assert state.summary is not None
    bars = tuple(replace(bar, method=Method.TRACE, confidence=Confidence.EXACT) for bar in state.summary.bars)
    return replace(state, summary=replace(state.summary, bars=bars))


def test_where_nothing_came_the_last_line_says_so() -> None:
    assert (
        verdict([note("table", NOTHING_CAME)])
        == "No fault was found. Nothing came in the last day that could be shown."
    )
