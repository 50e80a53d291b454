"""`request-lens doctor` and `attach` on the deployed stack: what was broken there is found, and the remedies help."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from request_lens.domain.facts import Tag
from request_lens.domain.linking.link import Assumption, Reason, Unattributed
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.environment import ACCOUNT_ID, REGION
from tests.e2e.conftest import Played
from tests.support.deploying.examined import Deployed
from tests.support.deploying.local_account import LocalAccount
from tests.support.deploying.local_processor import awaited
from tests.support.facts import call
from tests.support.facts import tag as tag_of
from tests.support.operating.facts_of_lately import FactsOfLately
from tests.support.sample_states import settled

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def deployed(deployment: DemoStack, article: Played) -> Deployed:
    name, endpoint = deployment.stack.name, deployment.local.endpoint
    return Deployed(endpoint, deployment.stack.outputs, name=name, region=REGION)


@pytest.fixture(scope="module")
def spare(deployment: DemoStack) -> Deployed:
    """A stack in a Region of its own, which observes another route than is called."""
    account = LocalAccount(local=deployment.local, region="eu-central-1")
    answer = account.deploy('AgentRoutes="POST /other"')
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return Deployed(deployment.local.endpoint, account.outputs, name=account.stack_name, region=account.region)


def test_a_test_event_goes_through_the_stack_and_nothing_is_wrong(deployed: Deployed) -> None:
    findings = json.loads(deployed.answer("doctor", "--send-test-event", "--format", "json"))["findings"]

    assert [each["outcome"] for each in findings if each["check"] == "test event"] == ["fine", "fine"]
    assert {each["outcome"] for each in findings} <= {"fine", "note", "warning"}
    listed = json.loads(deployed.answer("requests", "--format", "json"))["requests"]
    assert [each for each in listed if "doctor" in each["request_id"]] == []


@contextmanager
def logging_off(deployed: Deployed) -> Iterator[None]:
    setting = deployed.setting()
    deployed.bedrock.delete_model_invocation_logging_configuration()
    yield
    deployed.set_logging(setting)


@contextmanager
def logging_into_a_group_that_is_not_read(deployed: Deployed) -> Iterator[None]:
    setting = deployed.setting()
    deployed.set_logging({**setting, "cloudWatchConfig": {**setting["cloudWatchConfig"], "logGroupName": "/other"}})
    yield
    deployed.set_logging(setting)


@contextmanager
def logging_to_s3_alone(deployed: Deployed) -> Iterator[None]:
    setting = deployed.setting()
    deployed.set_logging({"s3Config": {"bucketName": deployed.outputs["FailureBucketName"]}})
    yield
    deployed.set_logging(setting)


@contextmanager
def role_that_does_not_trust_bedrock(deployed: Deployed) -> Iterator[None]:
    name = deployed.setting()["cloudWatchConfig"]["roleArn"].rpartition("/")[2]
    trust = deployed.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(trust).replace("bedrock.amazonaws.com", "lambda.amazonaws.com")
    deployed.iam.update_assume_role_policy(RoleName=name, PolicyDocument=other)
    yield
    deployed.iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


@contextmanager
def role_that_trusts_bedrock_for_another_account(deployed: Deployed) -> Iterator[None]:
    name = deployed.setting()["cloudWatchConfig"]["roleArn"].rpartition("/")[2]
    trust = deployed.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(trust).replace(ACCOUNT_ID, "210987654321")
    deployed.iam.update_assume_role_policy(RoleName=name, PolicyDocument=other)
    yield
    deployed.iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


@contextmanager
def role_that_is_gone(deployed: Deployed) -> Iterator[None]:
    setting = deployed.setting()
    gone = f"{setting['cloudWatchConfig']['roleArn']}-gone"
    deployed.set_logging({**setting, "cloudWatchConfig": {**setting["cloudWatchConfig"], "roleArn": gone}})
    yield
    deployed.set_logging(setting)


@contextmanager
def no_call_logged(deployed: Deployed) -> Iterator[None]:
    line = deployed.empty(deployed.invocations)
    yield
    deployed.write(deployed.invocations, line)


@contextmanager
def no_access_line(deployed: Deployed) -> Iterator[None]:
    line = deployed.empty(deployed.access)
    yield
    deployed.write(deployed.access, line)


@contextmanager
def access_line_without_status(deployed: Deployed) -> Iterator[None]:
    line = deployed.logs.filter_log_events(logGroupName=deployed.access)["events"][0]["message"]
    lacking = {name: value for name, value in json.loads(line).items() if name != "status"}
    deployed.write(deployed.access, json.dumps(lacking))
    yield
    deployed.empty(deployed.access)
    deployed.write(deployed.access, line)


@contextmanager
def processor_off(deployed: Deployed) -> Iterator[None]:
    deployed.lambda_.put_function_concurrency(FunctionName=deployed.function, ReservedConcurrentExecutions=0)
    yield
    deployed.lambda_.delete_function_concurrency(FunctionName=deployed.function)


@contextmanager
def queue_unread(deployed: Deployed) -> Iterator[None]:
    mappings = deployed.lambda_.list_event_source_mappings(FunctionName=deployed.function)["EventSourceMappings"]
    (uuid,) = [each["UUID"] for each in mappings if ":sqs:" in each["EventSourceArn"]]
    deployed.lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield
    deployed.lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)


@contextmanager
def failed_batch(deployed: Deployed) -> Iterator[None]:
    bucket = deployed.outputs["FailureBucketName"]
    deployed.s3.put_object(Bucket=bucket, Key="aws/lambda/async/broken", Body=b"{}")
    yield
    deployed.s3.delete_object(Bucket=bucket, Key="aws/lambda/async/broken")


@contextmanager
def dead_letter(deployed: Deployed) -> Iterator[None]:
    """Of a request that there is not: to settle it changes nothing."""
    policy = deployed.sqs.get_queue_attributes(
        QueueUrl=deployed.outputs["SettleQueueUrl"], AttributeNames=["RedrivePolicy"]
    )["Attributes"]["RedrivePolicy"]
    queue = deployed.sqs.get_queue_url(QueueName=json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2])
    deployed.sqs.send_message(QueueUrl=queue["QueueUrl"], MessageBody='{"matter": "request", "id": "none"}')
    yield
    deployed.answer("redrive")


@contextmanager
def filter_gone(deployed: Deployed) -> Iterator[None]:
    deployed.remove_filters(deployed.invocations)
    yield
    deployed.answer("attach", "--yes", deployed.invocations, "--kind", "invocations")


@contextmanager
def filter_with_another_pattern(deployed: Deployed) -> Iterator[None]:
    arn = deployed.lambda_.get_function_configuration(FunctionName=deployed.function)["FunctionArn"]
    deployed.remove_filters(deployed.invocations)
    deployed.logs.put_subscription_filter(
        logGroupName=deployed.invocations, filterName="narrow", filterPattern="nothing", destinationArn=arn
    )
    yield
    deployed.remove_filters(deployed.invocations)
    deployed.answer("attach", "--yes", deployed.invocations, "--kind", "invocations")


@contextmanager
def two_filters_of_others(deployed: Deployed) -> Iterator[None]:
    other = deployed.outputs["TimelineWidgetFunctionName"]
    arn = deployed.lambda_.get_function_configuration(FunctionName=other)["FunctionArn"]
    deployed.remove_filters(deployed.invocations)
    for name in ("one", "two"):
        deployed.logs.put_subscription_filter(
            logGroupName=deployed.invocations, filterName=name, filterPattern="nothing", destinationArn=arn
        )
    yield
    deployed.remove_filters(deployed.invocations)
    deployed.answer("attach", "--yes", deployed.invocations, "--kind", "invocations")


@contextmanager
def access_log_group_gone(deployed: Deployed) -> Iterator[None]:
    line = deployed.empty(deployed.access)
    deployed.logs.delete_log_group(logGroupName=deployed.access)
    yield
    deployed.logs.create_log_group(logGroupName=deployed.access)
    deployed.answer("attach", "--yes", deployed.access, "--kind", "access")
    deployed.write(deployed.access, line)


@contextmanager
def permission_gone(deployed: Deployed) -> Iterator[None]:
    policy = json.loads(deployed.lambda_.get_policy(FunctionName=deployed.function)["Policy"])
    for statement in policy["Statement"]:
        if deployed.invocations in json.dumps(statement):
            deployed.lambda_.remove_permission(FunctionName=deployed.function, StatementId=statement["Sid"])
    yield
    deployed.answer("attach", "--yes", deployed.invocations, "--kind", "invocations")


@pytest.mark.parametrize(
    ("breakage", "check"),
    [
        (logging_off, "logging"),
        (logging_into_a_group_that_is_not_read, "logging"),
        (logging_to_s3_alone, "logging"),
        (role_that_is_gone, "logging role"),
        (role_that_does_not_trust_bedrock, "logging role"),
        (role_that_trusts_bedrock_for_another_account, "logging role"),
        (no_call_logged, "logged calls"),
        (queue_unread, "processor"),
        (access_log_group_gone, "filters"),
        (filter_gone, "filters"),
        (filter_with_another_pattern, "filters"),
        (two_filters_of_others, "filters"),
        (permission_gone, "permission"),
        (failed_batch, "failures"),
        (dead_letter, "failures"),
        (no_access_line, "access log"),
        (access_line_without_status, "access log"),
    ],
)
def test_what_was_broken_is_found_and_made_good(
    deployed: Deployed, breakage: Callable[[Deployed], AbstractContextManager[None]], check: str
) -> None:
    with breakage(deployed):
        assert deployed.fault() == check

    assert deployed.ask("doctor").exit_code == 0


def test_the_sweep_is_seen(deployed: Deployed) -> None:
    """The local AWS runs the schedule each minute, and has done so since the stack was deployed."""

    def sweep() -> str:
        findings = json.loads(deployed.answer("doctor", "--format", "json"))["findings"]
        (found,) = [each["outcome"] for each in findings if each["check"] == "sweep"]
        return str(found)

    assert awaited(sweep, "fine".__eq__, within_s=90, every_s=3) == "fine"


def test_another_stacks_name_is_found(deployed: Deployed) -> None:
    assert deployed.fault("--stack-name", "mine") == "stack"


def test_a_stack_of_others_is_found(deployed: Deployed) -> None:
    template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    deployed.cloudformation.create_stack(StackName="shop", TemplateBody=template)

    assert deployed.fault("--stack-name", "shop") == "stack"
    deployed.cloudformation.delete_stack(StackName="shop")


def test_a_group_of_another_class_is_refused(deployed: Deployed) -> None:
    deployed.logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")

    refused = deployed.ask("attach", "--yes", "/rare", "--kind", "access")

    assert refused.exit_code == 1
    assert "its class is INFREQUENT_ACCESS" in refused.output


def access_line(route: str, *, ago_s: int = 0) -> str:
    """A line of a request that began so long ago."""
    now = round((time.time() - ago_s) * 1000)
    times = {"requestTimeEpoch": f"{now - 1_500}", "responseLatency": "1200"}
    return json.dumps({"requestId": f"doctor-{now}", **times, "status": "200", "routeKey": route})


def test_the_lines_of_a_further_group_reach_the_table(deployed: Deployed) -> None:
    """The request is of a time of its own: other tests compare what they have played."""
    deployed.logs.create_log_group(logGroupName="/orders")
    deployed.answer("attach", "--yes", "/orders", "--kind", "access")
    before = deployed.requests()

    deployed.write("/orders", access_line("POST /orders", ago_s=5 * 3600))
    stored = awaited(lambda: [key for key in deployed.requests() if key not in before], bool, within_s=30)

    assert ["doctor-" in key["pk"]["S"] for key in stored] == [True]
    assert "/orders" in deployed.answer("doctor")
    assert "Detached /orders" in deployed.answer("detach", "/orders")


def test_an_apis_access_log_is_set(deployed: Deployed) -> None:
    api = deployed.apis.create_api(Name="orders", ProtocolType="HTTP")["ApiId"]
    deployed.apis.create_stage(ApiId=api, StageName="$default")

    deployed.answer("attach-api", api, "--yes")

    log = deployed.apis.get_stage(ApiId=api, StageName="$default")["AccessLogSettings"]
    assert log["DestinationArn"].endswith(f":log-group:{deployed.outputs['AccessLogGroupName']}")
    assert log["Format"] == deployed.outputs["AccessLogFormatHttpApi"]
    assert "already, and its format suffices" in deployed.answer("attach-api", api)


def noted_one_by_one(spare: Deployed) -> Iterator[tuple[str, str]]:
    """Bring about what is worth a note where nothing is a fault: one thing a step, with a part of what is said."""
    facts = FactsOfLately(spare.dynamodb, table_name=spare.outputs["RequestTableName"], now=datetime.now(UTC))
    facts.holds_call(Unattributed(reason=Reason.CROWDED))
    yield "unattributed", "among too many requests and calls"
    facts.holds(settled("unsure", start=20, possible_calls=2))
    yield "uncertain", "because unlinked calls may be their own"
    tagged = call(tag=Tag(request_id=tag_of("order-4711").request_id))
    facts.holds_call(Unattributed(reason=Reason.REQUEST_NEVER_SEEN), number=1, invocation=tagged)
    yield "tags", "no request's id, such as order-4711"
    broken = Unattributed(reason=Reason.AMBIGUOUS, violates=Assumption.CHAINS_HAVE_ONE_REQUEST)
    for number in (2, 3):
        facts.holds_call(broken, number=number)
    yield (
        "assumptions",
        "Chains of calls spanned requests, seen at 2 calls without a request: links by time may be wrong there",
    )
    point: MetricDatumTypeDef = {"MetricName": "Inferences", "Value": 12, "Timestamp": datetime.now(UTC)}
    spare.cloudwatch.put_metric_data(Namespace="AWS/BedrockMantle", MetricData=[point])
    yield "bedrock-mantle", "12 calls of the last day went through bedrock-mantle"
    spare.logs.create_log_group(logGroupName="aws/spans")
    yield "spans", "There are spans in aws/spans that are not read."


def assert_says_what_agent_routes_are_taken_for(spare: Deployed) -> None:
    routes = spare.examined().of("routes")
    assert "Called, but not in AgentRoutes: POST /ask." in routes["text"]
    assert routes["remedy"] == "Add those that agents serve: AgentRoutes is to name all of them."


def test_what_other_tests_cannot_do_without_is_missed_in_a_stack_of_its_own(
    deployed: Deployed, spare: Deployed
) -> None:
    """Each breaks what an earlier check looks at, so that nothing needs to be made good."""
    table = spare.outputs["RequestTableName"]
    logged = deployed.logs.filter_log_events(logGroupName=deployed.invocations)["events"][0]["message"]
    spare.write(spare.invocations, logged)
    spare.write(spare.access, access_line("POST /ask"))
    assert spare.fault() == "routes"

    spare.write(spare.access, access_line("POST /other"))
    assert awaited(spare.requests, bool, within_s=30)
    spare.answer("doctor")
    assert_says_what_agent_routes_are_taken_for(spare)
    said = spare.notes()
    for check, text in noted_one_by_one(spare):
        assert text not in said.get(check, "")
        said = spare.notes()
        assert text in said[check]
    for key in spare.requests():
        spare.dynamodb.delete_item(TableName=table, Key=key)
    assert spare.fault() == "table"

    spare.logs.delete_log_group(logGroupName=spare.outputs["ProcessorLogGroupName"])
    assert spare.fault() == "metrics log"

    mappings = spare.lambda_.list_event_source_mappings(FunctionName=spare.function)["EventSourceMappings"]
    spare.lambda_.delete_event_source_mapping(UUID=mappings[0]["UUID"])
    assert spare.fault() == "processor"
    assert "its event source mapping is gone" in spare.ask("doctor", "--format", "json").stdout

    spare.lambda_.delete_function(FunctionName=spare.function)
    assert spare.fault() == "processor"
    assert f"The function {spare.function} is not there." in spare.ask("doctor", "--format", "json").stdout


def test_a_processor_that_is_off_is_found_and_is_ready_once_it_is_on(deployed: Deployed) -> None:
    """The last but one: what the local AWS throttled in between is a fault for the next five minutes."""
    with processor_off(deployed):
        assert deployed.fault() == "processor"

    findings = json.loads(deployed.ask("doctor", "--format", "json").stdout)["findings"]
    assert [each["outcome"] for each in findings if each["check"] == "processor"] == ["fine"]


def test_a_processor_that_fails_is_found(deployed: Deployed) -> None:
    """The last: for five minutes nothing heals it."""
    deployed.lambda_.invoke(FunctionName=deployed.function, Payload=b'{"awslogs": {"data": "no batch"}}')

    assert deployed.fault() == "errors"
