"""What the logs tell besides: whose calls they are, what else is attached, and what cannot be seen here."""

from collections import Counter
from collections.abc import Iterator

from request_lens.presentation.formatting import pluralize
from request_lens_cli.attaching.kinds import FILTER_PATTERNS, Kind, filter_pattern
from request_lens_cli.attaching.sample_lines import DaySamples, all_of, day_samples, newest_samples
from request_lens_cli.deployed.log_group import find_log_group
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.newest_lines import LATELY
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, fine, note

ROLES, ATTACHED, MANTLE, SPANS = "agent roles", "attached", "bedrock-mantle", "spans"

SPANS_GROUP = "aws/spans"
"""Where X-Ray's Transaction Search keeps spans."""

_MANTLE = "Bedrock's endpoint for OpenAI's and Anthropic's APIs, whose calls are in no log"


def note_roles(examined: Examined) -> Iterator[Finding]:
    """Whether agents' roles are named; else whose the day's calls are, as a parameter where all were read."""
    named = sorted(examined.stack.policy.agent_role_names)
    if named:
        yield fine(ROLES, f"AgentRoleNames: {', '.join(named)}.")
        return
    day = _day_of_calls(examined)
    by_role = Counter(sample.fields.get("caller_role") for sample in day.samples if sample.kind == "invocation")
    of_none = by_role.pop(None, 0)
    if not by_role:
        none = "the calls that were read are of no role" if of_none else "no call tells yet which to name"
        yield note(ROLES, f"AgentRoleNames is empty: a call of any role may be linked, and {none}.{day.only_seen}")
        return
    roles = [str(role) for role, _ in by_role.most_common()]
    text = f"AgentRoleNames is empty: a call of any role may be linked. The last day's calls are by {', '.join(roles)}"
    others = f", and {pluralize(of_none, 'call')} by no role" if of_none else ""
    if day.is_whole:
        remedy = f"Name those that agents have: `sam deploy --parameter-overrides AgentRoleNames={','.join(roles)}`."
        yield note(ROLES, f"{text}{others}.", remedy)
    else:
        yield note(ROLES, f"{text}{others}.{day.only_seen}", "Deploy with AgentRoleNames: all roles that agents have.")


def _day_of_calls(examined: Examined) -> DaySamples:
    logs, pattern = examined.logs, FILTER_PATTERNS[Kind.INVOCATIONS]
    groups = examined.sources_of(Kind.INVOCATIONS)
    return all_of(day_samples(logs, group, now=examined.now, pattern=pattern) for group in groups)


def note_attached(examined: Examined) -> Iterator[Finding]:
    """The log groups that were attached."""
    attached = ", ".join(examined.attached)
    yield note(ATTACHED, f"{attached}, beside the stack's own." if attached else "No log group but the stack's own.")


def note_mantle(examined: Examined) -> Iterator[Finding]:
    """Whether models are called through bedrock-mantle, which logs no invocation: its metrics alone tell."""
    client = examined.stack.session.client("cloudwatch")
    mantle = Metrics(client=client, namespace="AWS/BedrockMantle", dimensions={})
    calls = mantle.sum_since("Inferences", examined.now - LATELY)
    if calls:
        text = f"{calls:,} calls of the last day went through bedrock-mantle, {_MANTLE}."
        yield note(MANTLE, text, "Call models through bedrock-runtime to see them here.")
    elif examined.is_local:
        yield note(MANTLE, f"Not known here, as the local AWS has no metrics of {_MANTLE}.")
    else:
        yield fine(MANTLE, f"By its metrics, no call of the last day went through {_MANTLE}.")


def note_spans(examined: Examined) -> Iterator[Finding]:
    """Whether agents write spans, whether they are read, and whether what leads to them names traces."""
    if examined.stack.policy.reads_spans:
        yield from _read_spans(examined)
    elif find_log_group(examined.logs, SPANS_GROUP) is not None:
        text = (
            f"There are spans in {SPANS_GROUP} that are not read. They link calls without a tag where a log names each "
            "request's trace: a REST API's access log, or behind an HTTP API the function's (LambdaLogGroupName)."
        )
        yield note(SPANS, text, f"Run `sam deploy --parameter-overrides SpanLogGroupName={SPANS_GROUP}`.")
    else:
        yield note(SPANS, f"None are read, and there is no log group {SPANS_GROUP}: links are by tags and by time.")


def _read_spans(examined: Examined) -> Iterator[Finding]:
    groups = examined.sources_of(Kind.SPANS)
    if not _reads(examined, Kind.SPANS, "span"):
        text = f"No span of a call, an agent or a tool came to {', '.join(groups)} in the last day."
        yield note(SPANS, text, "See docs/attaching.md: the agent needs OpenTelemetry, X-Ray Transaction Search.")
        return
    functions = examined.sources_of(Kind.LAMBDA)
    if functions and not _reads(examined, Kind.LAMBDA, "lambda"):
        text = f"No line of the last day in {', '.join(functions)} names a trace: no HTTP request leads to its spans."
        yield note(SPANS, text, "Switch active tracing of the function on; in JSON, its system log level at INFO.")
        return
    yield fine(SPANS, f"Read from {', '.join(groups)}{'; ' if functions else ''}{', '.join(functions)}.")


def _reads(examined: Examined, kind: Kind, read_as: str) -> bool:
    """Whether one of the newest lines of a group of this kind is read as such."""
    pattern = filter_pattern(kind, examined.stack.policy)
    return any(
        sample.kind == read_as
        for group in examined.sources_of(kind)
        for sample in newest_samples(examined.logs, group, now=examined.now, pattern=pattern)
    )
