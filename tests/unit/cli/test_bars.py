"""The timeline as bars in the terminal: readable without colour, within its width, whatever the rows."""

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from request_lens.domain.facts import RequestId
from request_lens.domain.folding.summary import Bar
from request_lens.domain.linking.link import Confidence
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.row import RowOrder, TimelineRow
from request_lens_cli.terminal.timeline.bars import render_bars
from tests.support.telemetry.traces import TRACE
from tests.support.timeline_rows import ROWS, at_cost, bar, chain, failed_at, row, summary_of, unattributed


def shown(
    *rows: TimelineRow, width: int = 100, axis: AxisKind = AxisKind.OWN, order: RowOrder = RowOrder.TIME
) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(render_bars(rows, width=width, axis=axis, order=order))
    return capture.get().splitlines()


def line(*rows: TimelineRow, label: str = "Tokyo") -> str:
    (found,) = [line for line in shown(*rows) if label in line]
    return found


@given(ROWS, st.integers(20, 160), st.sampled_from((RowOrder.TIME, RowOrder.COST)))
@settings(max_examples=60, deadline=None)
def test_no_line_is_wider_than_the_terminal(rows: list[TimelineRow], width: int, order: RowOrder) -> None:
    assert all(cell_len(line) <= width for line in shown(*rows, width=width, order=order))


@given(ROWS)
@settings(max_examples=40, deadline=None)
def test_every_request_has_a_line_of_its_own(rows: list[TimelineRow]) -> None:
    assert sum(" · " in line and ("call" in line or "pending" in line) for line in shown(*rows)) >= len(rows)


def test_calls_stand_inside_their_request_with_the_gap_between_them() -> None:
    plot = line(row(summary_of(bar(400, 1500), bar(2300, 1600)))).split()[7]
    assert plot.strip("░").count("█") > 20
    assert plot.startswith("░")
    assert plot.endswith("░")
    assert "█░" in plot.strip("░")


def test_calls_that_follow_each_other_at_once_can_still_be_counted() -> None:
    assert "█░█" in line(row(summary_of(bar(0, 2000), bar(2000, 2300))))


def test_the_total_and_the_number_of_calls_stand_at_the_right() -> None:
    assert line(row(chain(4300, 2))).endswith("4.3 s · 2 calls")


def test_missing_calls_are_told_beside_the_number() -> None:
    said = Traced(trace_id=TRACE, calls=3, missing_calls=1, complete=False)

    assert line(row(replace(chain(4300, 2), traced=said))).endswith("4.3 s · ≥ 2 calls, 1 missing")


@pytest.mark.parametrize("confidence", Confidence)
def test_a_call_is_dark_however_it_was_linked_and_its_number_says_where_that_is_not_exact(
    confidence: Confidence,
) -> None:
    lines = shown(row(summary_of(bar(400, 1500, confidence=confidence))))
    is_exact = confidence is Confidence.EXACT
    assert "█" * 5 in lines[1]
    assert lines[1].endswith("4.3 s · 1 call" if is_exact else "4.3 s · ≈ 1 call")
    assert any("≈ linked by time, not by a tag" in line for line in lines) != is_exact


def test_a_failed_request_has_its_status_beside_its_label() -> None:
    failed = row(chain(4300, 1))
    lines = shown(replace(failed, request=replace(failed.request, status=504)))
    assert lines[1].startswith("What time is it in Tokyo?  504 ")


def test_an_outlier_runs_over_the_axis_and_does_not_flatten_the_others() -> None:
    rows = [row(chain(4000, 1), after_ms=at * 9000, duration_ms=4000) for at in range(10)]
    lines = shown(*rows, row(chain(840_000, 1), after_ms=99_000, duration_ms=840_000))
    assert all(line.count("█") > 10 for line in lines[1:11])
    assert "»" in lines[11]
    assert lines[11].endswith("14 min 0 s · 1 call")
    assert any("» runs on beyond the axis" in line.replace("»»", "»") for line in lines)


