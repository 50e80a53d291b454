"""`request-lens attach` and `detach`, over an emulated AWS."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from request_lens.domain.policy import Policy
from request_lens_cli.attaching.kinds import FILTER_PATTERNS, Kind, filter_pattern
from request_lens_cli.attaching.log_groups import attachments_of
from request_lens_cli.deployed import newest_lines
from request_lens_cli.deployed.log_group import find_log_group
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.options.stack_choice import StackChoice
from tests.support.operating.apis import give_account_role, group_arn, http_api, rest_api
from tests.support.operating.operated_stack import ACCESS, OTHER_FUNCTION, PROCESSOR_LOG, STACK, OperatedStack, operated
from tests.support.telemetry.lambda_shapes import report_line, start_line
from tests.support.telemetry.span_shapes import bedrock_call
from tests.support.template_document import RESOURCES

__all__ = ["operated"]

GROUP = "/aws/apigateway/orders"
OUR_FILTER = "request-lens-request-lens"
LINE = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTimeEpoch": "1764872822000",
    "responseLatency": "4312",
    "status": "200",
    "routeKey": "POST /orders",
}


@pytest.fixture
def orders(operated: OperatedStack) -> OperatedStack:
    operated.logs.create_log_group(logGroupName=GROUP)
    operated.write(GROUP, json.dumps(LINE))
    return operated


def state(stack: OperatedStack) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, object]]]:
    return stack.filters(GROUP), stack.statements()


def others_filters(stack: OperatedStack, *names: str) -> None:
    stack.lambda_.create_function(
        FunctionName="other",
        Runtime="python3.13",
        Role=stack.lambda_.get_function_configuration(FunctionName=stack.function)["Role"],
        Handler="other.handler",
        Code={"ZipFile": b""},
    )
    for name in names:
        stack.subscribe(GROUP, name=name, to=OTHER_FUNCTION)


def test_a_group_is_permitted_and_filtered_as_its_newest_line_says(orders: OperatedStack) -> None:
    before = set(orders.statements())

    answer = orders.answer("attach", "--yes", GROUP)

    assert orders.filters(GROUP) == {OUR_FILTER: ""}
    (added,) = set(orders.statements()) - before
    statement = orders.statements()[added]
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": f"arn:aws:logs:ap-northeast-1:123456789012:log-group:{GROUP}:*"},
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
    }
    assert f"Attached {GROUP} (access)" in answer
    assert "It was attached as" not in answer
    assert "Its newest line is read: POST /orders, status 200, request JKJaXmPLvHcESHA=." in answer


def test_it_shows_what_the_group_holds_and_asks(orders: OperatedStack) -> None:
    before = state(orders)

    asked = orders.ask("attach", GROUP, answers="n\n")

    assert asked.exit_code == 1
    assert asked.stdout == "Its newest line is read: POST /orders, status 200, request JKJaXmPLvHcESHA=.\n"
    assert f"Subscribe {orders.function} to {GROUP}, as access? [y/N]: n\nNothing was changed.\n" == asked.stderr
    assert state(orders) == before
    assert f"Attached {GROUP} (access)" in orders.answer("attach", GROUP, answers="y\n")
    assert "[y/N]" not in orders.ask("attach", GROUP).output


def test_where_nobody_can_answer_nothing_is_changed_and_yes_is_named(orders: OperatedStack) -> None:
    before = state(orders)

    assert "Nothing was changed. Where nobody can answer, --yes does." in orders.refusal("attach", GROUP)
    assert state(orders) == before


def test_what_it_is_attached_as_is_said_before_that_is_replaced(orders: OperatedStack) -> None:
    orders.answer("attach", GROUP, "--yes")
    before = state(orders)

    asked = orders.ask("attach", GROUP, "--kind", "invocations", answers="n\n")

    assert f"to {GROUP}, as invocations, no more as access? [y/N]: n" in asked.stderr
    assert state(orders) == before


def test_attaching_again_changes_nothing(orders: OperatedStack) -> None:
    orders.answer("attach", "--yes", GROUP)
    before = state(orders)

    assert "already. Nothing was changed." in orders.answer("attach", "--yes", GROUP)
    assert state(orders) == before


def test_another_kind_gives_the_group_the_pattern_of_that_kind(orders: OperatedStack) -> None:
    orders.answer("attach", "--yes", GROUP)

    answer = orders.answer("attach", "--yes", GROUP, "--kind", "invocations")

    assert orders.filters(GROUP) == {OUR_FILTER: '"ModelInvocationLog"'}
    assert "Warning: its newest line is request, no invocation" in answer
    assert "It was attached as access: lines of that kind come no more. Back: --kind access" in answer


def test_a_group_of_the_stacks_own_is_attached_already(operated: OperatedStack) -> None:
    before = operated.filters(ACCESS)

    assert "already. Nothing was changed." in operated.answer("attach", "--yes", ACCESS, "--kind", "access")
    assert operated.filters(ACCESS) == before


def test_what_half_an_attachment_lacks_is_added(orders: OperatedStack) -> None:
    orders.answer("attach", "--yes", GROUP)
    whole = state(orders)
    orders.logs.delete_subscription_filter(logGroupName=GROUP, filterName=OUR_FILTER)

    assert f"Attached {GROUP}" in orders.answer("attach", "--yes", GROUP)
    assert state(orders) == whole


def test_a_group_that_may_invoke_the_processor_anyhow_gets_a_permission_by_which_it_is_known(
    orders: OperatedStack,
) -> None:
    orders.lambda_.add_permission(
        FunctionName=orders.function,
        StatementId="every-log-group",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn="arn:aws:logs:ap-northeast-1:123456789012:log-group:*:*",
    )
    before = state(orders)

    orders.answer("attach", "--yes", GROUP)

    assert len(orders.statements()) == len(before[1]) + 1
    assert "already. Nothing was changed." in orders.answer("attach", "--yes", GROUP)
    assert f"Detached {GROUP}" in orders.answer("detach", "--all")
    assert state(orders) == before


def test_a_group_that_a_template_subscribes_is_attached_already(orders: OperatedStack) -> None:
    orders.lambda_.add_permission(
        FunctionName=orders.function,
        StatementId="of-a-template",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:ap-northeast-1:123456789012:log-group:{GROUP}:*",
    )
    orders.subscribe(GROUP, name="of-a-template")
    before = state(orders)

    assert "already. Nothing was changed." in orders.answer("attach", "--yes", GROUP)
    assert state(orders) == before


def test_a_group_that_is_not_there_is_refused(operated: OperatedStack) -> None:
    before = operated.statements()

    assert f"There is no log group {GROUP}" in operated.refusal("attach", "--yes", GROUP, "--kind", "access")
    assert operated.statements() == before


def test_a_group_of_another_class_is_refused(orders: OperatedStack) -> None:
    orders.classes[GROUP] = "INFREQUENT_ACCESS"
    before = state(orders)

    refusal = orders.refusal("attach", "--yes", GROUP, "--kind", "access")

    assert "its class is INFREQUENT_ACCESS" in refusal
    assert "Nothing was changed." in refusal
    assert state(orders) == before


def test_a_group_with_two_filters_of_others_is_refused(orders: OperatedStack) -> None:
    others_filters(orders, "one", "two")
    before = state(orders)

    assert "two subscription filters already, which is all it takes (one, two)" in orders.refusal(
        "attach", "--yes", GROUP
    )
    assert state(orders) == before


def test_a_group_with_one_filter_of_others_has_room(orders: OperatedStack) -> None:
    others_filters(orders, "one")

    orders.answer("attach", "--yes", GROUP)

    assert orders.filters(GROUP) == {OUR_FILTER: ""}


def test_the_processors_own_log_group_is_refused(operated: OperatedStack) -> None:
    assert "would invoke the processor for ever" in operated.refusal(
        "attach", "--yes", PROCESSOR_LOG, "--kind", "access"
    )


def test_an_empty_group_that_nobody_is_known_to_write_into_is_attached_once_its_kind_is_said(
    operated: OperatedStack,
) -> None:
    operated.logs.create_log_group(logGroupName=GROUP)
    rest_api(operated, "prod")

    refusal = operated.refusal("attach", "--yes", GROUP)

    assert f"tells what {GROUP} holds, and no stage of an API writes its access log there" in refusal
    assert "say it with --kind invocations or access or spans or lambda. Nothing was changed." in refusal
    assert operated.filters(GROUP) == {}
    assert "It had no line in the last day." in operated.answer("attach", "--yes", GROUP, "--kind", "access")


@pytest.mark.parametrize("kind", ["HTTP", "REST"])
def test_the_empty_group_of_a_new_api_is_attached_with_a_note(operated: OperatedStack, kind: str) -> None:
    operated.logs.create_log_group(logGroupName=GROUP)
    others_and_ours(operated, kind, operated.outputs[f"AccessLogFormat{kind.capitalize()}Api"])

    answer = operated.answer("attach", "--yes", GROUP)

    assert operated.filters(GROUP) == {OUR_FILTER: ""}
    assert f"Attached {GROUP} (access)" in answer
    assert "It had no line in the last day." in answer
    assert re.search(rf"The stage \S+ of the {kind} API \S+ writes its access log there, in a format that suff", answer)


def test_of_a_new_api_whose_format_does_not_suffice_is_said_what_it_lacks(operated: OperatedStack) -> None:
    operated.logs.create_log_group(logGroupName=GROUP)
    others_and_ours(operated, "HTTP", '{"requestId":"$context.requestId","routeKey":"$context.routeKey"}')

    answer = operated.answer("attach", "--yes", GROUP)

    assert f"Attached {GROUP} (access)" in answer
    assert "in a format that does not suffice: " in answer
    assert 'add "status":"$context.status"' in answer


def test_who_may_not_look_at_apis_is_told_so_and_can_say_the_kind(operated: OperatedStack) -> None:
    operated.logs.create_log_group(logGroupName=GROUP)
    operated.deny("apigatewayv2.GetApis")

    refusal = operated.refusal("attach", "--yes", GROUP)

    assert "whether an API writes there was not seen (Your credentials may not " in refusal
    assert "say it with --kind" in refusal
    assert f"Attached {GROUP} (access)" in operated.answer("attach", "--yes", GROUP, "--kind", "access")


@pytest.mark.parametrize(
    ("group", "kind", "who"),
    [
        ("/aws/bedrock-agentcore/runtimes/orders-A1B2C3-DEFAULT", "spans", "AgentCore"),
        ("/aws/lambda/orders", "lambda", "Lambda"),
    ],
)
def test_an_empty_group_that_aws_named_is_attached_as_what_its_service_writes(
    operated: OperatedStack, group: str, kind: str, who: str
) -> None:
    operated.logs.create_log_group(logGroupName=group)
    operated.deploy(SpanLogGroupName="aws/spans")

    answer = operated.answer("attach", "--yes", group)

    assert f"Attached {group} ({kind})" in answer
    assert f"By its name {who} writes it." in answer


def others_and_ours(operated: OperatedStack, kind: str, text: str) -> None:
    """An API without an access log, and one of this kind that writes it into the group."""
    http_api(operated)
    if kind == "HTTP":
        http_api(operated, log={"DestinationArn": group_arn(GROUP), "Format": text})
        return
    give_account_role(operated)
    api = rest_api(operated, "prod")
    settings = {"/accessLogSettings/destinationArn": group_arn(GROUP), "/accessLogSettings/format": text}
    operated.session.client("apigateway").update_stage(
        restApiId=api,
        stageName="prod",
        patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in settings.items()],
    )


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Kind.SPANS, json.dumps(bedrock_call())),
        (Kind.LAMBDA, json.dumps(start_line())),
        (Kind.LAMBDA, report_line()),
    ],
)
@pytest.mark.parametrize("memory", ["false", "true"])
def test_a_stack_that_reads_spans_takes_more_of_them_and_of_what_leads_to_them(
    orders: OperatedStack, kind: Kind, line: str, memory: str
) -> None:
    orders.deploy(SpanLogGroupName="aws/spans", MemorySpans=memory)
    orders.write(GROUP, line)

    answer = orders.answer("attach", "--yes", GROUP)

    policy = Policy(reads_spans=True, reads_memory=memory == "true")
    assert orders.filters(GROUP) == {OUR_FILTER: filter_pattern(kind, policy)}
    assert f"Attached {GROUP} ({kind})" in answer
    assert "Its newest line is read: " in answer
    assert f"Detached {GROUP}" in orders.answer("detach", GROUP)


@pytest.mark.parametrize(
    ("kind", "helps"),
    [("spans", f"SpanLogGroupName={GROUP}"), ("lambda", f"'SpanLogGroupName=… LambdaLogGroupName={GROUP}'")],
)
def test_a_stack_that_reads_no_spans_refuses_them_and_says_what_to_deploy_with(
    orders: OperatedStack, kind: str, helps: str
) -> None:
    before = state(orders)

    refusal = orders.refusal("attach", "--yes", GROUP, "--kind", kind)

    command = f"sam deploy --stack-name {STACK} --region ap-northeast-1 --parameter-overrides {helps}"
    assert refusal.endswith(f"reads no spans. Nothing was changed: `{command}`")
    assert state(orders) == before


@pytest.mark.parametrize("code", ["InvalidParameterException", "OperationAbortedException"], ids=["permission", "race"])
@pytest.mark.parametrize("stands", [False, True])
def test_where_the_filter_is_not_taken_only_a_permission_that_was_just_made_goes_again(
    orders: OperatedStack, *, stands: bool, code: str
) -> None:
    """CloudWatch Logs may not see a new permission yet, and asks one of two who change a group to try again."""
    if stands:
        orders.answer("attach", "--yes", GROUP)
        orders.logs.delete_subscription_filter(logGroupName=GROUP, filterName=OUR_FILTER)
    before, waited = orders.statements(), list[float]()
    found = find_log_group(orders.logs, GROUP)
    assert found is not None
    attachments = replace(attachments_of(read_stack(StackChoice())), pause=waited.append)
    orders.refused["cloudwatch-logs.PutSubscriptionFilter"] = code

    with pytest.raises(ClientError, match=code):
        attachments.attach(found, Kind.ACCESS)

    assert orders.statements() == before
    assert waited == [1, 2, 4, 8]


def test_where_lambda_takes_no_further_permission_it_is_said_what_makes_room(orders: OperatedStack) -> None:
    before = state(orders)
    orders.refused["lambda.AddPermission"] = "PolicyLengthExceededException"

    refusal = orders.refusal("attach", "--yes", GROUP)

    assert f"{GROUP} cannot be attached: the processor has all the permissions that Lambda lets one function" in refusal
    assert "Nothing was changed. Detach one, or have several APIs write to one log group." in refusal
    assert state(orders) == before


def test_whatever_stops_it_the_permission_goes_again(orders: OperatedStack) -> None:
    before = state(orders)
    orders.deny("cloudwatch-logs.PutSubscriptionFilter")

    assert "may not logs:PutSubscriptionFilter" in orders.refusal("attach", "--yes", GROUP)
    assert state(orders) == before


def test_where_the_permission_may_not_go_again_both_refusals_are_said(orders: OperatedStack) -> None:
    orders.deny("cloudwatch-logs.PutSubscriptionFilter")
    orders.deny("lambda.RemovePermission")

    refusal = orders.refusal("attach", "--yes", GROUP)

    assert "may not logs:PutSubscriptionFilter: allow them that action." in refusal
    assert f"The permission of {GROUP}, made for it, stays: Your credentials may not lambda:RemovePermission" in refusal
    assert orders.filters(GROUP) == {}


def test_where_it_is_not_known_whether_the_filter_stands_its_permission_does(
    orders: OperatedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the filter would deliver nothing, and nobody would be told: by the permission a group is known."""
    attachments, found = attachments_of(read_stack(StackChoice())), find_log_group(orders.logs, GROUP)
    assert found is not None
    put = attachments.logs.put_subscription_filter

    def lost(**given: str) -> None:
        put(**given)  # type: ignore[arg-type]
        raise ReadTimeoutError(endpoint_url="https://logs")

    monkeypatch.setattr(attachments.logs, "put_subscription_filter", lost)

    with pytest.raises(ReadTimeoutError):
        attachments.attach(found, Kind.ACCESS)

    assert attachments.names() == [GROUP]
    assert "already. Nothing was changed." in orders.answer("attach", "--yes", GROUP)


