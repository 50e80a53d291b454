"""`request-lens doctor` and `attach` on the deployed stack: what was broken there is found, and the remedies help."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from click.testing import CliRunner, Result

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.environment import settings
from request_lens_cli.main import main
from tests.e2e.conftest import Played

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


class Deployed:
    """The deployed stack and its services, for what breaks it."""

    def __init__(self, stack: DemoStack) -> None:
        self.endpoint = stack.local.endpoint
        self.outputs = stack.stack.outputs
        session = local_session(self.endpoint)
        self.bedrock = session.client("bedrock", endpoint_url=self.endpoint)
        self.lambda_ = session.client("lambda", endpoint_url=self.endpoint)
        self.logs = session.client("logs", endpoint_url=self.endpoint)
        self.s3 = session.client("s3", endpoint_url=self.endpoint)
        self.apis = session.client("apigatewayv2", endpoint_url=self.endpoint)
        self.function = self.outputs["ProcessorFunctionName"]
        self.invocations = self.outputs["InvocationLogGroupName"]

    def ask(self, *arguments: str) -> Result:
        """What `request-lens` answers with the settings of out/local-aws.env."""
        environment = {**settings(self.endpoint), "COLUMNS": "80", "NO_PROXY": "127.0.0.1"}
        environment.pop("AWS_SESSION_TOKEN")  # an empty token is one that botocore sends
        return CliRunner(env=environment).invoke(main, arguments, prog_name="request-lens")

    def answer(self, *arguments: str) -> str:
        result = self.ask(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def fault(self) -> str:
        """The check of the fault with which the examination ends."""
        result = self.ask("doctor", "--format", "json")
        assert result.exit_code == 1, result.output
        last: dict[str, str] = json.loads(result.stdout)["findings"][-1]
        assert last["outcome"] == "fault"
        return last["check"]


@pytest.fixture(scope="module")
def deployed(deployment: DemoStack, article: Played) -> Deployed:
    return Deployed(deployment)


def test_a_test_event_goes_through_the_stack_and_nothing_is_wrong(deployed: Deployed) -> None:
    findings = json.loads(deployed.answer("doctor", "--send-test-event", "--format", "json"))["findings"]

    assert [each["outcome"] for each in findings if each["check"] == "test event"] == ["fine", "fine"]
    assert {each["outcome"] for each in findings} <= {"fine", "note"}
    listed = json.loads(deployed.answer("requests", "--format", "json"))["requests"]
    assert [each for each in listed if "doctor" in each["request_id"]] == []


@contextmanager
def logging_off(deployed: Deployed) -> Iterator[None]:
    setting = deployed.bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    deployed.bedrock.delete_model_invocation_logging_configuration()
    yield
    deployed.bedrock.put_model_invocation_logging_configuration(loggingConfig=setting)


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
def filter_gone(deployed: Deployed) -> Iterator[None]:
    (found,) = deployed.logs.describe_subscription_filters(logGroupName=deployed.invocations)["subscriptionFilters"]
    deployed.logs.delete_subscription_filter(logGroupName=deployed.invocations, filterName=found["filterName"])
    yield
    deployed.answer("attach", deployed.invocations, "--kind", "invocations")


@contextmanager
def permission_gone(deployed: Deployed) -> Iterator[None]:
    policy = json.loads(deployed.lambda_.get_policy(FunctionName=deployed.function)["Policy"])
    for statement in policy["Statement"]:
        if deployed.invocations in json.dumps(statement):
            deployed.lambda_.remove_permission(FunctionName=deployed.function, StatementId=statement["Sid"])
    yield
    deployed.answer("attach", deployed.invocations, "--kind", "invocations")


@pytest.mark.parametrize(
    ("breakage", "check"),
    [
        (logging_off, "logging"),
        (queue_unread, "processor"),
        (filter_gone, "filters"),
        (permission_gone, "permission"),
        (failed_batch, "failures"),
    ],
)
def test_what_was_broken_is_found_and_made_good(
    deployed: Deployed, breakage: Callable[[Deployed], AbstractContextManager[None]], check: str
) -> None:
    with breakage(deployed):
        assert deployed.fault() == check

    assert deployed.ask("doctor").exit_code == 0


def test_a_group_of_another_class_is_refused(deployed: Deployed) -> None:
    deployed.logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")

    refused = deployed.ask("attach", "/rare", "--kind", "access")

    assert refused.exit_code == 1
    assert "its class is INFREQUENT_ACCESS" in refused.output


def test_the_lines_of_a_further_group_reach_the_table(deployed: Deployed) -> None:
    deployed.logs.create_log_group(logGroupName="/orders")
    deployed.answer("attach", "/orders", "--kind", "access")

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


def test_a_processor_that_is_off_is_found_and_is_ready_once_it_is_on(deployed: Deployed) -> None:
    """The last of these: what the local AWS throttled in between is a fault of the hour that follows."""
    with processor_off(deployed):
        assert deployed.fault() == "processor"

    findings = json.loads(deployed.ask("doctor", "--format", "json").stdout)["findings"]
    assert [each["outcome"] for each in findings if each["check"] == "processor"] == ["fine"]