def test_a_provisional_call_differs_from_one_that_is_decided() -> None:
    lines = shown(row(summary_of(bar(0, 1000), replace(bar(1500, 1500), provisional=True))))
    assert "█" in lines[1]
    assert "▞" * 5 in lines[1]
    assert any("▞▞ LLM call, not decided yet" in line for line in lines)


def test_failed_and_throttled_attempts_show_in_the_bar_and_in_the_total() -> None:
    attempts = [bar(100, None, error_code="ThrottlingException"), bar(2000, None, error_code="ValidationException")]
    found = line(row(summary_of(*attempts, bar(3000, 1000))))
    assert found.endswith("4.3 s · 1 call ✗1 ▼1")
    assert found.count("▼") == found.count("✗") == 2


def test_an_attempt_of_unknown_latency_is_a_tick() -> None:
    assert line(row(summary_of(bar(200, None), bar(2000, None)))).count("│") == 2


def test_a_pending_request_is_dashed_and_says_so() -> None:
    found = line(row(None))
    assert found.endswith("4.3 s · pending")
    assert "╌" in found
    assert "░" not in found


def test_an_uncertain_request_is_hatched_and_has_at_least_its_calls() -> None:
    lines = shown(row(summary_of(bar(400, 1500), possible_calls=None), duration_ms=4300))
    assert lines[1].endswith("4.3 s · ≥ 1 call, too long or crowded")
    assert "\u2571" * 5 in lines[1]
    assert "░" not in lines[1]
    assert any("uncertain: may have more calls" in line for line in lines)


def test_by_the_clock_requests_share_an_axis() -> None:
    rows = (row(chain(4000, 2), duration_ms=4000, after_ms=at * 700) for at in range(5))
    lines = shown(*rows, axis=AxisKind.CLOCK)
    starts = [line.index("█") for line in lines if "█" in line][:5]
    assert starts == sorted(set(starts))
    assert lines[0].split() == ["18:27:02", "18:27:04", "18:27:06"]
    assert lines[-1] == "By the clock, from 2025-12-04 18:27:02 UTC, newest last"


CELL = re.compile(r"One cell is (.+): calls and pauses shorter than that are not told apart")


@pytest.mark.parametrize(("apart_ms", "is_said"), [(600_000, True), (6_000, False)])
def test_by_the_clock_it_is_said_how_long_a_cell_is_where_a_request_has_shorter_calls_or_pauses(
    apart_ms: int, is_said: bool
) -> None:
    rows = [row(summary_of(bar(600, 900)), duration_ms=2_100, after_ms=at * apart_ms) for at in range(2)]
    lines = shown(*rows, axis=AxisKind.CLOCK)

    assert any(CELL.fullmatch(line) for line in lines) == is_said
    assert not any(CELL.fullmatch(line) for line in shown(*rows))


def test_a_pause_alone_that_is_shorter_than_a_cell_is_told_of_and_a_request_without_calls_has_none() -> None:
    def said(*bars: Bar) -> bool:
        rows = [row(summary_of(*bars), duration_ms=21_000, after_ms=at * 60_000) for at in range(2)]
        return any(CELL.fullmatch(line) for line in shown(*rows, axis=AxisKind.CLOCK))

    assert said(bar(0, 9_000), bar(9_200, 11_800))
    assert not said(bar(0, 9_000), bar(9_000, 12_000))
    assert not said(bar(0, 21_000), bar(200, 9_000))
    assert not said()


def test_by_the_clock_a_new_day_is_told_below() -> None:
    rows = [row(chain(4_000, 2), duration_ms=4_000, after_ms=at * 6 * 3_600_000) for at in range(2)]

    assert shown(*rows, axis=AxisKind.CLOCK)[-1].startswith("By the clock, from 2025-12-04 18:27:02 UTC to 2025-12-05,")


def test_each_request_begins_at_the_left_and_the_last_line_says_so() -> None:
    lines = shown(*(row(chain(2000, 1), duration_ms=2000, after_ms=at * 60_000) for at in range(5)))
    assert len({line.index("█") for line in lines[1:6]}) == 1
    assert lines[-1] == "Time since each request's own start, newest last"


