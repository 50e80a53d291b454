"""Local commands never reach a real account, and carry none of the user's AWS settings."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens_cli.local_aws.aws_clients import local_client, local_session
from request_lens_cli.local_aws.environment import client_environment, emulator_environment, settings, write_env_file
from request_lens_cli.local_aws.errors import LocalAwsError
from request_lens_cli.local_aws.loopback import free_port, require_free, require_loopback
from request_lens_cli.local_aws.paths import LocalPaths

ENDPOINT = "http://127.0.0.1:4566"


@pytest.mark.parametrize("endpoint", [ENDPOINT, "http://127.8.9.1:80", "http://localhost:1", "http://[::1]:4566"])
def test_loopback_endpoints_are_allowed(endpoint: str) -> None:
    assert require_loopback(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "https://dynamodb.ap-northeast-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://127.0.0.1.example.com",
        "http://2130706433",
        "127.0.0.1:4566",
        "file://localhost/etc",
        "http://[::ffff:10.0.0.1]",
        "http://[",
    ],
)
def test_any_other_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(LocalAwsError, match="loopback"):
        require_loopback(endpoint)
    with pytest.raises(LocalAwsError, match="loopback"):
        settings(endpoint)
    with pytest.raises(LocalAwsError, match="loopback"):
        local_client("logs", endpoint=endpoint)


@given(st.ip_addresses().filter(lambda address: not address.is_loopback))
def test_no_address_beyond_loopback_is_allowed(address: object) -> None:
    host = f"[{address}]" if ":" in str(address) else str(address)
    with pytest.raises(LocalAwsError):
        require_loopback(f"http://{host}:4566")


@pytest.fixture
def real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "SAM_CLI_X"):
        monkeypatch.setenv(name, "REAL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")


@pytest.mark.usefixtures("real_credentials")
def test_no_real_credential_reaches_a_child(tmp_path: Path) -> None:
    paths = LocalPaths(checkout=tmp_path)
    for environment in (client_environment(ENDPOINT, paths), emulator_environment(4566, paths)):
        assert "REAL" not in environment.values()
        assert "AWS_PROFILE" not in environment
        assert not any("amazonaws.com" in value for value in environment.values())


@pytest.mark.usefixtures("real_credentials")
def test_a_local_client_reads_no_profile() -> None:
    client = local_client("logs", endpoint=ENDPOINT)
    credentials = local_session(ENDPOINT).get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.token) == ("123456789012", None)
    assert (client.meta.endpoint_url, client.meta.region_name) == (ENDPOINT, "ap-northeast-1")


def test_the_emulator_writes_into_our_folder_and_listens_on_loopback(tmp_path: Path) -> None:
    paths = LocalPaths(checkout=tmp_path)
    environment = emulator_environment(4566, paths)
    assert environment["BIND_HOST"] == "127.0.0.1"
    for name in ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"):
        assert Path(environment[name]).is_relative_to(paths.state)


def test_a_shell_that_reads_the_settings_has_them_and_the_commands_on_its_path(tmp_path: Path) -> None:
    paths = LocalPaths(checkout=tmp_path / "with blank")
    write_env_file(paths, settings(ENDPOINT, stack_name="s"))

    script = f'set -a; . "{paths.env_file}"; printf "%s\\n" "$AWS_ENDPOINT_URL" "$STACK_NAME" "$AWS_REGION" "$PATH"'
    shell = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True
    )

    endpoint, stack, region, path = shell.stdout.splitlines()
    assert (endpoint, stack, region) == (ENDPOINT, "s", "ap-northeast-1")
    assert path.split(":") == [
        str(Path(sys.executable).parent),
        str(paths.checkout / ".tools" / "aws-cli" / "bin"),
        "/usr/bin",
    ]


def test_a_taken_port_is_refused_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LocalAwsError, match="--port"):
            require_free(taken.getsockname()[1])


def test_a_free_port_is_free() -> None:
    port = free_port()
    assert require_free(port) == port
