"""Inference profiles in memory: for `replay` and the tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MemoryInferenceProfiles:
    """The profiles that it was given: by default none, as offline nobody can be asked."""

    models: Mapping[str, str] = field(default_factory=dict)

    def models_behind(self, profile_ids: Sequence[str]) -> Mapping[str, str]:
        """See `ports.InferenceProfiles`."""
        return {profile_id: self.models[profile_id] for profile_id in profile_ids if profile_id in self.models}