def test_the_last_line_says_which_request_is_on_top() -> None:
    rows = [
        at_cost(row(chain(2000, 1)), "0.25"),
        at_cost(row(chain(3000, 2), duration_ms=3000, after_ms=60_000), "0.125"),
    ]
    ended = {order: shown(*rows, order=order)[-1].partition(", ")[2] for order in RowOrder}
    assert list(ended.values()) == ["newest last", "longest first", "most calls first", "dearest first"]


def test_bars_sorted_by_cost_show_it_and_say_how_many_costs_are_unknown() -> None:
    rows = [
        at_cost(row(chain(2000, 1), label="unpriced"), None, unpriced=1),
        at_cost(row(chain(2000, 2), label="cheap", after_ms=1), "0.125"),
        at_cost(row(chain(2000, 3), label="dear", duration_ms=None, after_ms=2), "120"),
    ]
    lines = shown(*rows, order=RowOrder.COST)

    assert [line.split()[0] for line in lines[1:4]] == ["dear", "cheap", "unpriced"]
    ends = [" · ".join(line.split(" · ")[-2:]) for line in lines[1:4]]
    assert ends == ["  $120.00 · 3 calls", "$0.125000 · 2 calls", f"{UNKNOWN:>9} · 1 call"]
    assert lines[-1].endswith(", dearest first, 1 of unknown cost last")
    assert not any("$" in line for line in shown(*rows, order=RowOrder.DURATION))
    assert shown(*rows, order=RowOrder.DURATION)[-1].endswith(", longest first, 1 of unknown duration last")


def test_no_rows_say_so() -> None:
    assert shown() == ["No requests."]


def test_a_hostile_label_cannot_move_the_cursor_or_style_the_text() -> None:
    lines = shown(row(chain(4300, 1), label="\x1b[2J[red]Tokyo\n\u202e"))
    assert any("[2J[red]Tokyo" in line for line in lines)
    assert not any("\x1b" in line or "\u202e" in line for line in lines)


def test_calls_without_a_request_have_a_line_for_each_reason_by_the_clock() -> None:
    calls = [unattributed(0), unattributed(10), replace(unattributed(5), decision=None)]
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(render_bars([row(chain(4300, 2))], width=100, unlinked=calls))
    head, lane = capture.get().splitlines()[-2:]
    assert head == "2 LLM calls without a request ██, 2025-12-04 18:27:02 to 18:27:14 UTC"
    assert lane.startswith("fits several requests (ambiguous)  █")
    assert lane.endswith("█  latencies 3.0 s · 2 calls")
    assert len(lane) == 100


def test_failed_attempts_without_a_request_have_the_signs_of_rows() -> None:
    calls = [unattributed(0), failed_at(0.5, throttled=True), failed_at(5, throttled=True), unattributed(10)]
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(render_bars([row(chain(4300, 2))], width=100, unlinked=calls))
    head, lane = capture.get().splitlines()[-2:]
    assert head == "4 calls without a request ██, throttled ▼▼, 2025-12-04 18:27:02 to 18:27:14 UTC"
    assert lane.count("▼") == 3
    assert lane.endswith("█  latencies 3.0 s · 2 calls ▼2")


def test_where_every_call_has_a_request_no_lane_is_drawn() -> None:
    assert "without a request" not in "".join(shown(row(chain(4300, 2))))


def test_in_a_narrow_terminal_a_label_has_a_line_of_its_own_and_nothing_is_cut() -> None:
    rows = [row(chain(4300, 2)), row(chain(4300, 2), after_ms=9000, label="18:27:11 · POST /ask")]
    console = Console(file=io.StringIO(), width=40, color_system=None)
    with console.capture() as capture:
        console.print(render_bars(rows, width=40, unlinked=[unattributed(0)]))
    lines = capture.get().splitlines()

    assert [lines[1], lines[3]] == ["What time is it in Tokyo?", "18:27:11 · POST /ask"]
    assert all(lines[at].count("█") > 10 and lines[at].endswith("  4.3 s · 2 calls") for at in (2, 4))
    assert [line.rstrip() for line in lines[-4:-2]] == [
        "1 LLM call without a request ██,",
        "2025-12-04 18:27:02 to 18:27:04 UTC",
    ]
    assert lines[-2] == "fits several requests (ambiguous)"
    assert lines[-1].startswith("█")
    assert lines[-1].endswith("█  latencies 1.5 s · 1 call")
    assert all(cell_len(line) <= 40 for line in lines)


