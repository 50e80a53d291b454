"""One log line → what the pipeline makes of it, as a JSON document and for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.log_record import Ignored, Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.spans import LambdaRun, Span
from request_lens.domain.times import whole_ms
from request_lens.presentation.formatting import iso_ms
from request_lens.wire.log_record import read_record
from request_lens_cli.inspection.api_stage import stage_of
from request_lens_cli.inspection.json_faults import json_fault
from request_lens_cli.inspection.unknowns import unknown_of_invocation, unknown_of_request
from request_lens_cli.report.documents import invocation_document, rejected_document
from request_lens_cli.report.request_schema import Document

MEANINGS: Mapping[RejectedReason, str] = {
    RejectedReason.NOT_JSON: "The line is not JSON.",
    RejectedReason.TRUNCATED: "The JSON ends too early: its writer or something on the way cut it off.",
    RejectedReason.NOT_AN_OBJECT: "The line is JSON, but no object: what is read stands in {…}, one object a line.",
    RejectedReason.UNKNOWN_RECORD: "The line is none of a ModelInvocationLog, an access log, a span or Lambda itself.",
    RejectedReason.MISSING_FIELD: "A field that every record needs is not there, or has no value.",
    RejectedReason.INVALID_FIELD: "A field has a value that cannot be.",
    RejectedReason.TOO_OLD: "Its fact is older than RetentionDays.",
    RejectedReason.TOO_NEW: "Its fact is more than two hours ahead of the clock.",
    RejectedReason.UNREADABLE_ITEM: "It is no line, but an item of the table that another version wrote.",
    RejectedReason.CONFLICTING_RECORD: (
        "Another request has its id, which the client of a REST API can choose: log $context.extendedRequestId, too."
    ),
}
"""What each reason means to the owner of the log group."""

_IN_WORDS = frozenset({RejectedReason.NOT_JSON, RejectedReason.TRUNCATED, RejectedReason.NOT_AN_OBJECT})
"""Reasons whose meaning says all that the detail does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a line came out as; `fields` holds what was read, null being unknown, and `unknown` says why by field.

    `stage` is the API and stage that a request's line names, as far as it does.
    """

    kind: str
    fields: Document = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    stage: str = ""

    @property
    def brief(self) -> str:
        """What was read, in a few words: ids, names and times alone."""
        fields = self.fields
        match self.kind:
            case "request":
                return f"{fields['route']}, status {fields['status']}, request {fields['request_id']}"
            case "invocation":
                return f"{fields['model_id']}, by {fields['caller_role'] or 'no role'} at {fields['started_at']}"
            case "span":
                return f"a span ({fields['span']}) of trace {fields['trace_id']}"
            case "lambda":
                return f"run {fields['lambda_request_id']} of trace {fields['trace_id']}"
            case "ignored":
                return str(fields["why"])
            case _:
                return f"{fields['reason']}, {self.fault}"

    @property
    def why_set_aside(self) -> str:
        """Why the line is not read, in sentences: what its reason means, and what else its fault says."""
        meaning = str(self.fields["meaning"])
        return meaning if self.fault == meaning else f"{meaning.removesuffix('.')}: {self.fault}."

    @property
    def fault(self) -> str:
        """What is wrong with a line that is not read, as briefly as can be said."""
        is_said = not self.fields["detail"] or self.fields["reason"] in _IN_WORDS
        return str(self.fields["meaning" if is_said else "detail"])

    @property
    def is_read(self) -> bool:
        """Whether the line says something of use: it is neither ignored nor set aside."""
        return self.kind not in ("ignored", "rejected")

    def document(self, file: str, line: int) -> Document:
        """The JSON object that `--format json` prints for this line of a file."""
        unknown = {"unknown": dict(self.unknown)} if self.kind in ("invocation", "request") else {}
        return {"file": file, "line": line, "kind": self.kind, **self.fields, **unknown}


def inspect_line(message: str) -> Inspection:
    """What the pipeline's own reader makes of a line; never anything of its texts."""
    match read_record(message):
        case Invocation() as invocation:
            unknown = unknown_of_invocation(invocation, message)
            return Inspection(kind="invocation", fields=_invocation_fields(invocation), unknown=unknown)
        case Request() as request:
            unknown = unknown_of_request(request, message)
            return Inspection(kind="request", fields=_request_fields(request), unknown=unknown, stage=stage_of(message))
        case Span() as span:
            return Inspection(kind="span", fields=_span_fields(span))
        case LambdaRun() as run:
            return Inspection(kind="lambda", fields=_run_fields(run))
        case Ignored() as ignored:
            return Inspection(kind="ignored", fields={"why": ignored.why})
        case Rejected() as rejected:
            meaning = json_fault(rejected.reason, rejected.detail) or MEANINGS[rejected.reason]
            return Inspection(kind="rejected", fields={**rejected_document(rejected), "meaning": meaning})


def _request_fields(request: Request) -> Document:
    return {
        "request_id": request.request_id,
        "route": request.route,
        "status": request.status,
        "started_at": iso_ms(request.started_at),
        "duration_ms": request.duration_ms,
        "streamed": request.streamed,
        "trace_id": request.trace_id,
        "lambda_request_id": request.lambda_request_id,
    }


def _span_fields(span: Span) -> Document:
    return {
        "span": span.kind,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "started_at": iso_ms(span.started_at),
        "duration_ms": whole_ms(span.ended_at - span.started_at),
        "failed": span.failed,
        "invocation_id": span.invocation_id,
        "tool": span.tool,
        "input_tokens": span.tokens.input,
        "output_tokens": span.tokens.output,
        "first_token_ms": span.first_token_ms,
        "session_id": span.session_id,
    }


def _run_fields(run: LambdaRun) -> Document:
    return {"lambda_request_id": run.lambda_request_id, "trace_id": run.trace_id, "at": iso_ms(run.at)}


def _invocation_fields(invocation: Invocation) -> Document:
    fields = dict(invocation_document(invocation, Policy(), None))
    del fields["estimated_cost_usd"], fields["unpriced"]  # the price table's to say, not the log line's
    tag, conversation = invocation.tag, invocation.conversation
    return {
        **fields,
        "first_byte_latency_ms": invocation.first_byte_latency_ms,
        "cache_write_1h_input_tokens": invocation.tokens.cache_write_1h,
        "service_tier": invocation.service_tier,
        "guardrail_intervened": invocation.guardrail_intervened,
        "caller_role": invocation.caller_role,
        "region": invocation.region,
        "tag": None if tag is None else {"api_request_id": tag.request_id, "call_index": tag.call_index},
        "conversation": None
        if conversation is None
        else {"returned": conversation.returned, "produced": conversation.produced},
    }