def test_a_filter_of_another_kind_stays_where_the_new_one_is_not_taken(orders: OperatedStack) -> None:
    orders.answer("attach", "--yes", GROUP)
    before = state(orders)
    orders.deny("cloudwatch-logs.PutSubscriptionFilter")

    orders.refusal("attach", "--yes", GROUP, "--kind", "invocations")

    assert state(orders) == before


def test_who_may_not_is_told_the_action(orders: OperatedStack) -> None:
    orders.deny("lambda.AddPermission")

    assert "may not lambda:AddPermission" in orders.refusal("attach", "--yes", GROUP)
    assert orders.filters(GROUP) == {}


def test_the_newest_line_need_not_be_seen_where_the_kind_is_said(orders: OperatedStack) -> None:
    orders.deny("cloudwatch-logs.FilterLogEvents")

    assert "may not logs:FilterLogEvents" in orders.refusal("attach", "--yes", GROUP)
    assert orders.filters(GROUP) == {}
    answer = orders.answer("attach", "--yes", GROUP, "--kind", "access")

    assert orders.filters(GROUP) == {OUR_FILTER: ""}
    assert "Note: whether its lines are read was not looked at. Your credentials may not logs:FilterLogEvents" in answer


def test_a_group_that_is_too_busy_to_find_its_newest_line_is_attached_where_the_kind_is_said(
    orders: OperatedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_lines, "MAX_PAGES", 0)

    assert f"The newest lines of {GROUP} are not known" in orders.refusal("attach", "--yes", GROUP)
    assert orders.filters(GROUP) == {}
    answer = orders.answer("attach", "--yes", GROUP, "--kind", "access")

    assert orders.filters(GROUP) == {OUR_FILTER: ""}
    assert f"was not looked at. The newest lines of {GROUP} are not known" in answer


