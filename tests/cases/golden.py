"""Writes the cases' log files and the page that shows what becomes of each: `make docs` runs it.

The page is for a reader: a wrong value in it is a value that the tests beside it do not ask for yet.
"""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cases.case import DATA, Case, Json
from tests.cases.catalogue import CASES, CHAPTERS
from tests.cases.lines import HAIKU
from tests.cases.outcome import Outcome, outcome_of

PAGE = Path(__file__).parent / "golden.md"
HEAD = """# Cases

Small log files whose shapes people have, and what `request-lens replay` makes of each. `make docs` writes this page
and the files in `data/`, from the cases beside it; the tests beside it hold the values that are right. Times are in
milliseconds, – is unknown. "≥ 2, 1 possible": two calls are linked, and one more that nobody has may be the request's.
The model is Haiku 4.5 by its global profile where none is shown: 1 USD for a million tokens in, 5 USD out. A cost is
followed by what it was worked out to be by hand: tokens × USD for a million.
"""
DASH = "–"


def page() -> str:
    """The whole page."""
    chapters = (f"\n## {title}\n{''.join(map(section, cases))}" for title, cases in CHAPTERS.items())
    return HEAD + "".join(chapters)


def section(case: Case) -> str:
    """One case: what it is, what is right, and what came out."""
    outcome = outcome_of(case)
    settings = f" · `--set {' --set '.join(map(repr, case.settings))}`" if case.settings else ""
    story = textwrap.fill(f"{case.what} **Right:** {case.right}", 120)
    parts = [f"\n### {case.title}\n", f"`data/{case.path.name}`{settings}\n", f"{story}\n"]
    tables = (requests(outcome), calls(outcome, case), rejected(outcome), read(outcome, case), notes(outcome, case))
    return "\n".join([*parts, *(table for table in tables if table)])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, or nothing where it has no rows."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) if rows else ""


def requests(outcome: Outcome) -> str:
    """The requests with their counts and sums."""
    head = ("request", "route", "status", "duration", "LLM calls", "LLM", "tools", "other", "cost")
    return table(head, [_request_row(request) for request in outcome.replay["requests"]])


def _request_row(request: Json) -> list[str]:
    times = [_number(request[f"{name}_time_ms"]) for name in ("llm", "tool", "non_llm")]
    duration = _number(request["duration_ms"])
    return [
        request["request_id"],
        request["route"],
        str(request["status"]),
        duration,
        _count(request),
        *times,
        ", ".join(_costs(request)),
    ]


def _count(request: Json) -> str:
    possible, failed = request["possible_calls"], request["llm_errors"]
    count = f"{'' if possible == 0 else '≥ '}{request['llm_calls']}"
    more = {None: ", more unknown", 0: ""}.get(possible, f", {possible} possible")
    errors = f", {failed} failed ({request['llm_throttles']} throttled)" if failed else ""
    return f"{count}{more}{errors}"


def _costs(request: Json) -> Iterator[str]:
    yield _usd(request["estimated_cost_usd"])
    if request["unpriced_calls"]:
        yield f"{request['unpriced_calls']} unpriced"


def calls(outcome: Outcome, case: Case) -> str:
    """Every call: whose it is and how, or why nobody's; its counts, and its cost beside the one worked out by hand."""
    head = ("call", "of", "by", "model", "in / out", "cache read / write", "ends with", "cost")
    rows = [_call_row(call, case.sums.get(call["invocation_id"])) for call in outcome.calls.values()]
    told = [column for column in zip(head, *rows, strict=True) if set(column[1:]) - _NOTHING]
    shown, *filled = zip(*told, strict=True) if rows else ((),)
    return table(shown, filled)


_NOTHING = {DASH, f"{DASH} / {DASH}", HAIKU}
"""What a column may say of all calls to be left out."""


def _call_row(call: Json, by_hand: str | None) -> list[str]:
    whose = call.get("request_id") or f"*{call['reason']}*"
    link = call["link"]
    price = _usd(call["estimated_cost_usd"]) if call["unpriced"] is None else f"*{call['unpriced']}*"
    return [
        call["invocation_id"],
        whose,
        f"{link['method']}, {link['confidence']}" if link else DASH,
        call["model_id"],
        _pair(call, "input_tokens", "output_tokens"),
        _pair(call, "cache_read_input_tokens", "cache_write_input_tokens"),
        call["error_code"] or call["stop_reason"] or DASH,
        f"{price} ({by_hand})" if by_hand else price,
    ]


def rejected(outcome: Outcome) -> str:
    """The records that were rejected."""
    return table(("rejected", "detail"), [(reason, detail or DASH) for reason, detail in outcome.rejected])


def read(outcome: Outcome, case: Case) -> str:
    """What `inspect` reads of each line, for the fields that the case names."""
    lines = [line for line in outcome.lines if case.reads and line["kind"] == "invocation"]
    return table(
        ("read of", *case.reads), [(line["invocation_id"], *(_text(line[key]) for key in case.reads)) for line in lines]
    )


def notes(outcome: Outcome, case: Case) -> str:
    """The grounds that `inspect` gives for what is unknown, set aside or ignored, a line at a time."""
    rows = [(str(line["line"]), note) for line in outcome.lines if case.notes for note in _notes_on(line)]
    return table(("line", "`inspect` says"), rows)


def _notes_on(line: Json) -> Iterator[str]:
    if line["kind"] == "ignored":
        yield f"ignored: {line['why']}"
    if line["kind"] == "rejected":
        yield f"rejected: {line['meaning']}"
    for field, why in line.get("unknown", {}).items():
        yield f"{field}: {why}"


def _pair(call: Json, first: str, second: str) -> str:
    return f"{_number(call[first])} / {_number(call[second])}"


def _number(value: int | None) -> str:
    return DASH if value is None else str(value)


def _usd(cost: float | None) -> str:
    return DASH if cost is None else f"${cost:.10f}".rstrip("0").rstrip(".")


def _text(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {' '.join(map(str, ids))}" for key, ids in value.items() if ids) or "none"
    return DASH if value is None else str(value)


def write() -> None:
    """Writes the files, then the page that shows them."""
    DATA.mkdir(exist_ok=True)
    for case in CASES:
        case.path.write_text(case.content, encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
