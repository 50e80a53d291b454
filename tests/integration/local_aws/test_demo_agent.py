"""`make demo-agent`, as somebody runs it who has just cloned the repository."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.template_document import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

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


@pytest.fixture(scope="module")
def said(clone: Path) -> str:
    """What the command printed; it fails where the numbers, the links or the tools' files are others."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN}
    environment["COLUMNS"] = "170"  # at 80 the list has no room for routes
    run = subprocess.run(
        ["make", "demo-agent"], cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_ten_requests_make_seventeen_calls_one_after_the_other_and_five_at_a_time(said: str) -> None:
    assert said.count("10 requests, 17 LLM calls, 0 unattributed") == 2
    assert said.count("Tool Use 7 × 2, Simple 3 × 1") == 2
    assert re.findall(r"ask +ten prompts through the (\w+) API, (.*?) \d", said) == [
        ("HTTP", "one after the other"),
        ("REST", "5 at a time"),
    ]


def test_every_link_is_by_tag_and_the_tools_files_are_there(said: str) -> None:
    rows = [line for line in said.splitlines() if "POST /ask" in line]
    assert len(rows) == 20
    assert all(row.rstrip().endswith("tag (exact)") for row in rows)
    assert "Files that the agent's tools wrote: clouds.txt, hello.txt" in said


@pytest.mark.parametrize("picture", PICTURES)
def test_the_timeline_of_each_run_is_drawn_with_its_ten_prompts(said: str, clone: Path, picture: str) -> None:
    svg = (clone / "out" / f"{picture}.svg").read_text(encoding="utf-8")
    prompts = (clone / "examples" / "agent" / "prompts.tsv").read_text(encoding="utf-8").splitlines()

    assert f"out/{picture}.svg" in said
    assert all(prompt.split("\t")[0] in svg for prompt in prompts)
    assert "10 requests, 17 LLM calls" in svg
    assert (clone / "out" / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("said")
def test_nothing_is_left_running(clone: Path) -> None:
    assert not (clone / "out" / "local-aws" / "running.json").exists()