def test_a_group_of_a_kind_that_is_said_is_attached_whatever_keeps_its_newest_line(orders: OperatedStack) -> None:
    orders.refused["cloudwatch-logs.FilterLogEvents"] = "ThrottlingException"

    answer = orders.answer("attach", "--yes", GROUP, "--kind", "access")

    assert orders.filters(GROUP) == {OUR_FILTER: ""}
    assert "was not looked at. AWS refused FilterLogEvents: ThrottlingException" in answer


def test_detaching_leaves_what_was_before(orders: OperatedStack) -> None:
    before = state(orders)
    orders.answer("attach", "--yes", GROUP)

    assert f"Detached {GROUP}" in orders.answer("detach", GROUP)
    assert state(orders) == before
    assert "is not attached. Nothing was changed." in orders.answer("detach", GROUP)


def test_a_group_that_is_not_there_is_not_detached(orders: OperatedStack) -> None:
    orders.answer("attach", "--yes", GROUP)

    refusal = orders.refusal("detach", "/nope")

    assert "There is no log group /nope in ap-northeast-1 of this account. Nothing was changed." in refusal
    assert f"Attached are: {GROUP}." in refusal


def test_a_group_that_was_deleted_after_it_was_attached_is_detached(orders: OperatedStack) -> None:
    orders.answer("attach", "--yes", GROUP)
    orders.logs.delete_log_group(logGroupName=GROUP)

    assert f"Detached {GROUP}" in orders.answer("detach", GROUP)
    assert f"There is no log group {GROUP}" in orders.refusal("detach", GROUP)


