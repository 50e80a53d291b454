"""Application inference profiles: asked for once, resolved to one model, and never in the way of a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from request_lens.adapters.bedrock_inference_profiles import BUDGET, PAUSE, BedrockInferenceProfiles
from request_lens.wire.names import model_name

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient


MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = "a1b2c3d4e5f6"


@dataclass(slots=True)
class TickingClock:
    """A clock that goes on a little whenever it is looked at."""

    tick: timedelta = timedelta(0)
    moment: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += self.tick
        return self.moment


@dataclass(slots=True)
class Bedrock:
    """The profiles under test, and a stubbed Bedrock that answers what was queued and refuses any other call."""

    stub: Stubber
    client: "BedrockClient"
    clock: TickingClock = field(default_factory=TickingClock)
    clients_made: int = 0

    def profiles(self) -> BedrockInferenceProfiles:
        def make() -> "BedrockClient":
            self.clients_made += 1
            return self.client

        return BedrockInferenceProfiles(make, model_name=model_name, clock=self.clock)

    def answers(self, *regions: str, profile: str = PROFILE, models: Sequence[str] = (MODEL,)) -> None:
        arn = f"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/{profile}"
        answer = {
            "inferenceProfileName": "team-a",
            "inferenceProfileArn": arn,
            "inferenceProfileId": profile,
            "status": "ACTIVE",
            "type": "APPLICATION",
            "models": [
                {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model}"}
                for region in regions
                for model in models
            ],
        }
        self.stub.add_response("get_inference_profile", answer, {"inferenceProfileIdentifier": profile})

    def refuses(self, code: str) -> None:
        self.stub.add_client_error("get_inference_profile", code)


@pytest.fixture
def bedrock() -> Iterator[Bedrock]:
    client = boto3.client("bedrock", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield Bedrock(stub=stub, client=client)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("regions", [["eu-west-1"], ["eu-west-1", "eu-north-1", "eu-central-1"]])
def test_a_profile_bears_the_model_behind_it_in_whatever_regions(bedrock: Bedrock, regions: list[str]) -> None:
    bedrock.answers(*regions)

    assert bedrock.profiles().models_behind([PROFILE]) == {PROFILE: MODEL}


def test_a_profile_is_asked_for_once_a_container(bedrock: Bedrock) -> None:
    bedrock.answers("eu-west-1")
    profiles = bedrock.profiles()

    models = [profiles.models_behind([PROFILE, PROFILE]) for _ in range(3)]

    assert models == [{PROFILE: MODEL}] * 3
    assert bedrock.clients_made == 1


def test_no_client_is_made_before_a_profile_is_met(bedrock: Bedrock) -> None:
    assert bedrock.profiles().models_behind([]) == {}
    assert bedrock.clients_made == 0


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_what_was_refused_stays_opaque_and_its_neighbours_do_not(bedrock: Bedrock, code: str) -> None:
    bedrock.refuses(code)
    bedrock.answers("eu-west-1")
    profiles = bedrock.profiles()

    assert profiles.models_behind(["foreign", PROFILE]) == {PROFILE: MODEL}
    assert profiles.models_behind(["foreign"]) == {}


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException", "UnknownOperationException"])
def test_an_outage_leaves_all_opaque_for_a_minute_at_the_cost_of_one_call(bedrock: Bedrock, code: str) -> None:
    bedrock.refuses(code)
    profiles = bedrock.profiles()

    assert profiles.models_behind([PROFILE, "another", "third"]) == {}
    assert profiles.models_behind([PROFILE]) == {}
    bedrock.clock.moment += PAUSE
    bedrock.answers("eu-west-1")
    assert profiles.models_behind([PROFILE]) == {PROFILE: MODEL}


def test_a_batch_of_many_profiles_asks_no_longer_than_its_budget(bedrock: Bedrock) -> None:
    bedrock.clock.tick = BUDGET / 4
    for number in range(3):
        bedrock.answers("eu-west-1", profile=f"profile{number}")

    assert len(bedrock.profiles().models_behind([f"profile{number}" for number in range(10_000)])) == 3


def test_a_profile_without_a_single_model_stays_opaque(bedrock: Bedrock) -> None:
    bedrock.answers("eu-west-1", models=[MODEL, "amazon.nova-lite-v1:0"])

    assert bedrock.profiles().models_behind([PROFILE]) == {}
