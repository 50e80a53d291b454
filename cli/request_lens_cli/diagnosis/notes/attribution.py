"""What the table tells of the last day: calls without a request, uncertain requests, and what would help."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from request_lens.domain.linking.assumptions import violations_by_call, violations_by_request
from request_lens.domain.linking.link import Assumption, Link, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.presentation.certainty import Certainty
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.remedies import remedy
from request_lens.presentation.traced import COMPLETING, incomplete_words
from request_lens_cli.diagnosis.finding import Finding, fine, note, warning
from request_lens_cli.report.headline import headline
from request_lens_cli.report.reasons import HOW_TO_LINK_EXACTLY, helps_against
from request_lens_cli.report.report import Report

UNATTRIBUTED, UNCERTAIN, TAGS, ASSUMPTIONS = "unattributed", "uncertain", "tags", "assumptions"

_REASONS: Mapping[Reason, str] = {
    Reason.NO_REQUEST: "while no request ran",
    Reason.AMBIGUOUS: "with several requests that fit",
    Reason.CROWDED: "among too many requests and calls",
    Reason.OTHER_CALLER: "by a role that is not in AgentRoleNames",
    Reason.REQUEST_NEVER_SEEN: "with a tag that names no request that was seen",
}
"""What calls are that have no request, behind their number."""

_ASSUMPTIONS: Mapping[Assumption, tuple[str, str]] = {
    Assumption.CALLS_HAVE_REQUESTS: (
        "agent roles called models outside of every observed request",
        "name every route in AgentRoutes, and agents' roles alone in AgentRoleNames",
    ),
    Assumption.LOGS_COME_IN_TIME: (
        "logs came later than LinkDelaySeconds",
        "raise LinkDelaySeconds, which is {link_delay} here",
    ),
    Assumption.REQUESTS_END_IN_TIME: (
        "requests outlasted MaxRequestSeconds",
        "raise MaxRequestSeconds, which is {max_request} here",
    ),
    Assumption.CHAINS_HAVE_ONE_REQUEST: ("chains of calls spanned requests", "tag the calls"),
    Assumption.ONE_LOOP_PER_REQUEST: ("requests ran two agent loops", "deploy with OneLoopPerRequest=false"),
    Assumption.TRACES_HAVE_ONE_REQUEST: ("several requests had one trace", "tag the calls"),
    Assumption.SPANS_COME_IN_TIME: (
        "spans came after their calls were linked by time",
        "raise LinkDelaySeconds, which is {link_delay} here",
    ),
}
"""What each broken assumption looks like, and what helps."""

_MEANING = "links by time may be wrong there"
"""What all of them have in common."""


_EXACT = f"For exact links {HOW_TO_LINK_EXACTLY} (docs/tagging.md, docs/attaching.md)."

_SHORTENED = frozenset({Assumption.LOGS_COME_IN_TIME, Assumption.REQUESTS_END_IN_TIME})
_LOCAL = (
    "the local AWS shortens LinkDelaySeconds and MaxRequestSeconds, and a demo's lines may come later than they say"
)
"""What the local AWS breaks by how it is set up, and that it does."""


def note_unattributed(report: Report) -> Iterator[Finding]:
    """Which share of the calls belongs to no request, and why; that others call models, too, is no lack."""
    reasons = Counter(call.decision.reason for call in report.unlinked if isinstance(call.decision, Unattributed))
    share = report.unattributed_share
    if not reasons or share is None:
        yield fine(UNATTRIBUTED, f"The last day: {headline(report)}. Each call that is decided has its request.")
        return
    why = ", ".join(f"{count:,} {_REASONS[reason]}" for reason, count in reasons.most_common())
    text = f"The last day: {headline(report)}. {_percent(share)} of the calls belong to no request: {why}."
    helps = _all_of(_helps_against(reason, report) for reason, _ in reasons.most_common())
    if set(reasons) == {Reason.OTHER_CALLER}:
        yield note(UNATTRIBUTED, text, helps)
    else:
        yield warning(UNATTRIBUTED, text, helps, share=share)


def _helps_against(reason: Reason, report: Report) -> str:
    """What helps: of tags a line of its own says more."""
    return "see tags" if reason is Reason.REQUEST_NEVER_SEEN else helps_against(reason, names_roles=report.names_roles)


def note_uncertain(report: Report) -> Iterator[Finding]:
    """How many requests are uncertain, and why; of the others, how many have calls that are linked by time alone."""
    doubts = report.doubts()
    if not doubts:
        yield _none_uncertain(report)
        return
    why = "; ".join(f"{count:,} because {doubt.value}" for doubt, count in doubts.most_common())
    share = report.uncertain / len(report.requests)
    uncertain = f"{pluralize(report.uncertain, 'request')} ({_percent(share)})"
    helps = _all_of(remedy(doubt, names_roles=report.names_roles) for doubt, _ in doubts.most_common())
    others = f" Of the others {_by_time(report)}." if _by_time(report) else ""
    yield warning(UNCERTAIN, f"{uncertain} may have made more calls: {why}.{others}", helps, share=share)


def _none_uncertain(report: Report) -> Finding:
    """That no request is uncertain; also how many are about right, or lack calls as their spans tell."""
    none = "No request of the last day is uncertain"
    if report.incomplete:
        return note(UNCERTAIN, f"{none}, but {incomplete_words(report.incomplete)}.", _sentence(COMPLETING))
    if by_time := _by_time(report):
        return note(UNCERTAIN, f"{none}, but {by_time}: these are likely theirs, not surely.", _EXACT)
    return fine(UNCERTAIN, "No request of the last day may have made more calls than are shown.")


def _by_time(report: Report) -> str:
    """How many requests have "≈" at their number of calls, and what it means; empty where none has."""
    about = sum(summary.is_about for summary in report.summaries)
    return f"{about:,} {'has' if about == 1 else 'have'} calls linked by time (≈)" if about else ""


def note_tags(report: Report) -> Iterator[Finding]:
    """Tags that are no request's ids, with one of each to compare."""
    never_seen = [
        call.invocation.tag.request_id
        for call in report.unlinked
        if call.invocation.tag is not None
        and isinstance(call.decision, Unattributed)
        and call.decision.reason is Reason.REQUEST_NEVER_SEEN
    ]
    if not never_seen:
        tagged = sum(bar.method is Method.TAG for summary in report.summaries for bar in summary.bars)
        yield _tagged(report, tagged) if tagged else _untagged(report)
        return
    seen = f"; a request's id here is {report.requests[-1].request_id}" if report.requests else ""
    text = f"{pluralize(len(never_seen), 'call')} bear a tag that is no request's id, such as {never_seen[-1]}{seen}."
    helps = "Tag with the id that the access log writes: of a REST API extendedRequestId, else requestId."
    yield warning(TAGS, text, helps, share=len(never_seen) / (report.totals.invocations + report.unattributed))