def test_all_that_was_attached_is_detached_at_once(orders: OperatedStack) -> None:
    before = state(orders)
    orders.logs.create_log_group(logGroupName="/second")
    orders.answer("attach", "--yes", GROUP)
    orders.answer("attach", "--yes", "/second", "--kind", "access")
    orders.logs.delete_log_group(logGroupName="/second")

    answer = orders.answer("detach", "--all")

    assert "Detached /second" in answer
    assert state(orders) == before
    assert "No log group is attached" in orders.answer("detach", "--all")


def test_a_filter_that_was_given_back_to_a_group_of_the_stacks_own_is_detached_with_all(
    operated: OperatedStack,
) -> None:
    """The stack does not know it: it would outlive the function that it points to."""
    (name,) = operated.filters(ACCESS)
    operated.logs.delete_subscription_filter(logGroupName=ACCESS, filterName=name)
    before = operated.statements()
    operated.answer("attach", "--yes", ACCESS, "--kind", "access")

    assert f"Detached {ACCESS}" in operated.answer("detach", "--all")
    assert (operated.filters(ACCESS), operated.statements()) == ({}, before)


def test_a_permission_that_was_given_back_to_a_group_of_the_stacks_own_hinders_no_detaching(
    orders: OperatedStack,
) -> None:
    (statement,) = [sid for sid, each in orders.statements().items() if ACCESS in json.dumps(each["Condition"])]
    orders.lambda_.remove_permission(FunctionName=orders.function, StatementId=statement)
    for group in (ACCESS, GROUP):
        orders.answer("attach", "--yes", group, "--kind", "access")

    assert orders.answer("detach", "--all").startswith(f"Detached {GROUP}")
    assert len(orders.filters(ACCESS)) == 1


