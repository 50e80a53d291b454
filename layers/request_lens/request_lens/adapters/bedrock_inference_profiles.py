"""The models behind inference profiles as Bedrock tells them, each looked up once a container.

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
"""Time that one batch may spend on look-ups; the next batch goes on where it ended."""

PAUSE = timedelta(seconds=60)
"""How long nothing is looked up after Bedrock did not answer: an outage must not slow every batch."""

_PERMANENT_ERRORS = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ValidationException"})
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
        self._models: dict[str, str | None] = {}
        self._retry_at: datetime | None = None

    def models_behind(self, profile_ids: Sequence[str]) -> Mapping[str, str]:
        """See `ports.InferenceProfiles`."""
        deadline = self._clock.now() + BUDGET
        for profile_id in profile_ids:
            if profile_id not in self._models and self._may_look_up(deadline):
                self._look_up(profile_id)
        models = {profile_id: self._models.get(profile_id) for profile_id in profile_ids}
        return {profile_id: model for profile_id, model in models.items() if model is not None}

    def _may_look_up(self, deadline: datetime) -> bool:
        now = self._clock.now()
        return now < deadline and (self._retry_at is None or now >= self._retry_at)

    def _look_up(self, profile_id: str) -> None:
        try:
            self._models[profile_id] = self._get_model(profile_id)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _PERMANENT_ERRORS:
                self._models[profile_id] = None
            else:
                self._retry_at = self._clock.now() + PAUSE
        except BotoCoreError:
            self._retry_at = self._clock.now() + PAUSE

    def _get_model(self, profile_id: str) -> str | None:
        """The one model behind the profile; a profile across Regions names the same model in each."""
        if self._client is None:
            self._client = self._make_client()
        profile = self._client.get_inference_profile(inferenceProfileIdentifier=profile_id)
        names = {self._model_name(model["modelArn"]) for model in profile.get("models", []) if "modelArn" in model}
        return names.pop() if len(names) == 1 else None
