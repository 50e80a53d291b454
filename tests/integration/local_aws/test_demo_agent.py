"""`make demo-agent`, as somebody runs it who has just cloned the repository."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.template_document import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

OF_THIS_RUN = frozenset({"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"})
"""What pytest and make have set, and a user's shell has not."""

PICTURES = ("timeline-agent-http-1", "timeline-agent-rest-5")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout that git knows or would add, without anything that was installed or built."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def printed_by(clone: Path, *settings: str) -> str:
    """What the command printed; it fails where the numbers, the links, the tools or their files are others."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN}
    environment["COLUMNS"] = "170"  # at 80 the list has no room for routes
    command = ["make", "demo-agent", *settings]
    run = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=1200)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def said(clone: Path) -> str:
    return printed_by(clone)


@pytest.fixture(scope="module")
def said_of_spans(clone: Path) -> str:
    """In the same clone, where all is installed and built; the model answers faster, which spans do not depend on."""
    return printed_by(clone, "SPANS=1", "PACE=0.3")


def rounds_of(said: str) -> list[tuple[str, str]]:
    """Through which APIs, and how, the prompts were asked."""
    return re.findall(r"ask +ten prompts through the (\w+) API, (.*?) \d", said)


def rows_of(said: str) -> Sequence[str]:
    """The lines that list a request."""
    return [line.rstrip() for line in said.splitlines() if "POST /ask" in line]


def test_ten_requests_make_seventeen_calls_one_after_the_other_and_five_at_a_time(said: str) -> None:
    assert said.count("10 requests · 17 LLM calls, all linked") == 2
    assert said.count("Tool Use: 7 requests of 2 calls; Simple: 3 requests of 1 call") == 2
    assert rounds_of(said) == [("HTTP", "one after the other"), ("REST", "5 at a time")]


def test_by_spans_alone_all_seventeen_calls_are_exact_and_proven_to_be_all_by_either_api(said_of_spans: str) -> None:
    assert rounds_of(said_of_spans) == [
        (kind, how) for how in ("one after the other", "5 at a time") for kind in ("HTTP", "REST")
    ]
    assert said_of_spans.count("10 requests · 17 LLM calls, all linked") == 4
    assert said_of_spans.count("Tool Use: 7 requests of 2 calls; Simple: 3 requests of 1 call") == 4
    rows = rows_of(said_of_spans)
    assert len(rows) == 40
    assert {tuple(row.split()[-3:]) for row in rows} == {("trace", "(exact)", "yes")}


def test_by_spans_alone_the_tools_are_named(said_of_spans: str) -> None:
    tools = "tools that ran: current_time 3, s3_list_objects 2, s3_write_object 2"
    assert said_of_spans.count(f"All calls are proven to be there; {tools}") == 4


def test_every_link_is_by_tag_and_the_tools_files_are_there(said: str) -> None:
    rows = rows_of(said)
    assert len(rows) == 20
    assert all(row.endswith("tag (exact)") for row in rows)
    assert "Files that the agent's tools wrote: clouds.txt, hello.txt" in said


@pytest.mark.parametrize("picture", PICTURES)
def test_the_timeline_of_each_run_is_drawn_with_its_ten_prompts(said: str, clone: Path, picture: str) -> None:
    svg = (clone / "out" / f"{picture}.svg").read_text(encoding="utf-8")
    prompts = (clone / "examples" / "agent" / "prompts.tsv").read_text(encoding="utf-8").splitlines()

    assert f"out/{picture}.svg" in said
    assert all(prompt.split("\t")[0] in svg for prompt in prompts)
    assert "10 requests · 17 LLM calls, all linked" in svg
    assert (clone / "out" / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("said", "said_of_spans")
def test_nothing_is_left_running(clone: Path) -> None:
    assert not (clone / "out" / "local-aws" / "running.json").exists()
