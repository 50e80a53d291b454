"""Inference profiles in memory: for `replay` and the tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MemoryInferenceProfiles:
    """The profiles that are given; none are known offline."""

    models: Mapping[str, str] = field(default_factory=dict)

    def models_behind(self, profile_ids: Sequence[str]) -> Mapping[str, str]:
        """See `ports.InferenceProfiles`."""
        return {each: self.models[each] for each in profile_ids if each in self.models}
