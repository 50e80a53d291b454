"""A log batch's records, told apart by what is done with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from request_lens.domain.doctor import is_doctors
from request_lens.domain.facts import Fact, Invocation, Request
from request_lens.domain.linking.link import LinkedInvocation, tag_link
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.spans import LambdaRun, Span

MAX_AHEAD = timedelta(hours=2)
"""How far ahead of us another clock may be: CloudWatch refuses metrics of a later time."""


@dataclass(slots=True, kw_only=True)
class SortedBatch:
    """A batch's records by what is done with them; each is in one of the lists, or `ignored`.

    Of the rejected ones, those that conflict with another request's record are `rivals`, too.
    """

    requests: list[Request] = field(default_factory=list)
    tagged: list[LinkedInvocation] = field(default_factory=list)
    untagged: list[Invocation] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rivals: list[Request] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    runs: list[LambdaRun] = field(default_factory=list)
    ignored: int = 0

    @property
    def facts(self) -> Sequence[Fact]:
        """What requests and calls there are to store."""
        return [*self.requests, *(linked.invocation for linked in self.tagged), *self.untagged]

    @property
    def records(self) -> Sequence[Request]:
        """All requests' records that are stored, those that have an id of their own too."""
        return [*self.requests, *self.rivals]


type _Taken = Fact | Span | LambdaRun
"""What is stored."""


def sort_batch(records: Iterable[LogRecord], now: datetime, policy: Policy) -> SortedBatch:
    """Tell a batch's records apart.

    Rejected are, besides what could not be read, facts that came after their retention and those more than two hours
    ahead of our clock. Ignored are normal lines without a fact, requests on routes that are not observed, and where
    spans are not read, these and what functions' logs say of traces.
    """
    batch = SortedBatch()
    for record in records:
        match _screen(record, now, policy):
            case Rejected() as rejected:
                batch.rejected.append(rejected)
            case Request() as request:
                batch.requests.append(request)
            case Invocation() as call if (link := tag_link(call)) is not None:
                batch.tagged.append(LinkedInvocation(invocation=call, link=link))
            case Invocation() as call:
                batch.untagged.append(call)
            case Span() as span:
                batch.spans.append(span)
            case LambdaRun() as run:
                batch.runs.append(run)
            case None:
                batch.ignored += 1
    return batch


def _screen(record: LogRecord, now: datetime, policy: Policy) -> _Taken | Rejected | None:
    """The record as it is to be taken; None where it is to be ignored."""
    match record:
        case Rejected():
            return record
        case Request() if policy.observes(record.route) or is_doctors(record.request_id):
            return _timely(record, record.started_at, now, policy)
        case Invocation():
            return _timely(record, record.logged_at, now, policy)
        case Span() if policy.reads_spans:
            return _timely(record, record.started_at, now, policy)
        case LambdaRun() if policy.reads_spans:
            return _timely(record, record.at, now, policy)
        case _:
            return None


def _timely(fact: _Taken, moment: datetime, now: datetime, policy: Policy) -> _Taken | Rejected:
    """The fact, or its rejection where its time is out of bounds."""
    if moment <= now - policy.retention:
        return Rejected(reason=RejectedReason.TOO_OLD, detail=name_of(fact))
    if moment > now + MAX_AHEAD:
        return Rejected(reason=RejectedReason.TOO_NEW, detail=name_of(fact))
    return fact


def name_of(record: LogRecord) -> str:
    """What tells a record from all others, and names a fact."""
    match record:
        case Request():
            return f"request {record.request_id} of {record.started_at.isoformat()}"
        case Invocation():
            return f"invocation {record.invocation_id} of {record.logged_at.isoformat()}"
        case Span():
            return f"span {record.span_id} of {record.trace_id}"
        case LambdaRun():
            return f"run {record.lambda_request_id} of {record.at.isoformat()}"
        case Rejected():
            return record.key
        case Ignored():
            return record.why
