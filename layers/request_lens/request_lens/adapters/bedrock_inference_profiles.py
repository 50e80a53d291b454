"""Inference profiles as Bedrock knows them, each asked for once a container.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from request_lens.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

BUDGET = timedelta(seconds=5)
"""Time that one batch may spend on looking up; the next one goes on where it ended."""

PAUSE = timedelta(seconds=60)
"""How long nothing is asked after Bedrock did not answer: an outage must not slow every batch."""

_FINAL = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ValidationException"})
"""Refusals that will be the same next time: no permission, another account's profile, no profile."""


class BedrockInferenceProfiles:
    """Looks up application inference profiles of this account and Region; never raises.

    What was refused stays unknown for the container's life. While Bedrock throttles or is out of reach, a profile is
    unknown for this time: a model's name is worth no waiting, and no loss.
    """

    def __init__(
        self, make_client: "Callable[[], BedrockClient]", *, model_name: Callable[[str], str], clock: Clock
    ) -> None:
        self._make_client = make_client
        self._client: BedrockClient | None = None
        self._model_name = model_name
        self._clock = clock
        self._known: dict[str, str | None] = {}
        self._silent_until: datetime | None = None

    def models_behind(self, profile_ids: Sequence[str]) -> Mapping[str, str]:
        """See `ports.InferenceProfiles`."""
        until = self._clock.now() + BUDGET
        for each in profile_ids:
            if each not in self._known and self._may_ask(until):
                self._ask(each)
        found = {each: self._known.get(each) for each in profile_ids}
        return {profile_id: model for profile_id, model in found.items() if model is not None}

    def _may_ask(self, until: datetime) -> bool:
        now = self._clock.now()
        return now < until and (self._silent_until is None or now >= self._silent_until)

    def _ask(self, profile_id: str) -> None:
        try:
            self._known[profile_id] = self._model(profile_id)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _FINAL:
                self._known[profile_id] = None
            else:
                self._silent_until = self._clock.now() + PAUSE
        except BotoCoreError:
            self._silent_until = self._clock.now() + PAUSE

    def _model(self, profile_id: str) -> str | None:
        """The one model behind the profile; a profile across Regions names the same model in each."""
        if self._client is None:
            self._client = self._make_client()
        answer = self._client.get_inference_profile(inferenceProfileIdentifier=profile_id)
        names = {self._model_name(each["modelArn"]) for each in answer.get("models", []) if "modelArn" in each}
        return names.pop() if len(names) == 1 else None