@pytest.mark.parametrize("width", range(60, 81, 4))
def test_a_narrow_terminal_cuts_no_id_no_number_and_no_unit(width: int) -> None:
    label = "19:02:11 · uEib4dVDhNShOko="
    uncertain = row(summary_of(possible_calls=8), label=label, duration_ms=14_300)
    about = row(summary_of(*(bar(at, 900, confidence=Confidence.ASSUMED) for at in (0, 2_000))), label=label)
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(render_bars([uncertain, about], width=width, unlinked=[unattributed(at) for at in range(17)]))
    lines = capture.get().splitlines()

    beside = [line.rpartition("  ")[2] for line in lines if "s · " in line]
    assert beside[:2] == ["14.3 s · 0 to 8 calls possible", "4.3 s · ≈ 2 calls"]
    assert sum("uEib4dVDhNShOko=" in line for line in lines) == 2
    assert lines[-1].endswith("25.5 s · 17 calls")
    assert any(line.startswith("fits several requests (ambiguous)") for line in lines[-2:])
    said = "17 LLM calls that may be theirs ██, 2025-12-04 18:27:02 to 18:27:20 UTC"
    assert said in " ".join(" ".join(lines).split())
    assert all(cell_len(line) <= width for line in lines)


def test_where_the_words_leave_no_room_for_a_label_it_has_a_line_of_its_own_in_a_wider_terminal_too() -> None:
    said = Traced(trace_id=TRACE, calls=10_000, missing_calls=9_998, complete=False)
    lines = shown(row(replace(chain(4300, 2), traced=said), duration_ms=840_000), width=64)

    assert lines[1] == "What time is it in Tokyo?"
    assert lines[2].endswith("  14 min 0 s · ≥ 2 calls, 9,998 missing")


@pytest.mark.parametrize("width", range(40, 121, 5))
@pytest.mark.parametrize("duration_ms", [180, 1_900, 4_791, 8_200, 29_000, 75_000, 400_000])
def test_the_axis_has_at_least_three_labels_that_do_not_touch(duration_ms: int, width: int) -> None:
    (axis,) = [
        line
        for line in shown(row(chain(duration_ms, 2), duration_ms=duration_ms), width=width)
        if line.strip().startswith(("0 s", "0 "))
    ]

    labels = re.findall(r"\+?[\d.,]+ (?:ms|s|min(?: \d+ s)?|h|d)", axis)
    assert len(labels) >= (2 if duration_ms > 100_000 and width < 70 else 3)
    assert " ".join(labels) == " ".join(axis.split())


def test_where_the_words_have_no_room_beside_the_bars_they_stand_below_and_nothing_is_cut() -> None:
    lines = shown(row(chain(4_300, 2)), width=24)

    bar_at = next(at for at, line in enumerate(lines) if "█" in line)
    assert "0 s" in lines[0]
    assert lines[bar_at + 1] == "4.3 s · 2 calls"


def test_the_picture_of_one_request_counts_from_its_start() -> None:
    assert shown(row(chain(4300, 2)))[-1] == "Time since the request's start"


def listed(*routes: str, id_: str = "8vyhhrKPTgKzGt2=") -> list[TimelineRow]:
    """Requests of these routes, the last of them failed."""
    rows = [
        replace(row(chain(4_000, 2), label=route, after_ms=18_000 * at), brief=f"09:42:{23 + 18 * at}")
        for at, route in enumerate(routes)
    ]
    records = [
        replace(each.request, route=each.label, request_id=RequestId(f"{at}{id_[1:]}")) for at, each in enumerate(rows)
    ]
    records[-1] = replace(records[-1], status=504)
    return [replace(each, request=record) for each, record in zip(rows, records, strict=True)]


