"""`request-lens doctor` over a stack without a fault: what is worth knowing, and what helps."""

import json
from datetime import timedelta

import pytest

from request_lens.domain.facts import Tag
from request_lens.domain.linking.link import Assumption, Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens_cli.attaching.kinds import Kind, filter_pattern
from request_lens_cli.deployed import day_lines
from request_lens_cli.diagnosis.examined import Examined
from tests.support.facts import call
from tests.support.facts import tag as tag_of
from tests.support.operating.examining import findings
from tests.support.operating.healthy_stack import ACCESS_LINE, HealthyStack, healthy, invocation_line
from tests.support.operating.operated_stack import ACCESS, ACCOUNT, INVOCATIONS
from tests.support.sample_states import settled
from tests.support.telemetry.lambda_shapes import report_line, start_line
from tests.support.telemetry.span_shapes import IGNORED_SPAN_SHAPES, bedrock_call
from tests.support.under_test import REGION

__all__ = ["healthy"]

FUNCTION_LOG = "/aws/lambda/ask"

pytestmark = pytest.mark.slow  # each deploys a stack and examines all of it


def noted(stack: HealthyStack) -> dict[str, dict[str, str]]:
    """What is lacking or worth knowing, by check; nothing is a fault, and the exit code says which of the two it is."""
    result = stack.aws.ask("doctor", "--format", "json")
    found = json.loads(result.stdout)["findings"]
    lacking = any(each["outcome"] == "warning" for each in found)
    assert result.exit_code == (4 if lacking else 0), result.output
    return {each["check"]: each for each in found if each["outcome"] in ("note", "warning")}


@pytest.mark.parametrize(
    ("reason", "why", "helps"),
    [
        (Reason.NO_REQUEST, "while no request ran", "Attach the API that they serve"),
        (Reason.AMBIGUOUS, "with several requests that fit", "Tag the calls."),
        (Reason.CROWDED, "among too many requests and calls", "Tag the calls."),
        (Reason.OTHER_CALLER, "by a role that is not in AgentRoleNames", "Add the role if it is an agent's."),
    ],
)
def test_the_share_of_calls_without_a_request_and_why(
    healthy: HealthyStack, reason: Reason, why: str, helps: str
) -> None:
    for number in range(3):
        healthy.holds_call(Unattributed(reason=reason), number=number)

    found = noted(healthy)["unattributed"]

    assert found["outcome"] == ("note" if reason is Reason.OTHER_CALLER else "warning")
    assert f"75% of the calls belong to no request: 3 {why}." in found["text"]
    assert helps in found["remedy"]


def test_routes_that_are_called_and_not_observed_are_named(healthy: HealthyStack) -> None:
    healthy.aws.deploy(AgentRoutes="POST /ask")
    healthy.writes(ACCESS, json.dumps({**ACCESS_LINE, "requestId": "other", "routeKey": "GET /status"}))

    found = noted(healthy)["routes"]

    assert found["outcome"] == "note"
    assert found["text"] == "Observed: POST /ask. Called, but not in AgentRoutes: GET /status."
    assert "AgentRoutes is to name all of them" in found["remedy"]


def test_a_route_of_this_morning_is_named_beside_that_of_this_minute(healthy: HealthyStack) -> None:
    healthy.writes(ACCESS, json.dumps({**ACCESS_LINE, "requestId": "other", "routeKey": "POST /chat"}))
    early = json.dumps({**ACCESS_LINE, "requestId": "early", "routeKey": "POST /draw"})
    healthy.aws.write(ACCESS, early, ago=timedelta(hours=20))

    (found,) = [each for each in findings(healthy) if each["check"] == "routes"]

    assert found["text"].startswith("Observed: POST /ask, POST /chat, POST /draw. ")


