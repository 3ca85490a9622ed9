"""The report of a capacity search: the answer, the throughput-latency curve as a table and as a chart, the SLO."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from results.capacity.folder import Capacity, Step
from results.figures import ABSENT, ms, rate, share
from results.markdown import escaped, folded
from results.markdown import render_sheet as sheet_markdown
from results.report import ReportPaths, replace
from results.scope import KINDS, Kind, rate_figure
from results.sheet import Sheet, numbers, plain, words
from results.table import render_sheet

_TERMS = (
    "turn: from the instant a person acts to the last answer, waiting included. "
    "holds: valid, every limit kept, and at least 95 % of the turns offered completed."
)
_NO_EVIDENCE = "In brackets: from a run that is no evidence."


def kind_of(capacity: Capacity) -> Kind:
    """The sort of target, with the sentence that says what its figures are evidence about."""
    return next(kind for kind in KINDS if capacity.badge in kind.badges)


def load_of(capacity: Capacity) -> str:
    """The load under which the answer is true."""
    load = capacity.load
    people = f", {load['people']:,} people" if isinstance(load.get("people"), int) else ""
    return plain(f"rate ({load.get('arrivals')}), {load.get('connections')} connections{people}")


def title_of(capacity: Capacity) -> str:
    """Target, badge, workload and load in one line."""
    return plain(f"{capacity.target} ({capacity.badge}) · {capacity.workload.get('name')} · {load_of(capacity)}")


def answer_lines(capacity: Capacity) -> list[str]:
    """The answer in a sentence, and what a reader must know before using it."""
    answer = capacity.answer
    low, high = (ABSENT if value is None else rate_figure(value) for value in (answer.low_turns, answer.high_turns))
    bounds = {"interval": f"between {low} and {high} turns/s", "lower_bound": f"at least {low} turns/s"}
    found = bounds.get(answer.kind, "none was found")
    unfinished = [] if capacity.status == "complete" else ["The search is incomplete: it was ended before its end."]
    return [
        f"Capacity: {found} ({answer.stop.replace('_', ' ')}). {plain(answer.detail)}",
        *unfinished,
        *_evidence(kind_of(capacity)),
    ]


def _evidence(kind: Kind) -> list[str]:
    """What the figures are no evidence about; nothing needs saying of a real server."""
    match kind.name:
        case "emulator":
            return [f"{kind.sentence} Nor is its capacity evidence about DynamoDB's."]
        case "harness":
            return [kind.sentence]
        case _:
            return []


def curve(capacity: Capacity) -> Sheet:
    """Every step by its rate: what was offered, what came of it, how long turns took, whether it held."""
    columns = (
        *numbers("offered\nturns/s", "turns\n/s", "ops\n/s", "turn\np50 ms", "turn\np99 ms", "errors"),
        *words("holds", "why"),
    )
    rows = tuple(_row(step) for step in sorted(capacity.steps, key=lambda step: step.rate_turns))
    caption = f"Throughput and latency of {title_of(capacity)}"
    return Sheet(caption, columns, rows, (_TERMS, _NO_EVIDENCE))


def _row(step: Step) -> tuple[str, ...]:
    figures = (
        rate(step.achieved_turns),
        rate(step.achieved_ops),
        ms(step.turn_p50_ms),
        ms(step.turn_p99_ms),
        share(step.errors),
    )
    shown = figures if step.valid else tuple(cell if cell == ABSENT else f"({cell})" for cell in figures)
    return (rate_figure(step.rate_turns), *shown, step.verdict, plain(step.why))


def slo_sheet(capacity: Capacity) -> Sheet:
    """The limits that were looked for."""
    rows = tuple((limit.label, limit.value(limit.limit)) for limit in capacity.slo)
    return Sheet("SLO", (*words("limit on"), *numbers("at most")), rows)


def facts_sheet(capacity: Capacity) -> Sheet:
    """Where the figures come from: workload, load, machine, and the runs of the steps."""
    facts: dict[str, object] = {"search": capacity.id, "started": capacity.started_utc, "ended": capacity.ended_utc}
    facts |= {f"workload {name}": value for name, value in capacity.workload.items()}
    facts |= {f"load {name.replace('_', ' ')}": value for name, value in capacity.load.items()}
    facts |= {name.replace("_", " "): value for name, value in capacity.provenance.items()}
    facts["runs"] = ", ".join(step.run for step in capacity.steps if step.run)
    rows = tuple((plain(name), plain(value)) for name, value in facts.items() if value is not None)
    return Sheet("Where these figures come from", words("fact", "value"), rows)


def render_terminal(capacity: Capacity, console: Console) -> None:
    """Print the answer, then the curve."""
    first, *more = answer_lines(capacity)
    console.print(Text(first, style="bold"))
    for line in more:
        console.print(Text(line, style="italic"))
    render_sheet(curve(capacity), console)


def render_markdown(capacity: Capacity) -> str:
    """`report.md`."""
    parts = [f"# dbverdict capacity: {escaped(title_of(capacity))}", *map(escaped, answer_lines(capacity))]
    parts += [sheet_markdown(curve(capacity)), sheet_markdown(slo_sheet(capacity))]
    return "\n\n".join([*parts, *folded([facts_sheet(capacity)])]) + "\n"


def write_report(capacity: Capacity, folder: Path) -> ReportPaths:
    """Write `report.html` and `report.md` into `folder`, each whole or not at all; raises OSError."""
    from results.capacity.page import render_html  # draws charts: a second to import

    paths = ReportPaths(folder / "report.html", folder / "report.md")
    replace(paths.markdown, render_markdown(capacity))
    replace(paths.html, render_html(capacity))
    return paths
