"""What reads agents' spans: made only where their log group is named, and sent as little as is read."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from request_lens.domain.policy import Policy
from request_lens_cli.attaching.kinds import Kind, filter_pattern
from request_lens_cli.local_aws.emulated.log_pattern import passes
from tests.support.record_shapes import ACCESS_SHAPES, INVOCATION_SHAPES
from tests.support.telemetry.lambda_shapes import LAMBDA_SHAPES, UNTRACED_LAMBDA_SHAPES, report_line, start_line
from tests.support.telemetry.span_shapes import IGNORED_SPAN_SHAPES, SPAN_SHAPES
from tests.support.template_document import OUTPUTS, RESOURCES, ROOT, TEMPLATE, properties, references

WITH_MEMORY, WITHOUT_MEMORY = properties("SpanLogFilter")["FilterPattern"]["Fn::If"][1:]
OF_LAMBDA = properties("LambdaLogFilter")["FilterPattern"]

GROUPS = ("InvocationLogGroupName", "AccessLogGroupName", "SpanLogGroupName", "LambdaLogGroupName")
CONDITIONS = {"SpanLogGroupName": "ReadsSpans", "LambdaLogGroupName": "ReadsLambdaLog"}
OPTIONAL = {name: resource for name, resource in RESOURCES.items() if resource.get("Condition") in CONDITIONS.values()}

ALIKE = {"bedrock_without_id", "bedrock_unlogged", "client_of_an_agent"}
"""Shapes of no use that only an attribute, whose name has dots, tells from those that are read. They are rare."""


def passed(pattern: str, shapes: dict[str, Any]) -> set[str]:
    return {name for name, shape in shapes.items() if passes(pattern, json.dumps(shape("text")))}


def test_the_pattern_lets_every_span_pass_that_is_read_and_those_of_memory_only_where_they_are_asked_for() -> None:
    assert passed(WITHOUT_MEMORY, dict(SPAN_SHAPES)) == set(SPAN_SHAPES) - {"memory"}
    assert passed(WITH_MEMORY, dict(SPAN_SHAPES)) == set(SPAN_SHAPES)


def test_the_pattern_keeps_what_is_ignored_but_for_what_looks_alike() -> None:
    assert passed(WITHOUT_MEMORY, dict(IGNORED_SPAN_SHAPES)) == ALIKE
    assert passed(WITH_MEMORY, dict(IGNORED_SPAN_SHAPES)) == ALIKE | {"code_interpreter"}


ONE_CALL = Counter(memory=13, call=1, strands_chat=1, event_loop=1, agent=1, entry=1)
LANGGRAPH = Counter(call=1, langchain_chat=1, workflow=3, entry=1)
TRACES = (
    Counter(memory=19, http=2, strands_chat=2, code_interpreter=1, tool=1, event_loop=2, agent=1, entry=1),
    ONE_CALL,
    ONE_CALL,
    LANGGRAPH,
)
"""How many spans of each shape four real traces have: with another vendor's model, two turns of Strands, LangGraph."""

TEXTS = {"langchain_chat": "x" * 1_000, "workflow": "x" * 500}
"""Prompts and answers stand among the attributes of LangChain's spans."""


def share_passed(pattern: str, trace: Counter[str]) -> float:
    """The share of a trace's bytes that a pattern lets through, in %, with this repository's own shapes."""
    shapes = {**SPAN_SHAPES, **IGNORED_SPAN_SHAPES}
    sizes = {name: len(json.dumps(shapes[name](TEXTS.get(name, "")), separators=(",", ":"))) for name in trace}
    named = passed(pattern, {name: shapes[name] for name in trace})
    return 100 * sum(trace[name] * sizes[name] for name in named) / sum(trace[name] * sizes[name] for name in trace)


def test_the_pattern_lets_the_share_of_bytes_pass_that_the_page_tells() -> None:
    """Of real traces that was measured; those of the same make-up in the shapes of the tests come near it."""
    page = (ROOT / "docs" / "attaching.md").read_text(encoding="utf-8")
    [without] = re.findall(r"(\d+), (\d+), (\d+) and (\d+) % of the bytes", page)
    [(least, most)] = re.findall(r"`MemorySpans=true`: then it is (\d+) to (\d+) %", page)

    assert [share_passed(WITHOUT_MEMORY, trace) for trace in TRACES] == pytest.approx([*map(int, without)], abs=3)
    with_memory = sorted(share_passed(WITH_MEMORY, trace) for trace in TRACES if trace["memory"])
    assert [with_memory[0], with_memory[-1]] == pytest.approx([int(least), int(most)], abs=3)


