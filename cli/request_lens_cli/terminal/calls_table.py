"""The calls of one request as a list, those that may be its own too as another, and the runs of its tools."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from rich.console import Console
from rich.text import Text

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.facts import InvocationId, Request
from request_lens.domain.folding.bars import starts_of
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import Unpriced
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.traced import ToolUse
from request_lens.presentation.calls import FITS, fits_text, how_failed, link_text, llm_calls_first, start_text
from request_lens.presentation.costs import call_cost, plain_cost
from request_lens.presentation.formatting import (
    UNKNOWN,
    counts_text,
    plain_number,
    plain_seconds,
    pluralize,
    seconds,
    zone_name,
)
from request_lens.presentation.traced import kept_tools_sentence, outcome_text
from request_lens_cli.report.costs import call_estimate
from request_lens_cli.terminal.console import notes_beside
from request_lens_cli.terminal.listing import Column, print_list
from request_lens_cli.terminal.unlinked_table import ended_with, tokens_text

MAX_POSSIBLE_NAMED = 10
"""Of the calls that may be a request's own so many are named, the earliest."""

type _Numbered = tuple[int, LinkedInvocation]


def call_columns(
    state: RequestState,
    policy: Policy,
    *,
    linked: Sequence[LinkedInvocation],
    provisional: Collection[InvocationId] = (),
    zone: tzinfo | None = UTC,
) -> Sequence[Column[_Numbered]]:
    """The columns of a list of the request's invocations, each of them with its number.

    A start known only to the second has no milliseconds. The links of those that are `provisional` are not decided yet.
    """
    starts = _starts(state, linked, policy)
    cached = any(call.invocation.tokens.cache_read or call.invocation.tokens.cache_write for call in linked)

    def link(row: _Numbered) -> Text:
        is_open = row[1].invocation.invocation_id in provisional
        return Text(link_text(row[1].link)) + Text(", provisional" if is_open else "", style="yellow")

    def cost(row: _Numbered) -> str:
        return call_cost(call_estimate(row[1].invocation, state.summary))

    def start(row: _Numbered) -> str:
        return start_text(starts[row[1].invocation.invocation_id], zone)

    return (
        Column(header="#", cell=lambda row: str(row[0]), numeric=True),
        Column(header=f"Start ({zone_name(zone)})", cell=start, numeric=True),
        Column(header="Latency", cell=lambda row: seconds(row[1].invocation.latency_ms), numeric=True),
        Column(header="Ended with", cell=lambda row: ended_with(row[1].invocation)),
        Column(header="Tokens in/out", cell=lambda row: tokens_text(row[1].invocation), numeric=True, leaves=3),
        Column(header="Cache read/write", cell=_cache, numeric=True, leaves=4, shown=cached),
        Column(header="Est. cost", cell=cost, numeric=True, leaves=1),
        Column(header="Correlated by", cell=link, leaves=2),
        Column(header="Model", cell=lambda row: row[1].invocation.model_id, leaves=5),
    )


def piped_call_columns(
    state: RequestState,
    policy: Policy,
    *,
    linked: Sequence[LinkedInvocation],
    provisional: Collection[InvocationId] = (),
    zone: tzinfo | None = UTC,
) -> Sequence[Column[_Numbered]]:
    """The same for a pipe: all of them, each a plain number or a word."""
    starts = _starts(state, linked, policy)
    number, _, _, end, *_, link, model = call_columns(state, policy, linked=linked, provisional=provisional)

    def start(row: _Numbered) -> str:
        begins = starts[row[1].invocation.invocation_id]
        return f"{begins.earliest.astimezone(zone):%Y-%m-%d} {start_text(begins, zone)}"

    return (
        number,
        Column(header="Invocation", cell=lambda row: row[1].invocation.invocation_id),
        Column(header=f"Start ({zone_name(zone)})", cell=start),
        Column(header="Latency (s)", cell=lambda row: plain_seconds(row[1].invocation.latency_ms)),
        end,
        *(
            Column[_Numbered](header=header, cell=_plain_tokens(name))
            for header, name in (
                ("Tokens in", "input"),
                ("Tokens out", "output"),
                ("Cache read", "cache_read"),
                ("Cache write", "cache_write"),
            )
        ),
        Column(header="Est. cost (USD)", cell=lambda row: _plain_estimate(row[1], state)),
        Column(header="Unpriced because", cell=lambda row: _why_unpriced(row[1], state)),
        link,
        model,
    )


def _plain_tokens(name: str) -> Callable[[_Numbered], str]:
    return lambda row: plain_number(getattr(row[1].invocation.tokens, name))


