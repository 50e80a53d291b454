"""A request that the doctor sends through a deployed stack: its log lines in, its summary and its metric line out."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from request_lens.domain.doctor import DOCTOR_PREFIX, DOCTOR_SERVICE
from request_lens.domain.settling.state import RequestState
from request_lens.domain.times import EPOCH, whole_ms
from request_lens.ports import Clock
from request_lens.presentation.formatting import duration_text
from request_lens_cli.attaching.kinds import Kind
from request_lens_cli.deployed.newest_lines import has_line
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.diagnosis.examined import Examined
from request_lens_cli.diagnosis.finding import Finding, fault, fine
from request_lens_cli.scenario.playing import put_events

TEST_EVENT = "test event"

STREAM = "request-lens-doctor"
"""The log stream of the lines, in the stack's two log groups."""

PATIENCE = timedelta(minutes=2)
"""How long each step may take: a minute is usual where a function starts cold and CloudWatch is slow."""

_PAUSE_S = 1.0
_ROUTE = {"routeKey": "GET /request-lens/doctor", "httpMethod": "GET", "resourcePath": "/request-lens/doctor"}
_LATENCY_MS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """One request with one call, which only its id tells from others; `pause` waits."""

    examined: Examined
    clock: Clock
    pause: Callable[[float], None] = time.sleep
    request_id: str = field(default_factory=lambda: f"{DOCTOR_PREFIX}{uuid.uuid4()}")

    def send(self) -> Iterator[Finding]:
        """Send the request's line, then its call's, and wait for what comes of each; ends with the first fault.

        The call is sent when the request is known, so that it is never one without a request.
        """
        began = self.clock.now()
        self._put(Kind.ACCESS, self._access_line())
        if not self._comes(lambda: self._state().record is not None):
            yield self._missing("The line in the access log group did not reach the table")
            return
        self._put(Kind.INVOCATIONS, self._invocation_line())
        if not self._comes(self._has_summary):
            yield self._missing("The request reached the table, but no summary with its call came")
            return
        took = duration_text(round((self.clock.now() - began) / timedelta(milliseconds=1)))
        yield fine(TEST_EVENT, f"{self.request_id} has its summary after {took}: 1 LLM call.")
        if not self._comes(self._is_published):
            yield self._missing("The summary is in the table, but its metrics were not published")
            return
        yield fine(TEST_EVENT, f"Its metrics are published with the Service {DOCTOR_SERVICE}; yours do not count it.")

    def _missing(self, what: str) -> Finding:
        group = self.examined.stack.output("ProcessorLogGroupName")
        text = f"{what} within {duration_text(int(PATIENCE.total_seconds() * 1000))} ({self.request_id})."
        return fault(TEST_EVENT, text, f"See what the processor says: `aws logs tail {group} --since 10m`.")

    def _comes(self, is_there: Callable[[], bool]) -> bool:
        """Whether something comes in time."""
        until = self.clock.now() + PATIENCE
        while not (found := is_there()) and self.clock.now() < until:
            self.pause(_PAUSE_S)
        return found

    def _state(self) -> RequestState:
        (state,) = open_stack_table(self.examined.stack).states([self.request_id])
        return state

    def _has_summary(self) -> bool:
        summary = self._state().summary
        return summary is not None and summary.totals.llm_calls == 1

    def _is_published(self) -> bool:
        group = self.examined.stack.output("ProcessorLogGroupName")
        since = self.clock.now() - 3 * PATIENCE
        return has_line(self.examined.logs, group, since=since, pattern=f'"{self.request_id}"')

    def _put(self, kind: Kind, line: dict[str, object]) -> None:
        message = json.dumps(line, separators=(",", ":"))
        group, at = self.examined.own_groups[kind], self._epoch_ms()
        put_events([{"timestamp": at, "message": message}], group, STREAM, logs=self.examined.logs)

    def _access_line(self) -> dict[str, object]:
        times = {"requestTimeEpoch": str(self._epoch_ms() - _LATENCY_MS), "responseLatency": str(_LATENCY_MS)}
        return {"requestId": self.request_id, **times, "status": "200", **_ROUTE}

    def _invocation_line(self) -> dict[str, object]:
        answer = {"stopReason": "end_turn", "metrics": {"latencyMs": 1}}
        return {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "requestId": str(uuid.uuid4()),
            "operation": "Converse",
            "modelId": STREAM,
            "requestMetadata": {"api_request_id": self.request_id, "call_index": "1"},
            "input": {"inputTokenCount": 1},
            "output": {"outputTokenCount": 1, "outputBodyJson": answer},
        }

    def _epoch_ms(self) -> int:
        return whole_ms(self.clock.now() - EPOCH)
