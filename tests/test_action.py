"""The GitHub Action's own shell, run as GitHub would: on real gate decisions."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.rounds import rounds

pytestmark = pytest.mark.fast

ACTION = Path(__file__).parents[1] / "action.yml"


def script_of(step: str) -> str:
    """The shell of one step, as it stands in action.yml."""
    part = ACTION.read_text(encoding="utf-8").split(f"- name: {step}\n")[1].split("\n    - name: ")[0]
    return textwrap.dedent(part.split("run: |\n")[1])


def run(step: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    (folder / "output").touch()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_ACTIONS": "true",
        **inputs,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script_of(step)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_every_input_that_is_used_is_declared() -> None:
    text = ACTION.read_text(encoding="utf-8")
    declared = set(re.findall(r"^  ([a-z-]+):\n    description", text, re.MULTILINE))
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) <= declared
    assert "${{" not in script_of("gate") + script_of("measure")  # an input must never become part of a script


@pytest.mark.parametrize(("limit_ms", "code"), [(200, 0), (1, 1)])
def test_the_gate_step_ends_with_the_gate_s_code(tmp_path: Path, limit_ms: int, code: int) -> None:
    rounds(tmp_path / "runs", 2)
    (tmp_path / "limits.toml").write_text(f"[slo.turns]\nresponse_p99_ms = {limit_ms}\n")
    done = run("gate", tmp_path, RUNS="runs", CONFIG="limits.toml", BASELINE="", ALLOW="")
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"code={code}\n"
    assert "## dbverdict: gate" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "dbverdict-junit.xml").exists()
    assert ("::error title=dbverdict postgres" in done.stdout) == bool(code)


def test_a_missing_baseline_fails_the_step(tmp_path: Path) -> None:
    rounds(tmp_path / "runs", 2)
    done = run("gate", tmp_path, RUNS="runs", CONFIG="", BASELINE="gone.json", ALLOW="")
    assert done.returncode == 5
    assert (tmp_path / "output").read_text() == "code=5\n"


def test_the_measuring_step_stops_the_job_for_a_mistake(tmp_path: Path) -> None:
    done = run("measure", tmp_path, RUN="--rate 5\n--target postgrs\n", RUNS="runs")
    assert done.returncode == 2
    assert "did you mean 'postgres'" in done.stderr
