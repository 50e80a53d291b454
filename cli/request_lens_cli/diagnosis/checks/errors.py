"""The processor's runs: do they fail, or are they throttled, and does that last?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.presentation.formatting import moment_text, pluralize
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, fault, fine, note

ERRORS = "errors"

_HOUR = timedelta(hours=1)
_FEW = 10
"""A throttle among so many runs is no fault."""

FAILED = '?ERROR ?"platform.report"'
"""What the processor logs of a run that failed: its own line, or of one out of time or memory Lambda's report alone."""

QUIET = timedelta(minutes=5)
"""So long after the last failure runs must have passed: Lambda tries a log batch again for three minutes."""

type _Minutes = Mapping[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """The runs of the last hour by minute: those that began, those that failed, and those that were throttled."""

    begun: _Minutes
    failed: _Minutes
    throttled: _Minutes
    now: datetime

    def passed_since(self, trouble: _Minutes) -> datetime | None:
        """The first minute after some trouble, which is over, in which a run passed; None while it is not over."""
        last = max(trouble)
        if self.now - last < QUIET:
            return None
        return min((at for at, runs in self.begun.items() if at > last and runs > self.failed.get(at, 0)), default=None)


def check_errors(examined: Examined) -> Iterator[Finding]:
    """No run of the last hour failed, or that is over; and few were throttled: Lambda tries those again."""
    runs = _runs(examined)
    failed, throttled = sum(runs.failed.values()), sum(runs.throttled.values())
    if failed:
        group = examined.stack.output("ProcessorLogGroupName")
        remedy = f"See what failed: `aws logs tail {group} --since 1h --filter-pattern '{FAILED}'`."
        yield _trouble(f"The processor failed {pluralize(failed, 'time')}", runs.failed, runs, remedy)
    elif throttled * _FEW > sum(runs.begun.values()):
        remedy = "Raise the account's concurrency, or leave the processor a part of it."
        yield _trouble(f"The processor was throttled {pluralize(throttled, 'time')}", runs.throttled, runs, remedy)
    else:
        throttles = f"{pluralize(throttled, 'throttle')}, tried again" if throttled else "no throttle"
        yield fine(ERRORS, f"The processor had no failed run in the last hour, and {throttles}.")


def _trouble(what: str, trouble: _Minutes, runs: _Runs, remedy: str) -> Finding:
    """A fault, unless it is over: what was lost meanwhile is another check's."""
    last = moment_text(max(trouble))
    if (healed := runs.passed_since(trouble)) is not None:
        return note(
            ERRORS, f"{what} in the last hour, last at {last}; healed at {moment_text(healed)}: runs pass since."
        )
    return fault(ERRORS, f"{what} in the last hour, last at {last}.", remedy)


def _runs(examined: Examined) -> _Runs:
    client, function = examined.stack.session.client("cloudwatch"), {"FunctionName": examined.processor.name}
    metrics = Metrics(client=client, namespace="AWS/Lambda", dimensions=function, period_s=60)
    first, end = (examined.now - _HOUR).replace(second=0, microsecond=0), examined.now + _HOUR
    points = metrics.points(["Invocations", "Errors", "Throttles"], first=first, end=end)
    begun, failed, throttled = (_counts(points.get(name, {})) for name in ("Invocations", "Errors", "Throttles"))
    return _Runs(begun=begun, failed=failed, throttled=throttled, now=examined.now)


def _counts(points: Mapping[datetime, float]) -> _Minutes:
    """The minutes in which there was one."""
    return {at: round(value) for at, value in points.items() if value}
