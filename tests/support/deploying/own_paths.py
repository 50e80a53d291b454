"""Where a second local AWS of a checkout keeps its files, so that two suites may run at one time."""

from dataclasses import dataclass
from pathlib import Path

from request_lens_cli.local_aws.paths import CHECKOUT, LocalPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPaths(LocalPaths):
    """The template and the tools of the checkout; the state, and what was built, in a folder of its own in `out/`."""

    name: str

    @property
    def _own(self) -> Path:
        return self.checkout / "out" / self.name

    @property
    def build(self) -> Path:
        return self._own / ".aws-sam"

    @property
    def state(self) -> Path:
        return self._own / "local-aws"

    @property
    def env_file(self) -> Path:
        return self._own / "local-aws.env"


def own_paths(name: str) -> LocalPaths:
    """Those of the local AWS of this name."""
    return OwnPaths(checkout=CHECKOUT, name=name)
