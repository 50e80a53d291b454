"""Links: which request an invocation belongs to, how that is known, and how surely."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from request_lens.domain.facts import Invocation, RequestId, TraceId
from request_lens.domain.pricing import Quote
from request_lens.domain.spans import CallSpan


class Assumption(StrEnum):
    """What must hold for a link that is not exact to be right (closed vocabulary)."""

    CALLS_HAVE_REQUESTS = "calls_have_requests"
    """Every call by `AgentRoleNames` is made for a request on `AgentRoutes`, in its time."""

    LOGS_COME_IN_TIME = "logs_come_in_time"
    """Records and calls are stored within `LinkDelaySeconds` of their end."""

    REQUESTS_END_IN_TIME = "requests_end_in_time"
    """No request outlasts `MaxRequestSeconds`."""

    CHAINS_HAVE_ONE_REQUEST = "chains_have_one_request"
    """No chain spans two requests."""

    ONE_LOOP_PER_REQUEST = "one_loop_per_request"
    """No request runs two agent loops; only assumed with `OneLoopPerRequest`."""

    TRACES_HAVE_ONE_REQUEST = "traces_have_one_request"
    """A trace that was born in a request is named by no other one's record, and by no other one's tag."""

    SPANS_COME_IN_TIME = "spans_come_in_time"
    """A call's span, and the record that names its trace, are stored before the call is linked by its time."""


class Method(StrEnum):
    """How a link was made, strongest first."""

    TAG = "tag"
    TRACE = "trace"
    CHAIN = "chain"
    WINDOW = "window"
    ELIMINATION = "elimination"


class Confidence(StrEnum):
    """How sure a link is: said by the caller or its trace, found by time, or by time among callers of any role."""

    EXACT = "exact"
    INFERRED = "inferred"
    ASSUMED = "assumed"


class Reason(StrEnum):
    """Why an invocation belongs to no request we know."""

    NO_REQUEST = "no_request"
    AMBIGUOUS = "ambiguous"
    CROWDED = "crowded"
    OTHER_CALLER = "other_caller"
    REQUEST_NEVER_SEEN = "request_never_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The correlation of one invocation with its request; `violates` is an assumption that it shows broken.

    `taken_back`: the call had been counted as unattributed until its trace, or a late record, told its request.
    """

    request_id: RequestId
    method: Method
    confidence: Confidence
    violates: Assumption | None = None
    taken_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unattributed:
    """The decision that an invocation belongs to no request we know; `candidates` is how many requests it fits.

    `violates` is an assumption that it shows broken. `trace_id` is the trace of its span, where one had come: requests
    of another trace did not make it. `quote` is what it was published at, so that taking it back publishes the very
    same, negative; two decisions that differ in nothing else are equal.
    """

    reason: Reason
    candidates: int = 0
    violates: Assumption | None = None
    trace_id: TraceId | None = None
    quote: Quote = field(default=Quote(), compare=False)


type Decision = Link | Unattributed
"""What was decided for an untagged invocation: the first decision is final, but for those that another `supersedes`."""


def supersedes(new: Decision, standing: Decision) -> bool:
    """Whether a new decision takes the place of a standing one.

    The link that takes back that a call belongs to no request does: its trace's, or a late record's. So does any link
    where a request was never seen, as its record came after all.
    """
    if not isinstance(standing, Unattributed) or not isinstance(new, Link):
        return False
    return new.taken_back or standing.reason is Reason.REQUEST_NEVER_SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInvocation:
    """An invocation under its request; `span` is what its own span tells of it, where that was read."""

    invocation: Invocation
    link: Link
    span: CallSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedInvocation:
    """An invocation that no tag linked: `pending` while it has no decision.

    `span` is its call's, where that has come: lists by time do not hold it. `reopened`: it is decided anew, as if it
    had no decision, while what stands is that it is nobody's: that gives way to a link only.
    """

    invocation: Invocation
    stored_at: datetime
    decision: Decision | None = None
    span: CallSpan | None = None
    reopened: bool = False


def tag_link(invocation: Invocation) -> Link | None:
    """The exact link that the invocation's own tag makes, or None for an untagged one."""
    if invocation.tag is None:
        return None
    return Link(request_id=invocation.tag.request_id, method=Method.TAG, confidence=Confidence.EXACT)
