"""`request-lens replay` as a person uses it: what it writes, and what it says of files that hold nothing to read."""

import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Buffer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from request_lens_cli.main import main
from scripts.scenarios.generate import EVENTS

ARTICLE = [str(path) for path in sorted((EVENTS / "article").glob("*.ndjson"))]
README = EVENTS.parent / "README.md"
ROLE = "AmazonBedrockAgentCoreSDKRuntime-ap-northeast-1-example"
TERMINAL = {"TTY_COMPATIBLE": "1", "TERM": "dumb", "LINES": "50", "COLUMNS": "100", "NO_COLOR": "1"}


def replayed(*arguments: str) -> Result:
    return CliRunner(env=TERMINAL).invoke(main, ["replay", *arguments], prog_name="request-lens")


def process(*arguments: str, stdout: int, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from request_lens_cli.entry import run; run()", *arguments]
    return subprocess.run(
        command, env=os.environ | variables, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.parametrize(("name", "beginning"), [("t.svg", b"<svg"), ("t.PNG", b"\x89PNG"), ("r.html", b"<!doctype")])
def test_a_file_is_what_its_ending_says(tmp_path: Path, name: str, beginning: bytes) -> None:
    target = tmp_path / name

    result = replayed(*ARTICLE, "--report" if name.endswith("html") else "-o", str(target))

    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(beginning)


def test_where_roles_are_named_nothing_advises_to_name_them(tmp_path: Path) -> None:
    overlap = [str(path) for path in sorted((EVENTS / "overlap").glob("*.ndjson"))]
    page, picture = tmp_path / "r.html", tmp_path / "t.svg"

    def advises(*settings: str) -> list[bool]:
        output = replayed(*overlap, *settings, "--report", str(page), "-o", str(picture)).stdout
        said = [output, page.read_text(encoding="utf-8"), picture.read_text(encoding="utf-8")]
        assert all("tag the calls" in each for each in said)
        return ["name the agent" in " ".join(re.sub(r"<[^>]*>", " ", each).split()) for each in said]

    assert advises() == [True] * 3
    assert advises("--set", f"AgentRoleNames={ROLE}") == [False] * 3


@pytest.mark.parametrize("format_", ["table", "json"])
def test_files_without_a_line_are_nothing_to_replay(tmp_path: Path, format_: str) -> None:
    empty = tmp_path / "empty.ndjson"
    empty.write_text("\n", encoding="utf-8")

    result = replayed("/dev/null", str(empty), "--format", format_)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: Nothing was read: there is no line in /dev/null or {empty}.\n"


def test_the_page_of_a_replay_names_its_files_and_no_stack(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    replayed(*ARTICLE, "--report", str(target))
    two = target.read_text(encoding="utf-8")
    replayed(*ARTICLE, *ARTICLE, *ARTICLE, "--report", str(target))
    six = target.read_text(encoding="utf-8")

    assert "<li>Replay of access.ndjson and invocations.ndjson, offline</li>" in two
    assert "<title>Request Lens: Replay of access.ndjson and invocations.ndjson</title>" in two
    assert "Stack" not in two
    assert "<li>Replay of access.ndjson, invocations.ndjson, access.ndjson and 3 more files, offline</li>" in six


def test_the_axis_holds_for_the_timeline_of_the_page_too(tmp_path: Path) -> None:
    target, own = tmp_path / "r.html", "since each request&#x27;s own start"

    replayed(*ARTICLE, "--report", str(target))
    assert own in target.read_text(encoding="utf-8")
    replayed(*ARTICLE, "--report", str(target), "--axis", "clock")
    assert own not in target.read_text(encoding="utf-8")


def test_it_says_which_files_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = ("-o", "t.svg", "--report", str(tmp_path.parent / "a page.html"))

    shown, document = replayed(*ARTICLE, *wanted), replayed(*ARTICLE, *wanted, "--format", "json")

    said = ["Timeline: t.svg", f"Report: {tmp_path.parent / 'a page.html'}"]
    assert shown.stdout.splitlines()[-2:] == said
    assert document.stderr.splitlines()[-2:] == said
    assert json.loads(document.stdout)["requests"]
    assert "Timeline:" not in replayed(*ARTICLE).output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-o", "t.pdf"), 2, "expected a name that ends in .png or .svg, not t.pdf"),
        (("--report", "-"), 2, "expected a name that ends in .htm or .html"),
        (("-o", "/nonexistent/t.svg"), 2, "there is no folder /nonexistent"),
        (("-o", f"/tmp/{300 * 't'}.svg"), 1, "cannot be written: File name too long"),
        (("--labels", str(EVENTS / "article" / "expected.json")), 2, "is no file of labels: expected JSON such as"),
        (("--set", "MaxRequestSeconds=abc"), 2, "MaxRequestSeconds=abc: input should be a valid integer"),
        (("--set", "MaxRequestSeconds=0"), 2, "MaxRequestSeconds=0: input should be greater than or equal to 1"),
        (("--set", "Foo=1"), 2, "no parameter Foo; known are AgentRoleNames"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: tuple[str, ...], code: int, words: str) -> None:
    result = replayed(*ARTICLE, *arguments)

    assert result.exit_code == code
    assert words in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_file_without_a_record_says_so_and_fails(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no log\nat all\n", encoding="utf-8")

    result = replayed(str(notes))

    assert result.exit_code == 1
    assert "No record of an API request or of a call is in these files." in result.stdout
    said = " ".join(result.stdout.replace("`", "").split())
    assert f"2 rejected records: request-lens inspect {notes} says why of each." in said


def test_of_many_files_with_rejected_records_none_is_named(tmp_path: Path) -> None:
    files = [tmp_path / f"no log {number}.txt" for number in range(4)]
    for file in files:
        file.write_text("no log\n", encoding="utf-8")

    few, many = (replayed(*map(str, given)).stdout for given in (files[:2], files))

    assert f"\nrequest-lens inspect '{files[0]}' '{files[1]}'\n" in few
    assert "4 rejected records: request-lens inspect with the same files says why of each." in many


def test_a_file_in_utf_16_is_replayed_like_any(tmp_path: Path) -> None:
    wide = tmp_path / "wide.ndjson"
    wide.write_bytes(Path(ARTICLE[0]).read_text(encoding="utf-8").encode("utf-16"))

    assert replayed(str(wide), "--format", "json").stdout == replayed(ARTICLE[0], "--format", "json").stdout


def test_many_requests_are_not_all_drawn_as_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("request_lens_cli.commands.replay.MAX_BARS", 3)

    shown = replayed(*ARTICLE).stdout

    assert sum(" s · " in line and " call" in line for line in shown.splitlines()) == 3
    assert "The bars are the newest 3 of 10 requests: 7 earlier ones are in the list and in its sums." in shown


class FullDisk(io.RawIOBase):
    """A file on a disk that has no room left, until some is made."""

    is_full = True

    def writable(self) -> bool:
        return True

    def write(self, content: Buffer) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return memoryview(content).nbytes


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_full_disk_is_said_in_one_sentence(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = FullDisk()
    output = io.TextIOWrapper(io.BufferedWriter(disk), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", output)

    with pytest.raises(SystemExit) as ended:
        main(["replay", *ARTICLE, "--format", form], prog_name="request-lens")

    assert ended.value.code == 1
    assert "The output cannot be written: No space left on device" in capsys.readouterr().err
    disk.is_full = False
    output.close()


def test_a_terminal_without_the_characters_gets_others() -> None:
    done = process("replay", *ARTICLE, stdout=subprocess.PIPE, PYTHONIOENCODING="ascii", **TERMINAL)

    assert done.returncode == 0, done.stderr
    assert "10 requests | 17 LLM calls, all linked" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", *ARTICLE],
        ["replay", *ARTICLE, "--format", "json"],
        ["inspect", str(README)],
        ["inspect", str(README), "--format", "json"],
        ["schema"],
        ["--help"],
        ["inspect", "--help"],
        ["--version"],
    ],
    ids=lambda arguments: " ".join(argument for argument in arguments if "/" not in argument),
)
@pytest.mark.parametrize("terminal", [{}, TERMINAL], ids=["pipe", "terminal"])
def test_a_reader_that_has_enough_ends_each_command_quietly(arguments: list[str], terminal: dict[str, str]) -> None:
    reads, writes = os.pipe()
    os.close(reads)

    ended = process(*arguments, stdout=writes, **terminal)
    os.close(writes)

    assert ended.returncode == 0
    assert "Error" not in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("variables", [{"TZ": "Pacific/Chatham"}, {"LC_ALL": "C"}, {"HOME": "/nonexistent"}], ids=str)
def test_the_readers_machine_changes_no_figure(variables: dict[str, str], tmp_path: Path) -> None:
    answers = []
    for name, more in (("plain", {}), ("other", variables)):
        with (tmp_path / name).open("w") as output:
            assert process("replay", *ARTICLE, "--format", "json", stdout=output.fileno(), **more).returncode == 0
        answers.append((tmp_path / name).read_text(encoding="utf-8"))

    assert answers[0] == answers[1] != ""


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "access.ndjson",
            "No invocation of a model is in these files: how many calls the requests made is unknown.",
        ),
        ("invocations.ndjson", "No API request is in these files, so no call can belong to one."),
    ],
    ids=["no-invocations", "no-requests"],
)
def test_one_log_alone_is_no_answer(tmp_path: Path, file: str, words: str) -> None:
    """What the other log would tell is unknown, and so it is said wherever the result is."""
    alone, page = str(EVENTS / "article" / file), tmp_path / "page.html"

    shown, document = replayed(alone, "--report", str(page)), replayed(alone, "--format", "json")

    assert words in " ".join(shown.stdout.split())
    assert words in document.stderr
    assert words in page.read_text(encoding="utf-8")
    assert words not in replayed(*ARTICLE).output


def test_no_request_of_an_access_log_alone_is_said_to_have_made_no_call() -> None:
    """Neither in a row, nor in JSON, nor among what would be published: each is uncertain."""
    alone = str(EVENTS / "article" / "access.ndjson")

    shown, document = replayed(alone).stdout, json.loads(replayed(alone, "--format", "json").stdout)

    assert len(re.findall(r"= +POST /ask +18:2\d:\d\d +[\d.]+ s +≥ 0 +no log +– ", shown)) == 10
    said = [(each["state"], each["possible_calls"], each["llm_time_ms"]) for each in document["requests"]]
    assert said == [("uncertain", None, None)] * 10
    assert {each["input_tokens"] for each in document["requests"]} == {None}
    for publication in document["publications"]:
        assert publication["metrics"].keys() == {"Requests", "UncertainRequests", "RequestDuration"}
        assert publication["metrics"]["UncertainRequests"] == 1
    assert shown.count("No invocation of a model") == 1


def test_where_no_call_is_by_a_listed_role_it_says_whose_they_are() -> None:
    shown = " ".join(replayed(*ARTICLE, "--set", "AgentRoleNames=Other").stdout.split())

    assert (
        "All 17 calls are by AmazonBedrockAgentCoreSDKRuntime-ap-northeast-1-example, which AgentRoleNames (Other) "
        "does not list" in shown
    )
    assert "does not list" not in replayed(*ARTICLE).stdout


def test_a_folder_is_told_to_be_one() -> None:
    result = replayed(str(EVENTS / "article"))

    assert result.exit_code == 1
    assert result.stderr.strip().endswith("article: it is a folder: name the files in it")


def test_requests_are_selected_and_sorted_as_in_requests(tmp_path: Path) -> None:
    page, picture = tmp_path / "r.html", tmp_path / "t.svg"
    selected = ("--min-calls", "2", "--sort", "duration", "--limit", "3")

    document = json.loads(replayed(*ARTICLE, *selected, "--format", "json").stdout)
    shown = replayed(*ARTICLE, *selected, "--report", str(page), "-o", str(picture)).stdout

    ids = [each["request_id"] for each in document["requests"]]
    assert [each["llm_calls"] for each in document["requests"]] == [2, 2, 2]
    durations = [each["duration_ms"] for each in document["requests"]]
    assert durations == sorted(durations, reverse=True)
    assert len(json.loads(replayed(*ARTICLE, "--format", "json").stdout)["publications"]) == len(
        document["publications"]
    )
    assert [word for word in shown.split() if word in ids][:3] == ids
    assert "4 more requests of this time stand below these in that order" in shown
    assert "longest first" in shown
    assert {each: each in picture.read_text(encoding="utf-8") for each in ids} == dict.fromkeys(ids, True)
    text = page.read_text(encoding="utf-8")
    assert "at least 2 LLM calls" in text
    assert "4 more requests of this time stand below these in that order, nor in any figure" in text


def test_a_selection_that_no_request_meets_says_which_there_are() -> None:
    result = replayed(*ARTICLE, "--route", "GET /nothing")

    assert result.exit_code == 0
    assert "No route is GET /nothing; routes of this time: POST /ask." in result.stdout
