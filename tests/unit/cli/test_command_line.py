"""The command line as a whole: help with examples that parse, exit codes, completion."""

import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from request_lens_cli import commands, entry
from request_lens_cli.commands.demo import afterwards
from request_lens_cli.commands.demo_agent import ASK, ask_again
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.paths import checkout_paths
from request_lens_cli.main import COMMANDS, MODULES, main
from request_lens_cli.terminal.progress import phase
from scripts.scenarios.generate import EVENTS

ASKING = ("requests", "show", "timeline", "report", "rejected", "redrive", "backfill")


def run(*arguments: str, **environment: str) -> str:
    result = CliRunner(env=environment).invoke(main, arguments, prog_name="request-lens")
    assert result.exit_code == 0, result.output
    return result.stdout


def command_named(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


def examples(name: str) -> list[list[str]]:
    lines = run(name, "--help").partition("Examples:")[2].replace(" \\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip().startswith("request-lens")]


def test_a_time_that_is_none_is_quoted() -> None:
    result = CliRunner().invoke(main, ["requests", "--since", "yesterday"])

    assert result.exit_code == 2
    assert (
        "'yesterday' is neither how long ago (90s, 15m, 3h, 2d, 1w), a date (2025-12-04) nor a time (2025-"
        in result.stderr
    )


@pytest.mark.parametrize("name", ASKING)
def test_every_example_in_the_help_is_right_usage(name: str) -> None:
    found = examples(name)

    assert len(found) >= 2
    for _, command, *arguments in found:
        assert command == name
        parsed = command_named(name).make_context(name, arguments)
        assert parsed.params


def test_every_help_has_its_options_before_its_examples_and_these_before_exit_codes() -> None:
    for words in all_commands(main):
        text = run(*words, "--help")
        at = [text.index(title) for title in ("Usage:", "Options:", "Examples:", "Exit codes:") if title in text]
        assert at == sorted(at), words
        assert re.match(rf"Usage: {' '.join(['request-lens', *words])} \[OPTIONS\]", text), words


@pytest.mark.parametrize("given", ["-nSvQ6Kg", "-nSvQ6KgcvhaTkMlonger=", "-x"])
def test_an_id_of_another_length_that_begins_with_a_minus_is_told_how_to_be_given(given: str) -> None:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["show", given], prog_name="request-lens")

    said = " ".join(result.stderr.split())
    assert result.exit_code == 2
    assert f"{given} is neither an option nor as long as a request's id that begins with a minus" in said
    assert said.endswith(f"stands behind two: `request-lens show -- {given}`")


def all_commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from all_commands(below, (*words, name))


@pytest.mark.parametrize("group", [(), ("local",)])
def test_no_command_s_line_in_a_list_of_commands_is_cut(group: tuple[str, ...]) -> None:
    listed = CliRunner().invoke(main, [*group, "--help"], terminal_width=80).output.partition("Commands:")[2]

    assert len(listed.splitlines()) > 3
    assert not any(line.endswith("...") for line in listed.splitlines())


@pytest.mark.parametrize("words", list(all_commands(main)), ids=" ".join)
def test_no_line_of_any_help_is_longer_than_a_terminal_of_80_columns(words: tuple[str, ...]) -> None:
    assert [line for line in run(*words, "--help", COLUMNS="80").splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", ["replay", "demo"])
def test_commands_of_files_and_of_this_machine_have_examples_and_exit_codes_of_their_own(name: str) -> None:
    assert len(examples(name)) == 3
    for _, command, *arguments in examples(name):
        assert command_named(command).make_context(command, arguments).params
    assert "Exit codes:\n    0  " in run(name, "--help")
    assert "the stack" not in run(name, "--help").partition("Exit codes:")[2]


def test_a_long_example_goes_on_in_lines_that_a_shell_reads_as_one() -> None:
    shown = run("requests", "--help", COLUMNS="80")

    assert '--route "POST /ask" --min-calls 5 \\\n      --sort cost --limit 10\n' in shown


def test_a_shell_that_is_none_of_those_is_the_one_failure_of_completion() -> None:
    assert "2  the command line is wrong, such as a shell that is none of these" in run("completion", "--help")
    assert CliRunner().invoke(main, ["completion", "tcsh"]).exit_code == 2


def test_the_usage_of_detach_says_that_the_group_can_be_left_out() -> None:
    assert run("detach", "--help").startswith("Usage: request-lens detach [OPTIONS] [GROUP]\n")


SCENARIOS = sorted(path.parent.name for path in EVENTS.glob("*/access.ndjson"))


def made(*words: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=EVENTS.parent, capture_output=True, text=True, check=False, env=own)


def test_a_scenario_that_is_none_is_refused_before_anything_is_installed() -> None:
    refused = made("demo", "SCENARIO=nope")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[0] == f"demo: no scenario nope; there are {' '.join(SCENARIOS)}"


def test_make_help_and_the_demos_help_name_every_scenario() -> None:
    (line,) = [line for line in made("help").stdout.splitlines() if line.startswith("  make demo ")]

    assert re.findall(r"\w+", line.partition("SCENARIO=")[2].partition(";")[0].replace(" or ", ", ")) == SCENARIOS
    assert all(name in run("demo", "--help") for name in SCENARIOS)


@pytest.mark.parametrize("name", ASKING)
def test_the_help_says_the_exit_codes_and_how_a_stack_is_chosen(name: str) -> None:
    shown = run(name, "--help")

    assert "Exit codes:\n    0  " in shown
    assert all(option in shown for option in ("--stack-name", "--profile", "--region"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["reqests"], "requests"),
        (["docter"], "doctor"),
        (["local", "plya"], "play"),
        (["requests", "--sinse", "1h"], "--since"),
        (["show", "-nSvQ6KgcvhaTkM=", "--loacl"], "--local"),
        (["requests", "--format", "jsn"], "json"),
        (["requests", "--sort", "DURRATION"], "duration"),
        (["replay", "x", "--axis", "clok"], "clock"),
        (["replay", "x", "--set", "maxrequestsecond=3"], "MaxRequestSeconds"),
        (["attach", "GROUP", "--kind", "span"], "spans"),
        (["completion", "bahs"], "bash"),
        (["schema", "requsts"], "requests"),
        (["demo", "--scenario", "overlp"], "overlap"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_may_be_meant(typed: list[str], meant: str) -> None:
    result = CliRunner().invoke(main, typed, prog_name="request-lens")

    assert result.exit_code == 2
    assert f"Did you mean {meant!r}?" in result.stderr


def test_what_is_like_no_command_is_answered_with_all_of_them() -> None:
    result = CliRunner().invoke(main, ["local", "xyzzy"], prog_name="request-lens")

    assert result.exit_code == 2
    assert result.stderr.endswith("No such command 'xyzzy'. Commands are deploy, down, play, up.\n")


def test_what_is_like_no_choice_is_answered_with_the_choices_alone() -> None:
    result = CliRunner().invoke(main, ["requests", "--format", "xml"], prog_name="request-lens")

    assert result.exit_code == 2
    assert result.stderr.endswith("'xml' is not one of 'table', 'json', 'ndjson', 'csv'.\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str) -> None:
    script = run("completion", shell)

    assert f"_REQUEST_LENS_COMPLETE={shell}_complete" in script
    assert "request-lens" in script


def test_bash_takes_the_script() -> None:
    checked = subprocess.run(
        ["bash", "-n"], input=run("completion", "bash"), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("request-lens re", {"requests", "rejected", "replay", "report", "redrive"}),
        ("request-lens requests --so", {"--sort"}),
    ],
)
def test_commands_and_options_are_completed(words: str, expected: set[str]) -> None:
    environment = {
        "_REQUEST_LENS_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    answered = CliRunner(env=environment).invoke(main, [], prog_name="request-lens")

    assert {line.partition(",")[2] for line in answered.stdout.splitlines()} == expected


def test_unknown_commands_and_options_are_wrong_usage() -> None:
    codes = [CliRunner().invoke(main, arguments).exit_code for arguments in (["nonsense"], ["requests", "--nonsense"])]

    assert codes == [2, 2]


def test_every_command_module_is_listed() -> None:
    found = pkgutil.walk_packages(commands.__path__, f"{commands.__name__}.")
    modules = {module.name.removeprefix(f"{commands.__name__}.") for module in found if not module.ispkg}

    assert {MODULES.get(name, name) for name in COMMANDS} == modules - {"operating.agreement", "operating.aws_command"}
    assert [name for name in COMMANDS if not command_named(name).get_short_help_str()] == []


LISTING = """
import os, sys
sys.argv = ["request-lens", *os.environ["WORDS"].split()]
from request_lens_cli.main import main
try:
    main(prog_name="request-lens")
finally:
    heavy = ("boto3", "botocore", "pydantic", "rich", "yaml", "aws_lambda_powertools", "request_lens_cli.commands")
    print([name for name in sys.modules if name.startswith(heavy)], file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ("--help", {}),
        ("--version", {}),
        ("", {"_REQUEST_LENS_COMPLETE": "bash_complete", "COMP_WORDS": "request-lens re", "COMP_CWORD": "1"}),
    ],
)
def test_help_and_completion_import_no_command(words: str, environment: dict[str, str]) -> None:
    variables = os.environ | environment | {"WORDS": words}
    process = subprocess.run([sys.executable, "-c", LISTING], env=variables, capture_output=True, text=True, check=True)

    assert "re" in process.stdout
    assert process.stderr.strip() == "[]"


def test_ctrl_c_during_the_import_ends_it_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "import_module", interrupted)

    with pytest.raises(SystemExit) as ended:
        entry.run()

    assert ended.value.code == 1
    assert capsys.readouterr().err == "\nAborted!\n"


@pytest.mark.parametrize(("term", "begins"), [("dumb", True), ("xterm", False)])
def test_where_nothing_can_turn_a_phase_is_named_when_it_begins(term: str, begins: bool) -> None:
    console = Console(file=StringIO(), force_terminal=True, color_system=None, _environ={"TERM": term})
    with phase(console, "build", "sam build"):
        assert isinstance(console.file, StringIO)
        assert ("build    sam build …\n" in console.file.getvalue()) is begins


def test_a_kept_agent_is_asked_again_by_a_script_that_is_there() -> None:
    line = ask_again("http://127.0.0.1:1/ask").splitlines()[-1]

    assert line == f'  {ASK} --url http://127.0.0.1:1/ask "What time is it in Oslo?"'
    assert (checkout_paths().checkout / ASK.split()[1]).is_file()


@pytest.mark.parametrize("target", ["make demo", "make demo-agent"])
def test_a_demo_ends_with_what_becomes_of_the_local_aws(target: str) -> None:
    stopped = LocalAws(endpoint="http://127.0.0.1:1", paths=checkout_paths(), started_now=True)

    assert f"{target} KEEP=1 leaves it running" in afterwards(stopped, keep=False, target=target)
    for running, keep in ((stopped, True), (replace(stopped, started_now=False), False)):
        assert afterwards(running, keep=keep, target=target).endswith("Stop it with: make down")


@pytest.mark.parametrize(
    ("command", "other", "own"),
    [
        ("timeline", "--limit", "--rows"),
        ("requests", "--rows", "--limit"),
        *((command, "--json", "--format json") for command in ("requests", "show", "inspect", "doctor")),
        ("requests", "--csv", "--format csv"),
    ],
)
def test_an_option_of_a_neighbour_is_answered_with_the_commands_own(command: str, other: str, own: str) -> None:
    result = CliRunner().invoke(main, [command, other, "3"])

    assert result.exit_code == 2
    assert other in result.stderr.partition("No such option")[2]
    assert own in result.stderr.partition("Did you mean")[2]


def test_the_texts_of_options_begin_in_one_column_in_every_command() -> None:
    columns = {
        match.end()
        for words in all_commands(main)
        for line in run(*words, "--help", COLUMNS="80").partition("Options:")[2].partition("\n\n")[0].splitlines()
        if (match := re.match(r" +-\S.{,19}\S  +(?=\S)", line)) is not None
    }

    assert columns == {26}


def test_options_stand_in_one_order_in_every_command() -> None:
    """What is asked for, how it is given out, which stack."""
    for words in all_commands(main):
        options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run(*words, "--help"), re.MULTILINE)
        last = [name for name in ("--format", "--stack-name", "--profile", "--region", "--help") if name in options]
        assert options[-len(last) :] == last, words


def test_no_help_parts_a_name_or_a_command_at_a_hyphen_or_blank() -> None:
    shown = run("show", "--help", COLUMNS="80")

    assert "`apigw-requestid` of an HTTP API" in shown
    assert "else\n                          request-lens.\n" in shown


SHOWN = """
import sys
from request_lens_cli.main import main
sys.stderr.isatty = lambda: True
main(sys.argv[1:], prog_name="request-lens")
"""


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["replay", __file__, "--set", "Nonsense=1"], 2),
        (["--nonsense-that-is-as-long-as-a-whole-line-of-a-terminal-and-so-stands-on-a-line-of-its-own"], 2),
        (["show", "--region", "eu-west-1", "--profile", "none", "id"], 1),
    ],
)
def test_an_error_on_a_terminal_is_folded_at_words_and_one_line_elsewhere(typed: list[str], code: int) -> None:
    variables = os.environ | {"COLUMNS": "60", "AWS_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-c", SHOWN, *typed]
    folded = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    elsewhere = CliRunner(env={"AWS_CONFIG_FILE": os.devnull}).invoke(main, typed, prog_name="request-lens")

    lines = folded.stderr.splitlines()
    assert (folded.returncode, elsewhere.exit_code) == (code, code)
    assert "Traceback" not in folded.stderr
    assert all(len(line) <= 60 for line in lines if " " in line)
    assert len(lines) > len(elsewhere.stderr.splitlines())
    assert folded.stderr.replace("`", "").split() == elsewhere.stderr.replace("`", "").split()


def test_an_option_before_the_command_is_told_its_place() -> None:
    early = CliRunner().invoke(main, ["--profile", "prod", "requests"])
    misspelt = CliRunner().invoke(main, ["--hepl"])

    assert (early.exit_code, misspelt.exit_code) == (2, 2)
    assert early.stderr.endswith("No such option '--profile' here: a command's options stand behind its name.\n")
    assert misspelt.stderr.endswith("Did you mean '--help'?\n")
