"""Where the local AWS keeps its files: all under `out/` in the checkout, nothing in the user's home."""

import sys
from dataclasses import dataclass
from pathlib import Path

from request_lens_cli.local_aws.errors import LocalAwsError

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPaths:
    """Files and tools of one checkout; two checkouts share nothing.

    `folder` is where the template is that is built and deployed, within the checkout: by default our own.
    """

    checkout: Path
    folder: str = ""

    @property
    def template(self) -> Path:
        """The template that is deployed, here as to AWS."""
        return self.checkout / self.folder / "template.yaml"

    @property
    def samconfig(self) -> Path:
        """The settings of sam, of which `local` is ours."""
        return self.checkout / self.folder / "samconfig.toml"

    @property
    def events(self) -> Path:
        """The folder of scenarios."""
        return self.checkout / "events"

    @property
    def build(self) -> Path:
        """The folder of sam's builds and their cache."""
        return self.checkout / self.folder / ".aws-sam"

    @property
    def state(self) -> Path:
        """The folder of the emulator's state, of logs and of what is running."""
        return self.checkout / "out" / "local-aws"

    @property
    def env_file(self) -> Path:
        """The settings of the running local AWS, for `set -a; . out/local-aws.env`."""
        return self.checkout / "out" / "local-aws.env"

    @property
    def emf_stand_in_state(self) -> Path:
        """What the stand-in for CloudWatch's EMF extraction has counted, as JSON."""
        return self.state / "emf-stand-in.json"

    @property
    def emulator_python(self) -> Path:
        """The interpreter of the emulator's own environment."""
        return self._tool("local-aws", "python")

    @property
    def sam(self) -> Path:
        """The `sam` command."""
        return self._tool("sam", "sam")

    @property
    def aws(self) -> Path:
        """The `aws` command."""
        return self._tool("aws-cli", "aws")

    @property
    def interpreters(self) -> tuple[Path, ...]:
        """Folders in which `sam build` finds `python3.13`."""
        return (self.checkout / ".tools" / "bin", Path(sys.base_prefix) / "bin")

    def log(self, name: str) -> Path:
        """The log file of one step or process; another folder's steps have its name in theirs."""
        return self.state / f"{'-'.join(filter(None, (self.folder.replace('/', '-'), name)))}.log"

    def environment_python(self, group: str) -> Path:
        """The interpreter of a tool's own environment."""
        return self._tool(group, "python")

    def _tool(self, group: str, name: str) -> Path:
        path = self.checkout / ".tools" / group / "bin" / name
        if not path.exists():
            raise LocalAwsError(f"{path.relative_to(self.checkout)} is not there: run `make setup` first.")
        return path


def checkout_paths() -> LocalPaths:
    """The paths of the checkout that this command was installed from.

    Raises: LocalAwsError where it was not installed from one.
    """
    paths = LocalPaths(checkout=CHECKOUT)
    if not paths.template.is_file():
        raise LocalAwsError(
            f"There is no template.yaml in {CHECKOUT}: run this command from a clone after `make setup`."
        )
    return paths