@pytest.mark.parametrize(
    ("width", "label"),
    [
        (100, "09:42:41 · POST /chat  504   1vyhhrKPTgKzGt2=  █"),
        (80, "09:42:41  504   1vyhhrKPTgKzGt2=  █"),
        (74, "09:42:41  504   1vyhhrKPTgKzGt2=  █"),
        (60, "09:42:41 · POST /chat  504   1vyhhrKPTgKzGt2="),
        (40, "09:42:41 · POST /chat  504"),
    ],
)
def test_each_request_has_its_id_and_a_narrow_terminal_says_once_what_route_all_have(width: int, label: str) -> None:
    lines = shown(*listed("POST /chat", "POST /chat"), width=width)

    assert any(line.startswith(label) for line in lines)
    assert sum("vyhhrKPTgKzGt2=" in line for line in lines) == 2
    assert ("Route of all: POST /chat" in lines) == (width in (74, 80))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("id_", ["8vyhhrKPTgKzGt2=", "15bd25c3-6d02-4891-8686-a7f152b12ad1"])
def test_beside_an_id_no_route_is_cut(width: int, id_: str) -> None:
    text = "\n".join(shown(*listed("POST /chat", "POST /support", id_=id_), width=width))

    assert text.count(id_[1:]) == 2
    assert "POST /chat" in text
    assert "POST /support" in text
    assert "504" in text


def test_an_id_gives_way_to_what_people_call_the_request_and_to_its_bar() -> None:
    named = row(chain(4_000, 2), label="Write a haiku about clouds to S3")

    assert "request-0" in "".join(shown(named, width=100))
    assert "request-0" not in "".join(shown(named, width=80))
    assert any(line.startswith("Write a haiku") and "█" in line for line in shown(named, width=80))


def test_requests_stand_in_the_order_that_was_asked_for() -> None:
    rows = [row(chain(ms, 2), duration_ms=ms, after_ms=9_000 * at, label=f"{ms}") for at, ms in enumerate((2, 9, 5))]
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(render_bars(rows, width=100, order=RowOrder.DURATION))

    assert [line.split()[0] for line in capture.get().splitlines()[1:4]] == ["9", "5", "2"]


@pytest.mark.parametrize(
    ("precisions", "said"),
    [
        ((1000, 1000), "Starts of calls are known to the second: they may be up to 1.0 s later"),
        ((1, 1000), "Starts of some calls are known to the second: they may be up to 1.0 s later"),
        ((1, 1), ""),
    ],
)
def test_it_is_said_where_a_call_may_have_begun_later_than_its_bar(precisions: tuple[int, int], said: str) -> None:
    bars = (bar(at * 2_000, 1_000, precision_ms=precision) for at, precision in enumerate(precisions))
    lines = shown(row(summary_of(*bars)))

    assert [line for line in lines if "known to the second" in line] == ([said] if said else [])


def test_what_is_said_of_starts_is_the_same_on_both_axes() -> None:
    rows = [row(summary_of(bar(0, 1_000))), row(summary_of(bar(0, 1_000)), after_ms=19_700)]
    own, clock = ([each for each in shown(*rows, axis=axis) if "known to" in each] for axis in AxisKind)

    assert own == clock == ["Starts of calls are known to the second: they may be up to 1.0 s later"]


def test_no_start_is_said_to_be_later_than_its_logged_second_or_its_request_allows() -> None:
    began_in_the_second = shown(row(summary_of(bar(0, 1_000)), after_ms=616))
    ends_with_its_request = shown(row(summary_of(bar(0, 4_050))))

    assert "Starts of calls are known to the second: they may be up to 0.4 s later" in began_in_the_second
    assert "Starts of calls are known to the second: they may be up to 0.2 s later" in ends_with_its_request


def test_a_second_is_spoken_of_also_where_it_is_less_than_a_cell() -> None:
    hour = row(summary_of(bar(0, 1_000)), duration_ms=3_600_000)

    assert "Starts of calls are known to the second: they may be up to 1.0 s later" in shown(hour)


def test_of_requests_whose_durations_are_unknown_no_time_is_marked() -> None:
    lines = shown(row(summary_of(possible_calls=None), duration_ms=None), row(None, duration_ms=None))

    assert lines[0].strip() == "0 s"
    assert all(" – · " in line for line in lines[1:3])