@pytest.mark.parametrize("pattern", [WITHOUT_MEMORY, WITH_MEMORY, OF_LAMBDA])
def test_a_pattern_is_no_longer_than_cloudwatch_logs_takes_and_lets_no_line_of_another_log_pass(pattern: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html"""
    assert len(pattern) <= 1024
    assert passed(pattern, {**ACCESS_SHAPES, **INVOCATION_SHAPES}) == set()


def test_of_a_functions_log_one_line_a_run_passes_in_either_format() -> None:
    in_json = passed(OF_LAMBDA, {**LAMBDA_SHAPES, **UNTRACED_LAMBDA_SHAPES})

    assert in_json == {"start", "start_untraced"}
    assert passes(OF_LAMBDA, json.dumps(start_line(), separators=(",", ":")))
    assert passes(OF_LAMBDA, report_line())
    assert not passes(OF_LAMBDA, report_line(trace=None))
    assert not passes(OF_LAMBDA, "START RequestId: 3f0c1d52-6a7e-4b8d-9c21-5e4f7a6b8c90 Version: $LATEST\n")


def test_the_command_attaches_with_the_templates_patterns() -> None:
    assert filter_pattern(Kind.SPANS, Policy()) == WITHOUT_MEMORY
    assert filter_pattern(Kind.SPANS, Policy(reads_memory=True)) == WITH_MEMORY
    assert filter_pattern(Kind.LAMBDA, Policy(reads_memory=True)) == OF_LAMBDA


def test_without_the_parameters_the_stack_is_as_before() -> None:
    """What names a log group of theirs has its condition, and nothing else names what has one."""
    for name, resource in RESOURCES.items():
        named = {CONDITIONS[each] for each in references(resource) if each in CONDITIONS}
        assert named <= {resource.get("Condition")}, name
        assert name in OPTIONAL or not set(OPTIONAL) & {*references(resource), *depended(resource)}, name
    for condition, parameter in (("ReadsSpans", "SpanLogGroupName"), ("ReadsLambdaLog", "LambdaLogGroupName")):
        assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
        assert TEMPLATE["Parameters"][parameter]["Default"] == ""
    assert not set(OPTIONAL) & set(references(OUTPUTS))


def depended(resource: dict[str, Any]) -> Iterator[str]:
    names = resource.get("DependsOn", [])
    yield from names if isinstance(names, list) else [names]


@pytest.mark.parametrize(("group", "kind"), [("SpanLogGroupName", "SpanLog"), ("LambdaLogGroupName", "LambdaLog")])
def test_a_group_invokes_the_processor_alone_and_no_other_group_does_so_by_its_permission(
    group: str, kind: str
) -> None:
    permission, subscription = properties(f"{kind}Permission"), properties(f"{kind}Filter")

    assert permission["Principal"] == "logs.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(f":log-group:${{{group}}}:*")
    assert subscription["LogGroupName"] == {"Ref": group}
    assert [*references(permission["FunctionName"]), *references(subscription["DestinationArn"])] == [
        "ProcessorFunction"
    ] * 2
    assert RESOURCES[f"{kind}Filter"]["DependsOn"] == f"{kind}Permission"


def holds(condition: dict[str, Any], groups: dict[str, str]) -> bool:
    """Whether a condition of a rule holds where the log groups are named so."""
    [(function, parts)] = condition.items()
    if function == "Fn::Not":
        return not holds(parts[0], groups)
    assert function == "Fn::Equals"
    left, right = (groups[part["Ref"]] if isinstance(part, dict) else part for part in parts)
    return left == right


def refused(**named: str) -> set[str]:
    """What the rules say against these parameters, the others being as they are by default."""
    groups = {name: str(TEMPLATE["Parameters"][name]["Default"]) for name in GROUPS} | named
    rules = TEMPLATE["Rules"].values()
    asked = (rule for rule in rules if "RuleCondition" not in rule or holds(rule["RuleCondition"], groups))
    assertions = [each for rule in asked for each in rule["Assertions"]]
    return {each["AssertDescription"] for each in assertions if not holds(each["Assert"], groups)}


def test_a_functions_log_without_spans_is_refused_before_anything_is_deployed() -> None:
    assert refused(LambdaLogGroupName="f") == {"LambdaLogGroupName leads to spans and needs SpanLogGroupName, too"}


def test_groups_that_differ_are_taken_and_so_is_none() -> None:
    assert refused() == refused(SpanLogGroupName="aws/spans") == refused(AccessLogGroupName="a") == set()
    assert refused(SpanLogGroupName="aws/spans", LambdaLogGroupName="f", AccessLogGroupName="a") == set()


@pytest.mark.parametrize(("first", "second"), list(combinations(GROUPS, 2)))
def test_no_two_parameters_may_name_one_group_which_their_filters_would_fill(first: str, second: str) -> None:
    others = {name: name for name in GROUPS}

    [said] = refused(**others | {first: "same", second: "same"})
    assert {first, second} == {word for word in said.split() if word in GROUPS}
