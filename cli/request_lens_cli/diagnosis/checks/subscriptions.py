"""From the log groups to the processor: are they filtered, and may they invoke it?"""

from collections.abc import Iterator

from request_lens_cli.attaching.kinds import filter_pattern
from request_lens_cli.deployed.log_group import MAX_FILTERS, made_again
from request_lens_cli.diagnosis.examined import Examined, Source
from request_lens_cli.diagnosis.finding import Finding, fault, fine

FILTERS, PERMISSION = "filters", "permission"


def check_filters(examined: Examined) -> Iterator[Finding]:
    """Each log group is there, and has a filter that sends the right lines to the processor."""
    sources = examined.sources
    faults = [found for source in sources if (found := _filter_fault(source, examined)) is not None]
    yield from faults or [
        fine(FILTERS, f"{', '.join(source.name for source in sources)} send their lines to the processor.")
    ]


def _filter_fault(source: Source, examined: Examined) -> Finding | None:
    arn, attach = examined.processor.arn, f"Run `{_attach(source)}`."
    if source.group is None:
        remedy = f"{made_again(source.name)} {attach} Or, if you had attached it: `request-lens detach {source.name}`."
        return fault(FILTERS, f"The log group {source.name} is not there.", remedy)
    patterns = [found.pattern for found in source.group.filters if found.destination_arn == arn]
    others = [found.name for found in source.group.filters if found.destination_arn != arn]
    if not patterns and len(others) >= MAX_FILTERS:
        text = f"{source.name} has no filter for the processor, and no room: {', '.join(others)} take both places."
        return fault(FILTERS, text, f"Remove one of them. {attach}")
    if not patterns:
        return fault(FILTERS, f"{source.name} has no filter that sends its lines to the processor.", attach)
    wanted = filter_pattern(source.kind, examined.stack.policy) if source.kind is not None else None
    if wanted is None:
        text = f"The filter of {source.name} has the pattern {patterns[0]!r}, which is that of no kind of log group."
        return fault(FILTERS, text, f"Delete that filter. {attach}")
    if wanted not in patterns:
        text = f"The filter of {source.name} has the pattern {patterns[0]!r} instead of {wanted!r}."
        return fault(FILTERS, text, f"Delete that filter. {attach}")
    return None


def _attach(source: Source) -> str:
    """What subscribes the group again. Where its filter told what it holds, and is gone, its newest line tells that."""
    return f"request-lens attach {source.name}{f' --kind {source.kind}' if source.kind is not None else ''}"


def check_permission(examined: Examined) -> Iterator[Finding]:
    """Each log group may invoke the processor: without that its filter delivers nothing, and nobody is told."""
    permissions = examined.processor.permissions()
    for source in examined.sources:
        arn = source.group.arn if source.group is not None else ""
        if not any(permission.covers(arn) for permission in permissions):
            remedy = f"Run `{_attach(source)}`, which permits it again."
            yield fault(PERMISSION, f"{source.name} may not invoke the processor.", remedy)
            return
    yield fine(PERMISSION, "Each of these log groups may invoke the processor.")
