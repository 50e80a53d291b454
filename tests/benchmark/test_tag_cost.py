"""What a tag costs: beside the work that botocore does for a call in any case, and beside importing botocore."""

import json
import shutil
import subprocess
import sys
import time
import timeit
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from botocore import handlers
from botocore.awsrequest import AWSRequest

from request_tag import auto_instrument, request
from request_tag.instrumentation import note_own, tag_converse, tag_invoke
from tests.support.tagging.kept_calls import MESSAGES, kept, new_session

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

PACKAGE = Path(__file__).parents[2] / "layers" / "request_tag"

CALLS, ROUNDS = 300, 7

LIMIT_US, LIMIT_IMPORT_MS = 50, 15
"""What docs/tagging.md promises of one call's tag and of the import: beyond them the benchmark fails."""

CONVERSE, INVOKE = "bedrock-runtime.Converse", "bedrock-runtime.InvokeModel"


def within(found: float, limit: float) -> str:
    return f" (limit {limit}: {'PASS' if found < limit else 'FAIL'})"


def least_us(statement: object) -> float:
    """Microseconds of CPU time of one call of the statement, in the round that was disturbed least."""
    assert callable(statement)
    return min(timeit.repeat(statement, timer=time.process_time, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


@dataclass
class Handlers:
    """What botocore's events run for a call, once each."""

    model: Any
    own: dict[str, Any]

    @cached_property
    def body(self) -> bytes:
        return json.dumps({"messages": MESSAGES, **self.own}).encode()

    def converse(self) -> None:
        context: dict[str, Any] = {}
        note_own(params=self.own, context=context, event_name=f"before-parameter-build.{CONVERSE}")
        serialised = {"body": self.body}
        tag_converse(params=serialised, model=self.model, context=context, event_name=f"before-call.{CONVERSE}")
        tag_invoke(request=None, event_name=f"before-sign.{CONVERSE}")

    def invoke(self) -> None:
        request = AWSRequest("POST", "https://localhost/")
        request.context = {}
        note_own(params={}, context=request.context, event_name=f"before-parameter-build.{INVOKE}")
        tag_converse(params={}, model=None, context=request.context, event_name=f"before-call.{INVOKE}")
        tag_invoke(request=request, event_name=f"before-sign.{INVOKE}")


def call_of_another_service() -> None:
    """What botocore's events run for a call to S3, once each."""
    note_own(params={}, context={}, event_name="before-parameter-build.s3.GetObject")
    tag_converse(params={}, model=None, context={}, event_name="before-call.s3.GetObject")
    tag_invoke(request=None, event_name="before-sign.s3.GetObject")


def test_a_tag_is_a_small_part_of_what_botocore_does_for_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    bedrock = kept(new_session().client("bedrock-runtime"))
    converse = bedrock.client.meta.service_model.operation_model("Converse")
    bare = Handlers(converse, {})
    with request("JKJaXmPLvHcESHA=", session_id="s" * 36, trace_id="0" * 32):
        found = {
            "a call by botocore, sent nowhere": least_us(
                lambda: bedrock.client.converse(modelId="model", messages=MESSAGES)
            ),
            "its tag": least_us(bare.converse),
            "its tag beside metadata of its own": least_us(
                Handlers(converse, {"requestMetadata": {"team": "blue", "feature": "search"}}).converse
            ),
            "the tag of InvokeModel": least_us(bare.invoke),
            "a call to another service": least_us(call_of_another_service),
        }
    found["outside a request"] = least_us(bare.converse)
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", list(handlers.BUILTIN_HANDLERS))
    auto_instrument()
    tagged = kept(new_session().client("bedrock-runtime"))
    with request("JKJaXmPLvHcESHA="):
        found["a tagged call by botocore, sent nowhere"] = least_us(
            lambda: tagged.client.converse(modelId="model", messages=MESSAGES)
        )

    print()
    for name, microseconds in found.items():
        of_tag = "" if "sent nowhere" in name else within(microseconds, LIMIT_US)
        print(f"tag: {name:<40} {microseconds:7.1f} µs of CPU time{of_tag}")
    call = found.pop("a call by botocore, sent nowhere")
    tagged_call = found.pop("a tagged call by botocore, sent nowhere")
    assert max(found.values()) < call / 5
    assert tagged_call < call * 1.5
    assert max(found.values()) < LIMIT_US


def least_import_ms(module: str, folder: Path, *, after: str = "time") -> float:
    """Milliseconds of CPU time that a fresh interpreter takes to import it, in the run that was disturbed least."""
    script = f"import time, {after}; begun = time.process_time(); import {module}; print(time.process_time() - begun)"
    command, environment = [sys.executable, "-c", script], {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    runs = [subprocess.run(command, env=environment, check=True, capture_output=True, text=True) for _ in range(ROUNDS)]
    return min(float(each.stdout) for each in runs) * 1e3


def test_importing_the_tag_is_a_small_part_of_importing_botocore(tmp_path: Path) -> None:
    """Whoever calls Bedrock has imported botocore, which imports what the package does of the standard library."""
    layer, compiled = tmp_path / "layer", tmp_path / "compiled"
    for folder in (layer, compiled):
        shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(compiled)], check=True)
    botocore = least_import_ms("botocore.session", compiled)
    found = {
        "request_tag after it": least_import_ms("request_tag", compiled, after="botocore.session"),
        "the same from the layer, compiled anew": least_import_ms("request_tag", layer, after="botocore.session"),
    }

    print(f"\nimport: {'botocore':<40} {botocore:6.1f} ms of CPU time")
    for name, milliseconds in found.items():
        print(f"import: {name:<40} {milliseconds:6.1f} ms of CPU time{within(milliseconds, LIMIT_IMPORT_MS)}")
    assert max(found.values()) < botocore / 4
    assert max(found.values()) < LIMIT_IMPORT_MS
