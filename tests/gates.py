"""The gate as a command, for tests: what it says of synthetic runs, in no CI and with no dbverdict.toml about."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from results.refusal import Refusal
from tests.run_folders import change

GENEROUS = "[slo.turns]\nresponse_p99_ms = 200\nerrors_max = 0.001\n"


@pytest.fixture(autouse=True)
def in_no_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the tests run says nothing of what a gate must print; no dbverdict.toml lies about."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(tmp_path)


def said(*arguments: object) -> tuple[int, str]:
    """The exit code and everything that was printed."""
    result = CliRunner().invoke(cli.app, [*map(str, arguments)])
    if isinstance(result.exception, Refusal):
        return 2, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def config(text: str, name: str = "limits.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def saved(runs: Path, out: str = "baseline.json") -> Path:
    code, text = said("baseline", "save", runs, "--out", out)
    assert code == 0, text
    return Path(out)


def remove_operation(path: Path, name: str) -> None:
    """Take an operation out of a run folder, from run.json and from both logs."""
    change(path, lambda facts: facts["operations"].pop(name))
    for log in path.glob("*.hlog"):
        lines = log.read_text().splitlines()
        log.write_text("\n".join(line for line in lines if not line.startswith(f"Tag={name}")) + "\n")
