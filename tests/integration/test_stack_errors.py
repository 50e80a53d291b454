"""A stack that cannot be read: one true sentence that says what to do."""

import pytest
from botocore import handlers

from tests.support.deployed_stack import DeployedLens


def refused(lens: DeployedLens, *arguments: str) -> str:
    result = lens.ask("requests", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_stack_that_is_not_there_is_named_with_its_region(lens: DeployedLens) -> None:
    message = refused(lens, "--stack-name", "nope", "--region", "eu-west-3")

    assert "No stack nope in eu-west-3" in message
    assert "--stack-name" in message
    assert "An error occurred" not in message


def test_without_a_region_it_says_where_to_set_one(lens: DeployedLens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert "No AWS Region is set: give --region" in refused(lens)


def test_without_credentials_it_says_so(lens: DeployedLens, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    assert "No AWS credentials are found" in refused(lens)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://127.0.0.1:9"])
def test_an_endpoint_that_does_not_answer_is_named(
    lens: DeployedLens, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", endpoint)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    others = [handler for handler in handlers.BUILTIN_HANDLERS if handler[0] != "before-send.cloudformation"]
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", others)

    message = refused(lens, "--stack-name", "unanswered")

    assert "AWS cannot be reached" in message
    assert endpoint in message


def test_a_silent_endpoint_of_this_machine_is_named(lens: DeployedLens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    others = [handler for handler in handlers.BUILTIN_HANDLERS if handler[0] != "before-send.cloudformation"]
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", others)

    message = refused(lens, "--stack-name", "unanswered")

    assert message.startswith("Error: Nothing answers at http://127.0.0.1:9, which AWS_ENDPOINT_URL names. `unset")
    assert "make demo KEEP=1" in message


def test_a_stack_of_another_kind_is_no_request_lens_stack(lens: DeployedLens) -> None:
    lens.stacks["shop"] = {"Url": "https://example.com"}

    assert "no Request Lens stack" in refused(lens, "--stack-name", "shop")