def test_a_group_that_is_not_detached_stops_no_other(orders: OperatedStack) -> None:
    """A template has taken the filter of one of them over since."""
    orders.logs.create_log_group(logGroupName="/another")
    for group in ("/another", GROUP):
        orders.answer("attach", "--yes", group, "--kind", "access")
    orders.logs.delete_subscription_filter(logGroupName="/another", filterName=OUR_FILTER)
    orders.subscribe("/another", name="of-a-template")

    refusal = orders.refusal("detach", "--all")

    assert f"Detached {GROUP}" in refusal
    assert "filter of /another (of-a-template): take it out of the template" in refusal
    assert orders.filters(GROUP) == {}


def test_the_stacks_own_filter_is_not_detached(operated: OperatedStack) -> None:
    before = operated.filters(ACCESS)

    assert "take it out of the template" in operated.refusal("detach", ACCESS)
    assert operated.filters(ACCESS) == before


def test_a_filter_of_our_name_that_sends_elsewhere_is_left_and_named(orders: OperatedStack) -> None:
    """Such as to the processor of an earlier stack of this name, which nobody had detached from."""
    others_filters(orders, OUR_FILTER)

    refusal = orders.refusal("detach", GROUP)

    assert f"The filter {OUR_FILTER} of {GROUP} sends to {OTHER_FUNCTION}, not to this stack's processor" in refusal
    assert f"`aws logs delete-subscription-filter --log-group-name {GROUP} --filter-name {OUR_FILTER}`" in refusal
    assert len(orders.logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]) == 1


