"""The examination: the checks in the order of a line's way up to the first fault, then the notes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from request_lens.errors import StoreUnavailable
from request_lens_cli.deployed.aws_errors import explained, told
from request_lens_cli.deployed.metrics import MetricsUnknownError
from request_lens_cli.deployed.newest_lines import TooManyPagesError
from request_lens_cli.diagnosis.checks.bedrock import check_calls, check_logging, check_role
from request_lens_cli.diagnosis.checks.errors import check_errors
from request_lens_cli.diagnosis.checks.processor import (
    check_failures,
    check_metrics_log,
    check_processor,
    check_sweep,
)
from request_lens_cli.diagnosis.checks.reach import reach
from request_lens_cli.diagnosis.checks.requests import check_access_log, check_routes, check_table
from request_lens_cli.diagnosis.checks.subscriptions import check_filters, check_permission
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, Outcome, tolerating, unseen
from request_lens_cli.diagnosis.notes.attribution import (
    note_assumptions,
    note_tags,
    note_unattributed,
    note_uncertain,
)
from request_lens_cli.diagnosis.notes.surroundings import note_attached, note_mantle, note_roles, note_spans
from request_lens_cli.options.stack_choice import StackChoice

type Check = Callable[[Examined], Iterable[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("logging", check_logging),
    ("logging role", check_role),
    ("logged calls", check_calls),
    ("processor", check_processor),
    ("metrics log", check_metrics_log),
    ("sweep", check_sweep),
    ("filters", check_filters),
    ("permission", check_permission),
    ("errors", check_errors),
    ("failures", check_failures),
    ("access log", check_access_log),
    ("routes", check_routes),
    ("table", check_table),
)
"""What must be so, each by its name, in the order in which a fault of one hides the next."""

OF_TRAFFIC = frozenset({"logged calls", "access log", "routes", "table"})
"""The checks that need calls and requests of others: a test event goes before them."""


def _attribution(examined: Examined) -> Iterator[Finding]:
    report = examined.report
    if not report.requests and not report.unlinked:
        return
    yield from note_unattributed(report)
    yield from note_uncertain(report)
    yield from note_tags(report)
    yield from note_assumptions(report, examined.stack.policy, is_local=examined.is_local)


NOTES: tuple[tuple[str, Check], ...] = (
    ("calls", _attribution),
    ("agent roles", note_roles),
    ("attached", note_attached),
    ("bedrock-mantle", note_mantle),
    ("spans", note_spans),
)
"""What is worth knowing where nothing is broken."""


def with_trial(trial: Check) -> Sequence[tuple[str, Check]]:
    """The checks with one more, a test event, before those that need traffic."""
    still = [check for check in CHECKS if check[0] not in OF_TRAFFIC]
    return [*still, ("test event", trial), *(check for check in CHECKS if check[0] in OF_TRAFFIC)]


def examine(
    choice: StackChoice, *, now: datetime, checks: Sequence[tuple[str, Check]] = CHECKS, tolerated: float = 0.0
) -> Iterator[Finding]:
    """What is found, one after the other; it ends with the first fault. Raises: click.ClickException for a profile.

    What is lacking of no more than the `tolerated` share of the day's requests or calls is only noted.
    """
    reached = reach(choice)
    yield from reached.findings
    if reached.stack is not None:
        found = _look(Examined(stack=reached.stack, now=now), [*checks, *NOTES])
        yield from (tolerating(finding, tolerated) for finding in found)


def _look(examined: Examined, checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    for name, check in checks:
        findings = list(_guarded(name, partial(check, examined)))
        yield from findings
        if any(finding.outcome is Outcome.FAULT for finding in findings):
            return


def _guarded(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; where AWS refuses to tell, that it could not look."""
    try:
        yield from check()
    except (TooManyPagesError, MetricsUnknownError) as error:
        yield unseen(name, error.message)
    except (ClientError, BotoCoreError) as error:
        yield unseen(name, explained(error))
    except StoreUnavailable as error:
        yield unseen(name, told(error))
