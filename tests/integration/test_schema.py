"""`request-lens schema`: what the commands answer as JSON is what the schema says, and nothing else."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from request_lens.domain.settling.state import RequestState
from request_lens_cli.commands.schema import json_schema
from request_lens_cli.main import main
from request_lens_cli.report.schema import OUTPUTS
from scripts.scenarios.generate import EVENTS
from tests.support.deployed_stack import DeployedLens
from tests.support.emulated_aws.running_stack import LOG_BATCH_KEY, RunningStack
from tests.support.facts import call, linked, pending, tag
from tests.support.sample_states import costing, settled


def closed(schema: object) -> object:
    """The schema, but that an object may have no key that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in schema.items()}
    return {**parts, "additionalProperties": False} if "properties" in parts else parts


def faults(output: str, document: object) -> list[str]:
    schema = closed(json_schema(output))
    assert isinstance(schema, dict)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]


def fill(lens: DeployedLens) -> None:
    lens.plays("article")
    lens.holds(costing(settled("failed", call("e1", 0, error_code="ThrottlingException"), call("e2", 1)), "0.5"))
    lens.holds_untagged(pending(call("u1", 5)))
    tagged = linked(call("t1", 1, tag=tag("unrecorded", 1)))
    lens.holds(RequestState(request_id=tagged.link.request_id, invocations=(tagged,)))


@pytest.mark.parametrize("output", OUTPUTS)
def test_each_schema_is_one(output: str) -> None:
    Draft202012Validator.check_schema(json_schema(output))


def test_what_the_commands_answer_over_a_table_is_what_the_schema_says(lens: DeployedLens) -> None:
    fill(lens)

    whole = lens.document("requests")

    assert len(whole["requests"]) == 11
    assert faults("requests", whole) == []
    assert faults("request", json.loads(lens.answer("requests", "--format", "ndjson").splitlines()[0])) == []
    assert faults("unattributed", lens.document("requests", "--unattributed")) == []
    assert faults("show", lens.document("show", "failed")) == []
    assert faults("show", lens.document("show", "unrecorded")) == []
    assert faults("show", lens.document("show", "u1")) == []
    lens.holds(settled("uncertain", start=40, possible_calls=1))
    lens.holds_untagged(pending(call("u2", 42)))
    uncertain = lens.document("show", "uncertain")
    assert faults("show", uncertain) == []
    assert [each["invocation_id"] for each in uncertain["possible"]] == ["u2"]
    assert faults("rejected", lens.document("rejected")) == []


@pytest.mark.parametrize("scenario", ["article", "overlap"])
def test_a_replay_is_what_the_schema_says_its_rejected_lines_too(tmp_path: Path, scenario: str) -> None:
    broken = tmp_path / "broken.ndjson"
    broken.write_text('{"requestId": 7}\nno JSON\n', encoding="utf-8")
    logs = [str(EVENTS / scenario / f"{name}.ndjson") for name in ("access", "invocations")]

    answer = CliRunner().invoke(main, ["replay", *logs, str(broken), "--format", "json"])
    document = json.loads(answer.stdout)

    assert [len(document["requests"]), len(document["rejected"])] == [10, 2]
    assert bool(document["unattributed"]) == (scenario == "overlap")
    assert faults("replay", document) == []


def test_what_operating_a_stack_answers_is_what_the_schema_says(running: RunningStack) -> None:
    running.gave_up_on(LOG_BATCH_KEY, {"awslogs": {"data": "no batch"}})

    redriven = json.loads(running.lens.ask("redrive", "--format", "json").stdout)
    backfilled = running.lens.document("backfill", "--since", "1h", "--yes")

    assert len(redriven["failures"]) == 1
    assert faults("redrive", redriven) == []
    assert faults("backfill", backfilled) == []


def test_a_wrong_answer_is_not_what_the_schema_says(lens: DeployedLens) -> None:
    fill(lens)
    right = lens.document("show", "failed")

    assert faults("show", {**right, "llm_calls": "2"}) != []
    assert faults("show", {**right, "another": 1}) != []
    assert faults("show", {key: value for key, value in right.items() if key != "route"}) != []


def test_an_inspected_line_has_at_least_the_keys_of_the_schema() -> None:
    answer = CliRunner().invoke(main, ["inspect", str(EVENTS / "article" / "access.ndjson"), "--format", "json"])

    schema = Draft202012Validator(json_schema("inspect"))
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(lines) == 10
    assert all(schema.is_valid(line) for line in lines)


def test_without_a_command_it_has_all_of_them_in_one() -> None:
    answer = CliRunner().invoke(main, ["schema"])

    schema = json.loads(answer.stdout)
    assert len(schema["anyOf"]) == len(OUTPUTS)
    Draft202012Validator.check_schema(schema)
