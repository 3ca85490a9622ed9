"""Locust's events on one side, the director and the nodes on the other."""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from locust.stats import CSV_STATS_INTERVAL_SEC

from loadtests.command_line_options import add_options
from loadtests.director import Director
from loadtests.expectation import expectation, measured_s
from loadtests.forks import release_workers
from loadtests.mirror import Mirror, show_our_percentiles
from loadtests.node import Node
from loadtests.plan import Plan
from loadtests.ports import refuse_busy_master_port, refuse_busy_port
from loadtests.progress import Display, PlainLines, Progress, display
from loadtests.settings import Settings, read
from loadtests.signals import interrupt_main
from loadtests.web_page import WebPage
from loadtests.worker_control import EVENT, ORDER, WorkerControl
from results.validity import INTERRUPTED, INVALID, USAGE, worst
from results.window import End, Window
from targets.protocol import SetupError

if TYPE_CHECKING:
    from loadtests.run_gate import RunGate


@cache
def install() -> None:
    """Listen to Locust's events; the locustfile may be loaded twice, but listens once."""
    try:
        refuse_busy_master_port()
    except SetupError as error:
        print(f"dbverdict: {error}", file=sys.stderr, flush=True)
        sys.exit(USAGE)
    show_our_percentiles()
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(_on_init)


def _on_init(environment: Environment, **_: Any) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt_main)
    if isinstance(environment.runner, WorkerRunner):
        WorkerControl(environment)
        return
    control = Control(environment)
    try:
        if environment.web_ui is None:
            signal.signal(signal.SIGTERM, interrupt_main)  # while the data are loaded; later it is Locust's
            control.get_ready()  # before Locust's clock starts
        else:
            refuse_busy_port(environment.web_ui.host, environment.web_ui.port)
    except SetupError as error:
        control.fail(error)
        release_workers()
        sys.exit(USAGE)
    except KeyboardInterrupt:
        control.abandon()
        release_workers()
        sys.exit(INTERRUPTED)


