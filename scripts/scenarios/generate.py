"""Write every scenario's files from its `scenario.toml`: `python -m scripts.scenarios.generate [FOLDER]`.

A scenario `events/<name>/` gets five files, always the same for the same script:

    invocations.ndjson  Bedrock's log lines, in order of the calls' start
    access.ndjson       API Gateway's log lines, in order of the responses
    labels.json         request id -> prompt and type, for display only
    tags.json           invocation id -> what a tagging caller would have put into requestMetadata
    expected.json       what must be counted, for the scenario and per request
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from scripts.scenarios.lines import Json, PlannedCall, PlannedRequest, access_line, invocation_line, plan
from scripts.scenarios.script import Script, read_script

EVENTS = Path(__file__).resolve().parents[2] / "events"


def scenario_files(name: str) -> Mapping[str, str]:
    """The text of each file of a scenario, by file name."""
    script = read_script(EVENTS / name)
    requests = plan(name, script)
    return {
        "invocations.ndjson": _ndjson(_invocation_lines(requests, script)),
        "access.ndjson": _ndjson(access_line(each, script) for each in sorted(requests, key=_ended_at)),
        "labels.json": _document({each.request_id: _label(each) for each in requests}),
        "tags.json": _document({call.invocation_id: tag for each in requests for call, tag in _tags(each)}),
        "expected.json": _document(_expected(requests)),
    }


def _invocation_lines(requests: Iterable[PlannedRequest], script: Script) -> Iterator[Json]:
    calls = [call for each in requests for call in each.calls]
    return (invocation_line(call, script) for call in sorted(calls, key=lambda call: call.started_at))


def _ended_at(planned: PlannedRequest) -> datetime:
    return planned.started_at + planned.ask.duration


def _label(planned: PlannedRequest) -> Json:
    return {"prompt": planned.ask.prompt, "type": planned.ask.kind}


def _tags(planned: PlannedRequest) -> Iterator[tuple[PlannedCall, Json]]:
    """The tags of each call that succeeded: an SDK's retry repeats what its first attempt was tagged with.

    Whether Bedrock logs the metadata of a failed attempt is not known, so failed ones have none.
    """
    index, first_attempt = 1, None
    for each in planned.calls:
        first_attempt = first_attempt or each
        if each.call.error_code is None:
            started_ms = str(round(first_attempt.started_at.timestamp() * 1000))
            tag = {"api_request_id": planned.request_id, "call_index": str(index), "call_started_ms": started_ms}
            yield each, tag
            index, first_attempt = index + 1, None


def _expected(requests: Iterable[PlannedRequest]) -> Json:
    per_request = {each.request_id: _counts(each) for each in requests}
    totals = {
        key: sum(counts[key] for counts in per_request.values())
        for key in ("llm_calls", "llm_errors", "llm_throttles", "input_tokens", "output_tokens")
    }
    return {"requests": len(per_request), **totals, "by_request": per_request}


def _counts(planned: PlannedRequest) -> dict[str, int]:
    answered = [each.call for each in planned.calls if each.call.error_code is None]
    errors = [each.call for each in planned.calls if each.call.error_code is not None]
    return {
        "duration_ms": planned.ask.duration // timedelta(milliseconds=1),
        "llm_calls": len(answered),
        "llm_errors": len(errors),
        "llm_throttles": sum(call.error_code == "ThrottlingException" for call in errors),
        "llm_time_ms": sum(call.latency_ms for call in answered),
        "input_tokens": sum(call.tokens[0] for call in answered),
        "output_tokens": sum(call.tokens[1] for call in answered),
    }


def _ndjson(lines: Iterable[Json]) -> str:
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def _document(content: Json) -> str:
    return json.dumps(content, indent=2) + "\n"


def main(folder: Path = EVENTS) -> None:
    """Write the files of every scenario that has a script under `folder`."""
    for script in sorted(EVENTS.glob("*/scenario.toml")):
        target = folder / script.parent.name
        target.mkdir(parents=True, exist_ok=True)
        for name, text in scenario_files(script.parent.name).items():
            (target / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
