"""Environments of what the local commands start: made anew, so that no real credential or profile reaches them."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from request_lens_cli.local_aws.loopback import HOST, require_loopback
from request_lens_cli.local_aws.paths import LocalPaths
from request_lens_cli.options.stack_choice import DEFAULT_STACK_NAME

ACCOUNT_ID = "123456789012"
REGION = "ap-northeast-1"

_NOT_INHERITED = ("AWS_", "SAM_", "PYTHON", "VIRTUAL_ENV", "MINISTACK_", "LOCALSTACK_")
_INHERITED_BY_EMULATOR = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT")
_NO_PROXY = "127.0.0.1,localhost,::1"


def settings(endpoint: str, *, stack_name: str = DEFAULT_STACK_NAME) -> dict[str, str]:
    """What any AWS client needs to speak to the local AWS.

    The access key is the emulated account's id: that is how the emulator tells accounts apart.
    Raises: LocalAwsError for an endpoint that is not loopback.
    """
    return {
        "AWS_ENDPOINT_URL": require_loopback(endpoint),
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
        "STACK_NAME": stack_name,
    }


def client_environment(endpoint: str, paths: LocalPaths) -> dict[str, str]:
    """The environment of sam, aws and our own processes: the user's without its AWS part, and the local settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    session = settings(endpoint)
    del session["AWS_SESSION_TOKEN"]
    return (
        inherited
        | session
        | {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NO_PROXY": _NO_PROXY,
            "no_proxy": _NO_PROXY,
            "SAM_CLI_POLL_DELAY": "0.5",  # in seconds, by default 5: the local AWS is done in fewer
            "__SAM_CLI_APP_DIR": str(paths.state / "sam"),
            "PATH": os.pathsep.join((*map(str, paths.interpreters), inherited.get("PATH", os.defpath))),
        }
    )


MODEL_ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
AGENTCORE_ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"
"""The variables by which AWS's SDKs find a service elsewhere; a service's own goes before AWS_ENDPOINT_URL."""


def emulator_environment(
    port: int, paths: LocalPaths, service_endpoints: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """The environment of the emulator, which its Lambda functions inherit: as little as possible.

    Whatever it writes goes to our state folder, and it listens on loopback only.
    """
    inherited = {name: os.environ[name] for name in _INHERITED_BY_EMULATOR if name in os.environ}
    temporary = paths.state / "tmp"
    return (
        inherited
        | dict(service_endpoints)
        | {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(paths.state / "home"),
            "TMPDIR": str(temporary),
            "STATE_DIR": str(paths.state / "emulator"),
            "S3_DATA_DIR": str(paths.state / "s3"),
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            "LAMBDA_EXECUTOR": "local",
            # Listeners of their own, on fixed ports of every interface.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AUTH": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )


def write_env_file(paths: LocalPaths, values: Mapping[str, str]) -> None:
    """Write the settings as a shell reads them with `set -a; . FILE`; `aws` and `request-lens` are then on its PATH."""
    commands = [Path(sys.executable).parent, paths.checkout / ".tools" / "aws-cli" / "bin"]
    lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    lines.append(f'PATH={shlex.quote(os.pathsep.join(map(str, commands)))}{os.pathsep}"$PATH"')
    paths.env_file.parent.mkdir(parents=True, exist_ok=True)
    paths.env_file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