def _plain_estimate(call: LinkedInvocation, state: RequestState) -> str:
    estimate = call_estimate(call.invocation, state.summary)
    return plain_cost(estimate if isinstance(estimate, Decimal) else None)


def _why_unpriced(call: LinkedInvocation, state: RequestState) -> str:
    estimate = call_estimate(call.invocation, state.summary)
    return estimate.value if isinstance(estimate, Unpriced) else UNKNOWN


def _starts(
    state: RequestState, linked: Sequence[LinkedInvocation], policy: Policy
) -> Mapping[InvocationId, CallStart]:
    """When each call began, as exactly as is known."""
    if state.record is None or state.summary is None:
        return {
            call.invocation.invocation_id: call_start(call.invocation, clock_skew=policy.clock_skew) for call in linked
        }
    return starts_of(state.record, linked, state.summary.bars, policy)


def _cache(row: _Numbered) -> str:
    tokens = row[1].invocation.tokens
    return counts_text(tokens.cache_read, tokens.cache_write)


def print_tools(record: Request, tools: Sequence[ToolUse], console: Console, *, zone: tzinfo | None = UTC) -> None:
    """Print one run of a tool per line, in the order given; nothing where there is none.

    On a terminal they stand below an empty line. Where there may have been more than are kept, a last line says so.
    """
    if not tools:
        return

    def start(tool: ToolUse) -> datetime:
        return (record.started_at + timedelta(milliseconds=tool.offset_ms)).astimezone(zone)

    notes, begins = notes_beside(console), f"Start ({zone_name(zone)})"
    if notes is console:
        console.print()
    name = Column[ToolUse](header="Tool", cell=lambda tool: tool.tool)
    outcome = Column[ToolUse](header="Outcome", cell=_outcome)
    columns = (
        name,
        Column[ToolUse](header=begins, cell=lambda tool: start(tool).time().isoformat("milliseconds"), numeric=True),
        Column[ToolUse](header="Duration", cell=lambda tool: seconds(tool.duration_ms), numeric=True),
        outcome,
    )
    piped = (
        name,
        Column[ToolUse](
            header=begins, cell=lambda tool: start(tool).replace(tzinfo=None).isoformat(" ", "milliseconds")
        ),
        Column[ToolUse](header="Duration (s)", cell=lambda tool: plain_seconds(tool.duration_ms)),
        outcome,
    )
    print_list(columns, tools, console, piped=piped)
    if kept := kept_tools_sentence(tools):
        notes.print(f"{kept}.", highlight=False)


def _outcome(tool: ToolUse) -> Text:
    return Text(outcome_text(tool), style="red" if tool.failed else "")


def print_possible(calls: Sequence[UnlinkedInvocation], console: Console, *, zone: tzinfo | None = UTC) -> None:
    """Print the earliest of these attempts, which may be a request's own, a line each, and how many more there are.

    LLM calls come first, then those that failed. On a terminal they stand below an empty line; in a pipe there are
    all of them. Nothing if there are none.
    """
    if not calls:
        return

    def logged(call: UnlinkedInvocation, form: str) -> str:
        return f"{call.invocation.logged_at.astimezone(zone):{form}}"

    def latency(call: UnlinkedInvocation) -> str:
        return how_failed(call.invocation) or seconds(call.invocation.latency_ms)

    columns: Sequence[Column[UnlinkedInvocation]] = (
        Column(header="May be its own", cell=lambda call: call.invocation.invocation_id),
        Column(header=f"Logged ({zone_name(zone)})", cell=lambda call: logged(call, "%m-%d %H:%M:%S"), numeric=True),
        Column(header="Latency", cell=latency, numeric=True),
        Column(header="Fits", cell=fits_text),
        Column(header="Model", cell=lambda call: call.invocation.model_id, leaves=1),
    )
    if not console.is_terminal:
        plain: Sequence[Column[UnlinkedInvocation]] = (
            columns[0],
            Column(header=columns[1].header, cell=lambda call: logged(call, "%Y-%m-%d %H:%M:%S")),
            Column(header="Latency (s)", cell=lambda call: plain_seconds(call.invocation.latency_ms)),
            *columns[3:],
            Column(header="Error", cell=lambda call: call.invocation.error_code or ""),
        )
        print_list(plain, llm_calls_first(calls), console)
        notes_beside(console).print(FITS, highlight=False)
        return
    console.print()
    print_list(columns, llm_calls_first(calls)[:MAX_POSSIBLE_NAMED], console)
    if len(calls) > MAX_POSSIBLE_NAMED:
        more = f"and {pluralize(len(calls) - MAX_POSSIBLE_NAMED, 'more call')}: request-lens requests --unattributed"
        console.print(more, style="dim", highlight=False)
    console.print(FITS, style="dim", highlight=False)
