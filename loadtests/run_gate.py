"""`--gate FILE` of plain Locust: the limits of dbverdict.toml decide Locust's exit code."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from results.decision.gate import Decision, decide
from results.decision.gate_command import show
from results.folder import load
from results.refusal import Refusal
from results.slo import read_slos
from results.validity import USAGE
from targets.catalog import CATALOG
from targets.protocol import SetupError


class RunGate:
    """Limits read before the load, so that a mistake in them costs no run; judged after it."""

    def __init__(self, config: Path) -> None:
        try:
            self._slos = read_slos(config, CATALOG)
        except Refusal as error:
            raise SetupError(str(error)) from error
        if not self._slos:
            raise SetupError(f"--gate {config} holds no limit: write [slo.turns] and response_p99_ms = 200 into it")
        self._decision: Decision | None = None
        self._refused = ""

    def judge(self, folder: Path) -> int:
        """The exit code that the limits ask for, of the run in `folder`."""
        try:
            self._decision = decide([load(folder)], self._slos, None)
        except Refusal as error:
            self._refused = str(error)
            return USAGE
        return self._decision.code

    def show(self, console: Console) -> None:
        """Tell the decision, after the tables it rests on."""
        if self._decision is not None:
            show(self._decision, console)
        elif self._refused:
            console.print(f"dbverdict: {self._refused}", markup=False, soft_wrap=True)