def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every log group have more pages than are read of it."""
    monkeypatch.setattr(day_lines, "WHOLE_PAGES", 0)
    monkeypatch.setattr(day_lines, "HOUR_PAGES", 1)
    monkeypatch.setattr(day_lines, "HOUR_LINES", 1)


def test_routes_of_a_day_that_is_not_read_whole_are_not_said_to_be_all(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch)
    for number in range(3):
        healthy.writes(ACCESS, json.dumps({**ACCESS_LINE, "requestId": f"r{number}"}))

    (found,) = [each for each in findings(healthy) if each["check"] == "routes"]

    assert found["outcome"] == "fine"
    assert found["text"].startswith("Observed: POST /ask. Read were ")
    assert "the first of each hour: there are more, and may be others." in found["text"]


def test_no_observed_route_among_some_lines_of_a_day_with_requests_is_no_fault(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch)
    healthy.aws.deploy(AgentRoutes="POST /chat")
    healthy.writes(ACCESS, json.dumps({**ACCESS_LINE, "requestId": "r2"}))

    found = noted(healthy)["routes"]

    assert found["text"].startswith("AgentRoutes names POST /chat; called were POST /ask. Read were ")


def test_a_route_that_two_stages_log_is_said_to_be_one(healthy: HealthyStack) -> None:
    for api in ("a1b2c3d4e5", "f6g7h8i9j0"):
        healthy.writes(ACCESS, json.dumps({**ACCESS_LINE, "requestId": api, "apiId": api, "stage": "prod"}))

    found = noted(healthy)["routes"]

    assert found["outcome"] == "note"
    assert found["text"] == "POST /ask is one route, of 2 stages: a1b2c3d4e5/prod, f6g7h8i9j0/prod."
    assert 'add "requestLensApi":"NAME" to the access log\'s format of all but one of them' in found["remedy"]


def test_stages_that_are_told_apart_or_that_agent_routes_leaves_out_are_no_note(healthy: HealthyStack) -> None:
    healthy.aws.deploy(AgentRoutes="POST /ask")
    for number, names in enumerate(({}, {"requestLensApi": "orders"})):
        line = {**ACCESS_LINE, "requestId": f"r{number}", "apiId": f"api{number}", "stage": "prod"}
        healthy.writes(ACCESS, json.dumps({**line, **names}))
        healthy.writes(ACCESS, json.dumps({**line, "requestId": f"s{number}", "routeKey": "GET /status"}))

    assert "one route" not in str(noted(healthy))


def test_what_agent_routes_are_taken_for_is_said_where_they_are_named(healthy: HealthyStack) -> None:
    def routes() -> str:
        (found,) = [each for each in findings(healthy) if each["check"] == "routes"]
        assert found["outcome"] == "fine"
        return found["text"]

    unnamed = routes()
    healthy.aws.deploy(AgentRoutes="POST /ask")

    assert unnamed == "Observed: POST /ask. AgentRoutes is empty, so every route is observed."
    assert routes() == "Observed: POST /ask. AgentRoutes is taken to name every route that agents serve."


def test_uncertain_requests_and_why(healthy: HealthyStack) -> None:
    healthy.holds(settled("unsure", start=20, possible_calls=2))

    found = noted(healthy)["uncertain"]
    healthy.aws.deploy(AgentRoleNames="")

    unnamed = noted(healthy)["uncertain"]
    assert "1 request (50%) may have made more calls: 1 because unlinked calls may be their own." in found["text"]
    assert found["remedy"] == "Tag the calls."
    assert unnamed["remedy"] == "Tag the calls; where others call models too, name the agent's role in AgentRoleNames."


@pytest.mark.parametrize(("percent", "code"), [("49", 4), ("50", 0)])
def test_a_monitor_names_the_share_that_it_puts_up_with(healthy: HealthyStack, percent: str, code: int) -> None:
    healthy.holds(settled("unsure", start=20, possible_calls=2))

    result = healthy.aws.ask("doctor", "--warn-above", percent)

    assert result.exit_code == code
    assert f"{'!' if code else 'i'} uncertain: 1 request (50%)" in result.output


def test_a_tag_that_is_no_requests_id_stands_beside_one_that_is(healthy: HealthyStack) -> None:
    tagged = call(tag=Tag(request_id=tag_of("order-4711").request_id))
    healthy.holds_call(Unattributed(reason=Reason.REQUEST_NEVER_SEEN), invocation=tagged)

    found = noted(healthy)

    assert {check for check, each in found.items() if each["outcome"] == "warning"} == {"tags", "unattributed"}
    assert "no request's id, such as order-4711; a request's id here is JKJaXmPLvHcESHA=." in found["tags"]["text"]


def test_the_assumption_that_was_broken_most(healthy: HealthyStack) -> None:
    healthy.holds_call(
        Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS),
    )

    found = noted(healthy)["assumptions"]

    assert found["text"].startswith(
        "Agent roles called models outside of every observed request, seen at 1 call without a request: links by time "
    )
    assert "AgentRoutes" in found["remedy"]


def test_a_request_that_outlasted_the_limit_breaks_an_assumption(healthy: HealthyStack) -> None:
    healthy.holds(settled("long", start=-120, duration_ms=45_000))

    assert noted(healthy)["assumptions"]["text"].startswith(
        "Requests outlasted MaxRequestSeconds, seen at 1 request: links by time may be wrong there "
        "(requests_end_in_time)."
    )


def test_without_agent_role_names_the_callers_of_the_day_are_a_parameter_to_deploy_with(healthy: HealthyStack) -> None:
    healthy.aws.deploy(AgentRoleNames="")
    healthy.writes(INVOCATIONS, invocation_line("Other"), invocation_line(), invocation_line(None))
    healthy.aws.write(INVOCATIONS, invocation_line("Early"), ago=timedelta(hours=20))

    found = noted(healthy)["agent roles"]

    words, _, roles = found["remedy"].removesuffix("`.").partition("=")
    deploy = f"sam deploy --stack-name request-lens --region {REGION}"
    assert words == f"Name those that agents have: `{deploy} --parameter-overrides AgentRoleNames"
    assert roles.startswith("AgentRole,")
    assert set(roles.split(",")) == {"AgentRole", "Other", "Early"}
    assert "and 1 call by no role." in found["text"]


def test_where_not_every_call_was_read_no_command_is_ready_that_would_leave_a_role_out(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch)
    healthy.aws.deploy(AgentRoleNames="")
    healthy.writes(INVOCATIONS, invocation_line(), invocation_line("Other"))

    found = noted(healthy)["agent roles"]

    assert "there are more, and may be others" in found["text"]
    assert found["remedy"] == "Deploy with AgentRoleNames: all roles that agents have."


def test_calls_of_no_role_are_said_to_be_that(healthy: HealthyStack) -> None:
    healthy.aws.deploy(AgentRoleNames="")
    healthy.aws.logs.delete_log_stream(logGroupName=INVOCATIONS, logStreamName="stream")
    healthy.writes(INVOCATIONS, invocation_line(None))

    assert "the calls that were read are of no role" in noted(healthy)["agent roles"]["text"]


def test_what_goes_through_bedrock_mantle_is_said_to_be_unseen(healthy: HealthyStack) -> None:
    point = {"MetricName": "Inferences", "Value": 12, "Timestamp": healthy.aws.now}
    healthy.aws.session.client("cloudwatch").put_metric_data(
        Namespace="AWS/BedrockMantle",
        MetricData=[point],  # type: ignore[list-item]
    )

    assert "12 calls of the last day went through bedrock-mantle" in noted(healthy)["bedrock-mantle"]["text"]


def test_that_nothing_goes_through_bedrock_mantle_is_known_by_its_metrics_where_there_are_any(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (on_aws,) = (each for each in findings(healthy) if each["check"] == "bedrock-mantle")
    monkeypatch.setattr(Examined, "is_local", True)
    here = noted(healthy)["bedrock-mantle"]

    assert (on_aws["outcome"], here["outcome"]) == ("fine", "note")
    assert on_aws["text"].startswith("By its metrics, no call of the last day went through Bedrock's endpoint")
    assert here["text"].startswith("Not known here, as the local AWS has no metrics of Bedrock's endpoint")


def test_spans_that_are_not_read(healthy: HealthyStack) -> None:
    healthy.aws.logs.create_log_group(logGroupName="aws/spans")

    found = noted(healthy)["spans"]

    assert "There are spans in aws/spans that are not read." in found["text"]
    assert found["remedy"].endswith("SpanLogGroupName=aws/spans`.")


def reading_spans(stack: HealthyStack) -> None:
    """Deploy it with spans and a function that leads to them, as the template subscribes to them."""
    groups = {"SpanLogGroupName": (Kind.SPANS, "aws/spans"), "LambdaLogGroupName": (Kind.LAMBDA, FUNCTION_LOG)}
    stack.aws.deploy(**{parameter: name for parameter, (_, name) in groups.items()})
    for kind, name in groups.values():
        stack.aws.logs.create_log_group(logGroupName=name)
        stack.aws.subscribe(name, filter_pattern(kind, Policy()))
        stack.aws.lambda_.add_permission(
            FunctionName=stack.aws.function,
            StatementId=f"template-{kind}",
            Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
            SourceArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*",
        )


def spans_found(stack: HealthyStack) -> str:
    found = findings(stack)
    return next(f"{each['outcome']}: {each['text']}" for each in found if each["check"] == "spans")


def test_spans_that_are_read_are_told_once_some_came(healthy: HealthyStack) -> None:
    reading_spans(healthy)
    healthy.aws.write("aws/spans", json.dumps(IGNORED_SPAN_SHAPES["event_loop"]("")))
    assert spans_found(healthy).startswith("note: No span of a call, an agent or a tool came to aws/spans")

    healthy.aws.write("aws/spans", json.dumps(bedrock_call()))
    healthy.aws.write(FUNCTION_LOG, json.dumps(start_line(trace=None)))
    assert spans_found(healthy).startswith(f"note: No line of the last day in {FUNCTION_LOG} names a trace")

    healthy.aws.write(FUNCTION_LOG, report_line())
    assert spans_found(healthy) == f"fine: Read from aws/spans; {FUNCTION_LOG}."


def test_a_filter_for_spans_that_is_another_than_the_templates_is_a_fault(healthy: HealthyStack) -> None:
    reading_spans(healthy)
    healthy.aws.deploy(SpanLogGroupName="aws/spans", LambdaLogGroupName=FUNCTION_LOG, MemorySpans="true")

    result = healthy.aws.ask("doctor", "--format", "json")

    assert result.exit_code == 1
    assert "The filter of aws/spans has the pattern" in json.loads(result.stdout)["findings"][-1]["text"]


def test_a_format_without_a_duration_links_by_tags_alone(healthy: HealthyStack) -> None:
    lacking = {name: value for name, value in ACCESS_LINE.items() if name != "responseLatency"}
    healthy.writes(ACCESS, json.dumps(lacking))

    found = noted(healthy)["access log"]

    assert "only tags link to this request" in found["text"]
    assert "responseLatency" in found["remedy"]


def test_lines_that_are_ignored_are_said_to_be(healthy: HealthyStack) -> None:
    healthy.aws.logs.delete_log_stream(logGroupName=ACCESS, logStreamName="stream")
    healthy.writes(ACCESS, json.dumps({**ACCESS_LINE, "routeKey": "OPTIONS /ask"}))

    assert "are no requests: CORS preflight" in noted(healthy)["access log"]["text"]


def test_groups_that_were_attached_are_listed_and_examined(healthy: HealthyStack) -> None:
    group = "/aws/apigateway/orders"
    healthy.aws.logs.create_log_group(logGroupName=group)
    healthy.aws.answer("attach", "--yes", group, "--kind", "access")

    listed = json.loads(healthy.aws.answer("doctor", "--format", "json"))["findings"]
    assert {each["check"]: each["text"] for each in listed}["attached"] == f"{group}, beside the stack's own."

    for name in healthy.aws.filters(group):
        healthy.aws.logs.delete_subscription_filter(logGroupName=group, filterName=name)
    broken = healthy.aws.refusal("doctor")
    assert f"{group} has no filter that sends its lines to the processor" in broken
    assert f"Run `request-lens attach {group}`." in broken
