"""The script that asks the example's ten prompts: what it prints of requests that are settled, uncertain or neither."""

import importlib.util
import sys
import threading
import urllib.error
import urllib.request
from decimal import Decimal
from email.message import Message
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

SCRIPT = Path(__file__).parents[3] / "examples" / "agent" / "ask.py"


@pytest.fixture(scope="module")
def ask() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ask", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Table:
    """The items that it answers with, by the number of the question; the last ones from then on."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)

    def get_item(self, *, Key: dict[str, str], ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert ConsistentRead
        assert Key["sk"] == "request"
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def settled(**summary: object) -> dict[str, Any]:
    return {"record": {"duration_ms": Decimal(4790)}, "summary": {"totals": {"llm_calls": Decimal(2)}, **summary}}


def printed(ask: ModuleType, item: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[str]:
    ask.print_table([ask.Prompt("What time is it in Tokyo?", "Tool Use")], [item])
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_settled_request_is_printed_with_its_calls_and_its_times(
    ask: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    item = settled(llm_time_ms=Decimal(3350), tool_time_ms=Decimal(12))
    item["summary"]["totals"]["estimated_cost_usd"] = Decimal("0.002577")

    assert printed(ask, item, capsys) == [
        "Prompt Type LLM calls Duration LLM time Tool time Est. cost",
        "What time is it in Tokyo? Tool Use 2 4.79 s 3.35 s 0.01 s $0.002577",
        "",
        "1 request, 2 LLM calls",
        "Tool Use 1 × 2",
    ]


def test_a_request_that_may_have_made_more_calls_says_at_least_and_unknown_is_never_zero(
    ask: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(ask, settled(possible_calls=Decimal(3)), capsys)

    assert lines[1] == "What time is it in Tokyo? Tool Use at least 2 4.79 s – – –"


def test_what_does_not_settle_is_pending_and_the_doctor_is_named(
    ask: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(ask, {}, capsys)

    assert lines[1] == "What time is it in Tokyo? Tool Use pending – – – –"
    assert "`request-lens doctor`" in lines[-1]


def test_requests_are_read_until_all_of_them_are_settled(ask: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "POLL_S", 0)
    one, two = {"Item": settled()}, {"Item": settled(llm_time_ms=1)}

    assert ask.settled_items(Table({}, one, one, two), ["1", "2"]) == [one["Item"], two["Item"]]


def test_requests_that_never_settle_are_given_up(ask: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "POLL_S", 0)
    monkeypatch.setattr(ask, "SETTLED_WITHIN_S", 0)

    assert ask.settled_items(Table({}), ["1"]) == [{}]


def test_answers_are_printed_whole_in_the_prompts_order_however_many_come_at_a_time(
    ask: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    second_is_there = threading.Event()

    def answer(text: str) -> tuple[str, str]:
        if text == "first":
            second_is_there.wait(10)
        second_is_there.set()
        answered: tuple[str, str] = ask.Answer(f"id-of-{text}", f"answer\nto {text}")
        return answered

    prompts = [ask.Prompt("first", "Simple"), ask.Prompt("second", "Simple")]
    answers = ask.ask_all(prompts, answer, at_a_time=2)

    assert [each.request_id for each in answers] == ["id-of-first", "id-of-second"]
    assert capsys.readouterr().out.splitlines() == ["first → answer to first", "second → answer to second"]


@pytest.mark.parametrize("name", ["Apigw-Requestid", "X-Amz-Apigw-Id"])
def test_the_id_is_what_the_api_says_in_any_spelling(ask: ModuleType, name: str) -> None:
    headers = Message()
    headers[name] = "JKJaXmPLvHcESHA="

    assert ask.request_id_of(headers) == "JKJaXmPLvHcESHA="


def test_an_answer_that_names_no_request_is_said_to_be_none(ask: ModuleType) -> None:
    with pytest.raises(SystemExit, match="names no request"):
        ask.request_id_of(Message())


def test_an_api_that_is_not_reached_is_one_sentence_with_its_address_and_what_helps(
    ask: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreached(*_: object, **__: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", unreached)
    session = boto3.Session(aws_access_key_id="1", aws_secret_access_key="2", region_name="eu-west-1")

    with pytest.raises(SystemExit) as ended:
        ask.ask(session, "https://api.example/ask", "What is 2+2?")

    assert str(ended.value) == (
        "https://api.example/ask is not reached (Name or service not known): of an agent on the local AWS name the "
        "address that `make demo-agent KEEP=1` says last, --url ADDRESS."
    )


def test_own_prompts_are_asked_in_place_of_the_ten(ask: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ask.py", "--url", "http://127.0.0.1:1/ask", "What time is it in Oslo?"])
    assert ask.chosen_prompts(ask.parsed_options()) == [ask.Prompt("What time is it in Oslo?", "Own")]

    monkeypatch.setattr(sys, "argv", ["ask.py"])
    assert ask.chosen_prompts(ask.parsed_options()) == ask.read_prompts()


def test_a_stack_without_the_output_says_which_it_has(ask: ModuleType) -> None:
    class CloudFormation:
        def client(self, _: str) -> "CloudFormation":
            return self

        def describe_stacks(self, **_: str) -> dict[str, Any]:
            return {"Stacks": [{"Outputs": [{"OutputKey": "AskUrl", "OutputValue": "https://"}]}]}

    assert ask.stack_output(CloudFormation(), "agent", "AskUrl") == "https://"
    with pytest.raises(SystemExit, match="agent has no output RestAskUrl; it has AskUrl"):
        ask.stack_output(CloudFormation(), "agent", "RestAskUrl")


def test_the_ten_prompts_are_seven_that_use_a_tool_and_three_simple_ones(ask: ModuleType) -> None:
    kinds = [prompt.kind for prompt in ask.read_prompts()]

    assert (len(kinds), kinds.count("Tool Use"), kinds.count("Simple")) == (10, 7, 3)


def test_the_page_has_the_prompts_that_are_asked(ask: ModuleType) -> None:
    page = (SCRIPT.parent / "README.md").read_text(encoding="utf-8")

    assert [line.split(" | ")[0].removeprefix("| ") for line in page.partition("| prompt |")[2].splitlines()[2:12]] == [
        prompt.text for prompt in ask.read_prompts()
    ]


class Refusing:
    """A session whose CloudFormation refuses."""

    region_name = "eu-west-1"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def client(self, name: str) -> "Refusing":
        if isinstance(self.error, NoRegionError):
            raise self.error
        assert name == "cloudformation"
        return self

    def describe_stacks(self, **_: str) -> None:
        raise self.error


MISSING = ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "key", "said"),
    [
        (
            MISSING,
            "AskUrl",
            "There is no stack mine in eu-west-1: deploy it first, or name yours with --stack-name NAME.",
        ),
        (MISSING, "RequestTableName", "deploy it first, or name yours with --lens-stack-name NAME."),
        (NoRegionError(), "AskUrl", "No AWS Region is set: set AWS_REGION or AWS_PROFILE."),
        (
            NoCredentialsError(),
            "AskUrl",
            "No AWS credentials are found: log in as for the AWS CLI, or set AWS_PROFILE.",
        ),
        (EndpointConnectionError(endpoint_url="http://x"), "AskUrl", "The outputs of the stack mine cannot be read: "),
    ],
)
def test_a_stack_that_cannot_be_read_is_a_sentence_with_what_helps(
    ask: ModuleType, error: Exception, key: str, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        ask.stack_output(Refusing(error), "mine", key)

    assert said in str(ended.value)