def test_a_filter_of_our_name_that_sends_elsewhere_is_taken_back_by_attaching(orders: OperatedStack) -> None:
    others_filters(orders, OUR_FILTER)

    orders.answer("attach", "--yes", GROUP)

    assert orders.filters(GROUP) == {OUR_FILTER: ""}


def test_a_stack_may_be_named_by_its_arn(orders: OperatedStack) -> None:
    stack_id = orders.cloudformation.describe_stacks(StackName="request-lens")["Stacks"][0]["StackId"]

    answer = orders.answer("attach", "--yes", GROUP, "--stack-name", stack_id)

    assert f"Those of before come with `request-lens backfill --since 1d --stack-name {stack_id}`." in answer
    assert orders.filters(GROUP) == {OUR_FILTER: ""}


def test_detach_wants_a_group_or_all(operated: OperatedStack) -> None:
    assert "name a log group, or give --all" in operated.refusal("detach", exit_code=2)
    assert "name a log group, or give --all" in operated.refusal("detach", GROUP, "--all", exit_code=2)


def test_the_patterns_are_the_templates() -> None:
    events = RESOURCES["ProcessorFunction"]["Properties"]["Events"]
    patterns = {
        name: event["Properties"]["FilterPattern"]
        for name, event in events.items()
        if "FilterPattern" in event["Properties"]
    }

    assert patterns == {
        "ModelInvocations": FILTER_PATTERNS[Kind.INVOCATIONS],
        "AccessLog": FILTER_PATTERNS[Kind.ACCESS],
    }
