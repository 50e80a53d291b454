"""The wheel, installed without a clone: what it holds, and that the commands run."""

import json
import zipfile
from pathlib import Path

import pytest

import request_lens
from request_lens_cli.main import COMMANDS
from scripts.scenarios.generate import EVENTS
from tests.support.command_line.installed_command import CHECKOUT, InstalledCommand, build_wheel, installed


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> InstalledCommand:
    return installed(tmp_path_factory.mktemp("installed"))


@pytest.mark.slow
def test_the_command_says_its_version_and_lists_its_commands(command: InstalledCommand) -> None:
    version, shown = command.run("--version"), command.run("--help")

    assert (version.returncode, version.stdout.split()[-1]) == (0, request_lens.__version__)
    assert request_lens.__version__ in command.wheel.name
    assert all(name in shown.stdout for name in COMMANDS)


@pytest.mark.slow
def test_every_command_has_what_it_imports(command: InstalledCommand) -> None:
    failed = {name: result.stderr for name in COMMANDS if (result := command.run(name, "--help")).returncode}

    assert failed == {}


@pytest.mark.slow
def test_a_replay_needs_no_clone_and_no_account(command: InstalledCommand) -> None:
    files = [str(path) for path in sorted((EVENTS / "article").glob("*.ndjson"))]

    result = command.run("replay", *files, "--format", "json", "--timeline", "timeline.svg")

    assert result.returncode == 0, result.stderr
    requests = json.loads(result.stdout)["requests"]
    assert sum(request["llm_calls"] for request in requests) == 17
    assert {request["estimated_cost_usd"] is None for request in requests} == {False}
    assert (command.folder / "timeline.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.slow
def test_a_command_that_needs_a_clone_says_so(command: InstalledCommand) -> None:
    result = command.run("demo")

    assert result.returncode == 1
    assert "from a clone" in result.stderr


def test_the_wheel_holds_both_packages_with_their_data_and_nothing_of_this_machine(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_wheel(tmp_path)) as wheel:
        held = {name: wheel.read(name) for name in wheel.namelist()}

    ours = {
        str(path.relative_to(root))
        for root in (CHECKOUT / "layers" / "request_lens", CHECKOUT / "cli")
        for package in ("request_lens", "request_lens_cli")
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in held if ".dist-info/" not in name} == ours
    assert [name for name, content in held.items() if str(CHECKOUT).encode() in content] == []