def _tagged(report: Report, tagged: int) -> Finding:
    """How many of the decided calls have a tag; "at least" as many where some were not read, or have no bar."""
    is_part = report.earlier > 0
    has_all_bars = all(len(summary.bars) >= summary.totals.invocations for summary in report.summaries)
    least = "" if has_all_bars and not is_part else "At least "
    of_least = "at least " if is_part or report.is_cut else ""
    calls = pluralize(report.totals.invocations + report.unattributed, "call")
    verb = "has" if tagged == 1 else "have"
    return fine(TAGS, f"{least}{tagged:,} of {of_least}{calls} {verb} a tag; each tag is a request's id.")


def _untagged(report: Report) -> Finding:
    """That there are no tags, and what one would change: nothing where each link is exact by its trace."""
    none = "No call of the last day has a tag"
    if report.certainty is not Certainty.EXACT or report.unattributed:
        return note(TAGS, f"{none}.", _EXACT)
    exact = ", and none needs one: every link is exact by its trace" if report.totals.llm_calls else ""
    return note(TAGS, f"{none}{exact}.")


def note_assumptions(report: Report, policy: Policy, *, is_local: bool) -> Iterator[Finding]:
    """Each assumption of links by time that was broken, the one most often broken first, with what helps against it.

    Those that the local AWS breaks need no remedy.
    """
    by_requests, by_calls = Counter(_broken_by_requests(report, policy)), Counter(_broken_by(report.unlinked, policy))
    lost = Counter(_broken_by((call for call in report.unlinked if isinstance(call.decision, Unattributed)), policy))
    broken = (by_requests + by_calls).most_common()
    if not broken:
        yield fine(ASSUMPTIONS, "No assumption that links by time rest on was broken in the last day.")
    for assumption, count in broken:
        seen, helps = _ASSUMPTIONS[assumption]
        how_often = f"{seen}, seen at {_seen_at(by_requests[assumption], by_calls[assumption], lost[assumption])}"
        if is_local and assumption in _SHORTENED:
            yield note(ASSUMPTIONS, _sentence(f"{how_often}, as is to be expected here: {_LOCAL} ({assumption})"))
            continue
        remedy = _sentence(helps.format(link_delay=policy.link_delay.seconds, max_request=policy.max_request.seconds))
        text = _sentence(f"{how_often}: {_MEANING} ({assumption})")
        yield warning(ASSUMPTIONS, text, remedy, share=_share_of_facts(count, report))


def _share_of_facts(count: int, report: Report) -> float:
    """That many of the day's requests and calls, as a share of at most all of them."""
    beside = sum(not isinstance(call.decision, Link) for call in report.unlinked)
    return min(count / max(len(report.requests) + report.totals.invocations + beside, 1), 1.0)


def _seen_at(requests: int, calls: int, lost: int) -> str:
    """How many requests show it, and how many calls, `lost` ones of no request among them."""
    without = "" if not lost else " without a request" if lost == calls else f", {lost:,} of them without a request"
    at = [pluralize(requests, "request")] if requests else []
    return " and ".join([*at, *([f"{pluralize(calls, 'call')}{without}"] if calls else [])])


def _broken_by_requests(report: Report, policy: Policy) -> Iterator[Assumption]:
    """What each request shows broken, by its calls or its record: each assumption once."""
    for state in report.requests:
        shown = list(state.summary.violates if state.summary is not None else ())
        if state.record is not None and state.stored_at is not None:
            shown += violations_by_request(state.record, stored_at=state.stored_at, policy=policy)
        yield from dict.fromkeys(shown)


def _broken_by(calls: Iterable[UnlinkedInvocation], policy: Policy) -> Iterator[Assumption]:
    """What each call shows broken, by its decision or, if untagged, by when it came: each assumption once."""
    for call in calls:
        decided = call.decision.violates if call.decision is not None else None
        shown = [] if decided is None else [decided]
        if call.invocation.tag is None:
            shown += violations_by_call(call.invocation, stored_at=call.stored_at, policy=policy)
        yield from dict.fromkeys(shown)


def _percent(share: float) -> str:
    """A share in whole percent, never 0 % where there is any."""
    return "less than 1%" if 0 < share < 0.005 else f"{share:.0%}"


def _all_of(remedies: Iterable[str]) -> str:
    """What helps, each part once: what is most often needed comes first."""
    parts = (part for remedy in remedies for part in remedy.split("; "))
    return _sentence("; ".join(dict.fromkeys(parts)))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