class Control:
    """The local process or the master: a director, and a node of its own when there are no workers."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._director: Director | None = None
        self._node: Node | None = None
        self._display: Display = PlainLines(told=False)
        self._clients: list[str] = []
        self._run_time_s: float | None = None
        self._began_s = 0.0
        self._exit_code: int | None = None
        self._gate: RunGate | None = None
        if isinstance(self._runner, MasterRunner):
            self._runner.register_message(EVENT, self._on_event)
        if environment.web_ui is not None:
            WebPage(environment.web_ui, self._options.web_base_path or "", lambda: self._director)
        environment.events.test_start.add_listener(self._on_test_start)
        environment.events.test_stopping.add_listener(self._on_test_stopping)
        environment.events.quitting.add_listener(self._on_quitting)
        environment.events.quit.add_listener(self._on_quit)

    # --- before --------------------------------------------------------------------------------------------------

    def get_ready(self) -> None:
        """Check the options, open the server and load the data; raises `SetupError`."""
        settings = read(vars(self._options))
        self._gate = _read_gate(self._options.gate)
        if self._director is not None and self._director.run is not None:
            self._director.close()
        self._director = Director(settings, _say)
        self._run_time_s = self._options.run_time
        duration_s = self._director.experiment.get("duration_s")
        measured_s(settings, self._ramp_s(settings), self._run_time_s, duration_s)
        settings.check_people(self._users())
        turns = settings.expected_turns(self._users())
        print(expectation(settings, self._users(), turns), flush=True)
        self._director.open_server()
        table = self._environment.web_ui is not None or not self._options.only_summary
        self._display = display(self._director.experiment, table=table)
        self._display.tell(f"{self._director.experiment.get('label', '')}{settings.target}: loading the data")
        length_s = self._run_time_s or (settings.warmup_s + duration_s if duration_s else None)
        self._director.prepare(None if turns is None or length_s is None else turns * length_s)

    def _users(self) -> int:
        return self._runner.target_user_count or self._options.num_users or 1

    def _spawn_rate(self) -> float:
        return float(self._options.spawn_rate or 1)

    def _ramp_s(self, settings: Settings) -> float:
        """People come one after the other; under a rate Locust's users are placeholders, and nobody waits for them."""
        return self._users() / self._spawn_rate() if settings.model == "people" else 0.0

    def fail(self, error: SetupError) -> None:
        """One line, and the exit code of a usage error."""
        self._display.close()
        print(f"dbverdict: {error}", file=sys.stderr, flush=True)
        self._exit_code = self._environment.process_exit_code = USAGE
        self.abandon()

    def abandon(self) -> None:
        """End what was started."""
        self._display.close()
        if self._director is not None:
            self._director.close()
        if self._node is not None:
            self._node.close()

    # --- the load ------------------------------------------------------------------------------------------------

    def _on_test_start(self, **_: Any) -> None:
        self._began_s = time.monotonic()  # about when Locust's own clock starts
        try:
            if self._environment.web_ui is not None:
                self.get_ready()
            self._begin()
        except SetupError as error:
            self.fail(error)
            gevent.spawn(self._runner.quit if self._environment.web_ui is None else self._runner.stop)

    def _begin(self) -> None:
        director = self._director
        assert director is not None
        settings = director.settings
        ramp_s = self._ramp_s(settings)
        duration_s = measured_s(settings, ramp_s, self._run_time_s, director.experiment.get("duration_s"))
        if isinstance(self._runner, MasterRunner):
            ready = self._runner.clients.ready + self._runner.clients.running + self._runner.clients.spawning
            self._clients = sorted((client.id for client in ready), key=self._runner.get_worker_index)
        mirror = Mirror(self._environment.stats)
        director.watch = [mirror.show, self._make_progress(director, ramp_s, duration_s).show]
        workers = len(self._clients) or 1
        director.begin(director.plan(ramp_s, duration_s), workers, self._users(), self._spawn_rate(), self._send)
        gevent.spawn(self._follow_people, director)
        gevent.spawn(self._quit_when_over, director)
        if "parent" in director.experiment:
            gevent.spawn(self._leave_with, director.experiment["parent"], director)

    def _make_progress(self, director: Director, ramp_s: float, duration_s: float | None) -> Progress:
        warmup_s = director.settings.warmup_s
        window = Window(ramp_s, warmup_s, None if duration_s is None else ramp_s + warmup_s + duration_s)
        return Progress(director.settings.target, director.experiment, window, self._display, director.warnings)

    def _send(self, worker: int, order: dict[str, Any]) -> None:
        if self._clients:
            self._runner.send_message(ORDER, order, self._clients[worker])
        elif order["order"] == "plan":
            self._node = Node(Plan(**order["plan"]), lambda event: self._tell(0, event))
        elif self._node is not None:
            self._node.obey(order)

    def _on_event(self, environment: Environment, msg: Any, **_: Any) -> None:
        if msg.node_id in self._clients:
            self._tell(self._clients.index(msg.node_id), msg.data)

    def _tell(self, worker: int, event: dict[str, Any]) -> None:
        if self._director is not None:
            self._director.on_event(worker, event)

    def _follow_people(self, director: Director) -> None:
        """Tell the workers whenever Locust's user count changes: ramps, shapes and the web UI all end up there."""
        known = -1
        while director.active and not director.over.is_set():
            count = self._runner.user_count
            if count != known:
                director.set_people(count)
                known = count
            gevent.sleep(0.05)

    def _leave_with(self, parent: int, director: Director) -> None:
        """An experiment that was killed leaves nobody to wait for: end the run, results kept."""
        while not director.over.wait(1.0):
            if os.getppid() != parent:
                director.stop(End("interrupted", "the experiment's process ended"))

    def _quit_when_over(self, director: Director) -> None:
        """Leave when the engines have finished, unless Locust itself is stopping already."""
        director.over.wait()
        if self._environment.web_ui is None:
            self._runner.quit()
        elif self._runner.state not in ("stopping", "stopped"):
            self._runner.stop()

    # --- the end -------------------------------------------------------------------------------------------------

    def _on_test_stopping(self, **_: Any) -> None:
        """Locust stops its users: by its clock when -t has passed, else because a person wants it."""
        director = self._director
        if director is None or not director.active:
            return
        by_clock = self._run_time_s is not None and time.monotonic() - self._began_s > self._run_time_s - 1.5
        if not by_clock:
            director.stop(End("stopped", "stopped before its planned end"))
        self._complete(director)

    def _on_quitting(self, **_: Any) -> None:
        """A Ctrl-C or SIGTERM comes here first; after an orderly end there is nothing left to do."""
        director = self._director
        if director is not None and director.active:
            director.stop(End("interrupted", "interrupted by a signal"))
            self._complete(director)
        if self._node is not None:
            self._node.close()
        if director is not None:
            director.close()
        if self._exit_code is None and self._environment.web_ui is None:
            self._exit_code = INTERRUPTED  # before there was anything to measure
        if self._exit_code is not None:
            self._environment.process_exit_code = self._exit_code

    def _complete(self, director: Director) -> None:
        try:
            run = self._judge(director)
        except OSError as error:
            print(f"dbverdict: cannot write under --out {director.settings.out}: {error.strerror}", file=sys.stderr)
            self._exit_code = USAGE
            director.give_up()
            return
        self._exit_code = run["exit_code"] if run is not None else INVALID
        if self._gate is not None and director.folder is not None:
            self._exit_code = worst([self._exit_code, self._gate.judge(director.folder)])
        if run is not None and run["end"]["reason"] == "disk":
            print(f"dbverdict: {run['end']['detail']}", file=sys.stderr)
            self._exit_code = USAGE
        if getattr(self._options, "csv_prefix", None):
            gevent.sleep(CSV_STATS_INTERVAL_SEC + 0.2)  # let Locust write its CSV once more, with the last second
        if run is not None and self._environment.web_ui is not None:
            self._report(director)

    def _judge(self, director: Director) -> dict[str, Any] | None:
        """Wait for the end; the display goes before anything else is printed."""
        try:
            return director.complete()
        finally:
            self._display.close()

    def _on_quit(self, **_: Any) -> None:
        """After Locust's own tables: ours, which are the result."""
        if self._director is not None and self._director.run is not None and self._environment.web_ui is None:
            self._report(self._director)

    def _report(self, director: Director) -> None:
        if director.folder is None or director.experiment.get("quiet"):
            return
        from rich.console import Console

        from results.folder import load
        from results.report import render_terminal, write_reports

        runs, console = [load(director.folder)], Console()
        render_terminal(runs, console)
        if self._gate is not None:
            self._gate.show(console)
        paths = write_reports(runs, director.folder)
        print(f"run: {director.folder}\nreport: {paths.html}", flush=True)


def _read_gate(file: str) -> RunGate | None:
    if not file:
        return None
    from loadtests.run_gate import RunGate  # brings scipy along: a second that only a gate needs

    return RunGate(Path(file))


def _say(line: str) -> None:
    print(f"dbverdict: {line}", file=sys.stderr, flush=True)
