"""Rules of the domain, each broken in one place: what tie calls, splits, possible calls and proofs are there for."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from inspect import Parameter, signature
from pkgutil import resolve_name
from unittest.mock import patch

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.linking.chains import Chain, produced_by, returned_by
from request_lens.domain.linking.explanations import Bounds, Explanations
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.parts import has_come_by
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState, TimedKey
from request_lens.domain.settling.uncertainty import possible_attempts
from request_lens.ports import Ports

LINKING, APPLICATION = "request_lens.domain.linking", "request_lens.application"


def broken(place: str, rule: Callable[..., object]) -> Callable[[], AbstractContextManager[None]]:
    """What puts a rule in the place of the product's own while a schedule runs.

    It is called as that one is: else each schedule would break at the call, whatever the rule.
    """
    assert _called_by(rule) == _called_by(resolve_name(place)), f"{place} is not called as {rule.__name__} is"

    @contextmanager
    def breaking() -> Iterator[None]:
        with patch(place, rule):
            yield

    return breaking


def _called_by(rule: Callable[..., object]) -> list[tuple[object, str]]:
    """The kinds of its parameters, with the names by which callers must give them."""
    parameters = signature(rule).parameters.values()
    return [(each.kind, each.name if each.kind is Parameter.KEYWORD_ONLY else "") for each in parameters]


def _follow_every_asker(ordered: Sequence[Invocation], policy: Policy) -> list[list[int]]:
    """A call follows all that asked for an id that it returns: ids are taken as unique."""
    return [
        [before for before, asker in enumerate(ordered[:position]) if _asked_for(call, asker, policy)]
        for position, call in enumerate(ordered)
    ]


def _asked_for(call: Invocation, asker: Invocation, policy: Policy) -> bool:
    shares_id = not {*returned_by(call)}.isdisjoint(produced_by(asker))
    return shares_id and asker.logged_at >= call.logged_at - policy.reach


def _explain_whole_chains(
    chain: Chain, requests: Iterable[Request], bounds: Bounds, policy: Policy, *, overtime: bool = True
) -> Explanations:
    """A chain is one request's."""
    whole = tuple(request for request in requests if fits(chain, request, policy, overtime=overtime))
    return Explanations(options=(whole,) * len(chain.calls))


def _leave_nothing_possible(
    record: Request,
    linked: Sequence[LinkedInvocation],
    around: Iterable[UnlinkedInvocation],
    policy: Policy,
    *,
    untold: Set[str | None] | None = None,
) -> Sequence[UnlinkedInvocation]:
    """What a request has is all that it has."""
    return ()


def _leave_no_failed_attempt(
    record: Request,
    linked: Sequence[LinkedInvocation],
    around: Iterable[UnlinkedInvocation],
    policy: Policy,
    *,
    untold: Set[str | None] | None = None,
) -> Sequence[UnlinkedInvocation]:
    """An attempt that failed leaves nobody in doubt."""
    left = possible_attempts(record, linked, around, policy, untold=untold)
    return [attempt for attempt in left if attempt.invocation.is_llm_call]


def _prove_nothing(linked: Iterable[LinkedInvocation]) -> bool:
    """A request that has all of its calls may have made another."""
    return False


def _last_as_long_as_any(call: Invocation, record: Request | None, moment: datetime, policy: Policy) -> bool:
    """A call of unknown latency may have been as long as the longest, whatever its request."""
    return has_come_by(call, moment, policy)


def _look_at_all_there_is(call: Invocation, record: Request | None, moment: datetime, policy: Policy) -> bool:
    """What comes later than another call is due takes a proof away from it, if that is looked at as late."""
    return True


def _let_its_calls_be(state: RequestState, ports: Ports, policy: Policy) -> Sequence[TimedKey]:
    """What is decided stays decided, whatever record comes."""
    return ()


TIES_WITHOUT_UNIQUENESS = broken(f"{LINKING}.chains._steps", _follow_every_asker)
NO_SPLITS = broken(f"{LINKING}.context.explain", _explain_whole_chains)
NOTHING_POSSIBLE = broken(f"{APPLICATION}.deciding.possible.possible_attempts", _leave_nothing_possible)
NO_FAILED_POSSIBLE = broken(f"{APPLICATION}.deciding.possible.possible_attempts", _leave_no_failed_attempt)
DECIDED_FOR_GOOD = broken(f"{APPLICATION}.settle_request.overtaken_by", _let_its_calls_be)
UNKNOWN_IS_LONGEST = broken("request_lens.domain.settling.proofs._has_come_by", _last_as_long_as_any)
PROVEN_UNTIL_LATER = broken("request_lens.domain.settling.proofs._has_come_by", _look_at_all_there_is)
PROVEN_AS_CANDIDATE = broken("request_lens.domain.settling.proofs.is_proven", _prove_nothing)
