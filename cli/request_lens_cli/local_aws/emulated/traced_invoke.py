"""The emulator, started so that its Lambda traces and tries again as AWS's does. Run by the emulator's own interpreter.

On AWS a function runs under the trace that Invoke's header names, and has its run's id from the answer to Invoke. The
emulator passes over the header, and answers with another id than the one that it gives the function. And on AWS a
function that fails on what a subscription sent it is run twice more, as after an asynchronous Invoke; the emulator does
so after an Invoke only. What is replaced are four functions of `ministack.services.lambda_svc`, whose version is
locked; and two of its CloudWatch Logs, which takes a filter pattern for a list of words.
"""

import contextvars
import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

TRACE_HEADER = "x-amzn-trace-id"
RUN_HEADER = "x-amzn-requestid"

INVOKE, RUN, TRACE_FOR = "_invoke", "_execute_function_dispatch", "_xray_trace_id_for_invocation"
"""The functions that answer Invoke, run a function, and say under which trace it runs."""

RUN_FOR_SERVICE, RUN_WITH_RETRIES = "_execute_function_with_config_scope", "invoke_async_with_retry"
"""The functions that run a function once, for an Invoke or another service, and that run it until it passes."""

SUBSCRIPTION_PASSES, COMPILED = "_subscription_pattern_matches", "_compile_filter_pattern"
"""The functions that say which log events a subscription is sent, and which a search finds."""

type Answer = tuple[int, dict[str, str], bytes]


@dataclass(slots=True, kw_only=True)
class Call:
    """One Invoke: the trace that it came with, and the id of the run that it began, once that has begun."""

    trace: str | None
    run_id: str | None = None


_CALL: contextvars.ContextVar[Call | None] = contextvars.ContextVar("call", default=None)
_TRACE: contextvars.ContextVar[str | None] = contextvars.ContextVar("trace", default=None)


def take_part_in_traces(service: ModuleType) -> None:
    """Replace the functions by which the emulator invokes, runs and traces a function."""
    invoke, run, trace_for = (vars(service)[name] for name in (INVOKE, RUN, TRACE_FOR))

    async def traced_invoke(name: str, event: object, headers: Mapping[str, str], *rest: object) -> Answer:
        call = Call(trace=headers.get(TRACE_HEADER))
        _CALL.set(call)
        status, answered, body = await invoke(name, event, headers, *rest)
        return status, answered if call.run_id is None else {**answered, RUN_HEADER: call.run_id}, body

    def traced_run(function: object, config: object, event: object, run_id: str, started: float) -> object:
        call = _CALL.get()
        if call is not None:
            call.run_id = run_id
            _TRACE.set(call.trace)
            _CALL.set(None)  # what its log lines set off is no part of this call
        return run(function, config, event, run_id, started)

    def trace_of(config: object, inbound: str | None = None) -> object:
        trace = _TRACE.get()
        _TRACE.set(None)
        return trace_for(config, inbound or trace)

    vars(service).update({INVOKE: traced_invoke, RUN: traced_run, TRACE_FOR: trace_of})


def retry_subscriptions(service: ModuleType) -> None:
    """Replace the function that runs what a subscription sends: where that fails, it is tried again."""
    run, run_with_retries = (vars(service)[name] for name in (RUN_FOR_SERVICE, RUN_WITH_RETRIES))

    def run_or_retry(function: object, event: Mapping[str, object]) -> object:
        is_of_subscription = "awslogs" in event and _CALL.get() is None
        return run_with_retries(function, event) if is_of_subscription else run(function, event)

    vars(service)[RUN_FOR_SERVICE] = run_or_retry


def filter_log_events(service: ModuleType, passes: Callable[[str, str], bool]) -> None:
    """Replace the functions that tell which log events a filter pattern lets pass."""
    vars(service).update({SUBSCRIPTION_PASSES: passes, COMPILED: lambda pattern: partial(passes, pattern)})


def main() -> None:
    """Run the emulator until it is stopped."""
    sys.path.append(str(Path(__file__).parent))  # this package is not installed for the emulator's interpreter
    lambda_service = importlib.import_module("ministack.services.lambda_svc")
    take_part_in_traces(lambda_service)
    retry_subscriptions(lambda_service)
    filter_log_events(
        importlib.import_module("ministack.services.cloudwatch_logs"), importlib.import_module("log_pattern").passes
    )
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
