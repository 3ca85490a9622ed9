"""`dbverdict compare`, from synthetic run folders: which sides, what is refused, what is said."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import cli
from results.decision.comparison import compare_sides
from results.decision.evidence import evidence
from results.decision.side import Round, Side
from results.decision.sides import read_pairs
from results.decision.verdict_text import sentence
from results.refusal import Refusal
from tests.rounds import RATE, rounds
from tests.run_folders import LAG, Synthetic, change, write_run

pytestmark = pytest.mark.fast


def said(*arguments: object) -> tuple[int, str]:
    """The exit code and everything that was printed."""
    result = CliRunner().invoke(cli.app, ["compare", *map(str, arguments)], catch_exceptions=True)
    if isinstance(result.exception, Refusal):
        return 2, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_slower_side_is_worse_and_the_ratio_with_its_interval_stands_first(tmp_path: Path) -> None:
    fast = rounds(tmp_path / "fast", 4)
    slow = rounds(tmp_path / "slow", 4, median_ms=0.9, first_seed=40, experiment="e2")
    code, text = said(fast, slow)
    assert code == 0
    first = text.splitlines()[0]
    assert first.startswith("WORSE: postgres (slow) is worse than postgres (fast): turn response p99")
    assert "ratio 1.5" in first
    assert "4 rounds each" in first
    assert said(slow, fast)[1].startswith("BETTER: postgres (fast) is better than postgres (slow)")


def test_rounds_of_one_experiment_are_paired(tmp_path: Path) -> None:
    rounds(tmp_path / "e", 3)
    rounds(tmp_path / "e", 3, median_ms=0.9, first_seed=23, target="memory", badge="self-hosted")
    code, text = said(tmp_path / "e")
    assert code == 0
    assert "WORSE: memory is worse than postgres" in text
    assert "3 paired rounds" in text


def test_the_machine_readable_form_holds_what_the_table_says(tmp_path: Path) -> None:
    fast = rounds(tmp_path / "fast", 3)
    slow = rounds(tmp_path / "slow", 3, median_ms=0.9, first_seed=40, experiment="e2")
    code, text = said(fast, slow, "--json", "--primary", "turns.response_p50_ms")
    (found,) = json.loads(text)
    assert (code, found["verdict"], found["primary"]["metric"]) == (0, "worse", "turns.response_p50_ms")
    ratio = found["primary"]["ratio"]
    assert ratio["low"] < ratio["estimate"] < ratio["high"]
    assert 1.4 < ratio["estimate"] < 1.6
    names = {part["metric"] for part in found["exploratory"]}
    assert {"turns.response_p99_ms", "turns.goodput", "read_messages.service_p99_ms"} <= names
    assert all(part["corrected_p"] >= part["p"] for part in found["exploratory"] if part["corrected_p"] is not None)


def test_the_same_thing_twice_shows_no_difference_or_is_inconclusive_and_says_what_would_settle_it(
    tmp_path: Path,
) -> None:
    a, b = rounds(tmp_path / "a", 3), rounds(tmp_path / "b", 3, first_seed=90, experiment="e2")
    (found,) = json.loads(said(a, b, "--json")[1])
    assert found["verdict"] in ("no difference", "inconclusive")
    assert found["detectable"] > 0.05
    wide = said(a, b, "--practical", "0.0001", "--practical-ms", "0")[1]
    assert "inconclusive whether" in wide
    assert "with 80 % probability" in wide
    assert "would settle it" in wide


def test_one_round_each_is_no_evidence(tmp_path: Path) -> None:
    a, b = rounds(tmp_path / "a", 1), rounds(tmp_path / "b", 1, median_ms=6.0, first_seed=9, experiment="e2")
    code, text = said(a, b)
    assert code == 0
    assert text.startswith("INCONCLUSIVE: inconclusive: turn response p99")
    assert "make more --rounds" in text


def test_too_few_turns_in_a_round_are_told_with_the_number_needed(tmp_path: Path) -> None:
    for side, seed in (("a", 1), ("b", 50)):
        rounds(tmp_path / side, 3, first_seed=seed, rate=20.0)
    text = said(tmp_path / "a", tmp_path / "b")[1]
    assert "too few samples in a round" in text
    assert "p99 needs 1,000" in text


def test_invalid_runs_are_never_evidence(tmp_path: Path) -> None:
    a = rounds(tmp_path / "a", 3)
    b = rounds(tmp_path / "b", 3, median_ms=0.9, first_seed=40, experiment="e2", reasons=(LAG,))
    code, text = said(a, b)
    assert code == 4
    assert "postgres (b) has no valid round" in text
    assert "left out, no evidence" in text
    assert "lag p99 2.31 ms" in text


def test_an_emulator_is_never_ranked_against_a_real_server(tmp_path: Path) -> None:
    rounds(tmp_path, 2)
    rounds(tmp_path, 2, median_ms=1.4, first_seed=20, target="dynamodb-local", badge="emulator")
    code, text = said(tmp_path)
    assert code == 0
    assert text.startswith("NOT RANKED: dynamodb-local is not ranked against postgres: DynamoDB Local is an emulator")
    assert "ratio" not in text.split("\n")[0]
    assert "(emulator), 2 rounds: turn response p50" in text


def test_two_emulators_are_ranked_among_themselves(tmp_path: Path) -> None:
    for name, seed, median_ms in (("dynamodb-local", 1, 0.6), ("dynamodb-local-boto3", 20, 3.0)):
        rounds(tmp_path / "e", 3, median_ms=median_ms, first_seed=seed, target=name, badge="emulator")
    text = said(tmp_path / "e")[1]
    assert text.startswith("WORSE: dynamodb-local-boto3 is worse than dynamodb-local")


@pytest.mark.parametrize(
    ("fact", "alter"),
    [
        ("workload", lambda facts: facts["workload"].update(fingerprint="other")),
        ("dataset", lambda facts: facts["workload"].update(dataset="other")),
        ("rate", lambda facts: facts["load"].update(rate_turns=99.0)),
        ("connections", lambda facts: facts["load"].update(connections=4)),
        ("timeout", lambda facts: facts["load"].update(timeout_s=1.0)),
        ("people", lambda facts: facts["load"].update(people=2)),
        ("window", lambda facts: facts["phases"][2].update(start_s=6.0)),
        ("warm-up", lambda facts: facts["phases"][1].update(start_s=3.0)),
        ("workers", lambda facts: facts["load"].update(workers=2)),
        ("server limits", lambda facts: facts["target"]["facts"].update(cpus="8")),
        ("machine", lambda facts: facts["provenance"].update(cores=64)),
    ],
)
def test_unequal_facts_are_refused_unless_somebody_means_it(
    tmp_path: Path, fact: str, alter: Callable[[dict[str, Any]], object]
) -> None:
    a, b = rounds(tmp_path / "a", 3), rounds(tmp_path / "b", 3, first_seed=40, experiment="e2")
    for path in b.iterdir():
        change(path, alter)
    code, text = said(a, b)
    assert code == 2
    assert f"were not measured alike: {fact} " in text
    assert f"--allow-different '{fact}'" in text
    assert said(a, b, "--allow-different", fact)[0] == 0


def test_an_open_and_a_closed_loop_are_never_compared(tmp_path: Path) -> None:
    a = rounds(tmp_path / "a", 3)
    b = rounds(tmp_path / "b", 3, first_seed=40, load={"model": "saturate", "rate_turns": None, "arrivals": None})
    assert "load model rate poisson against saturate" in said(a, b, "--allow-different", "rate")[1]
    code, text = said(a, b, "--allow-different", "load model")
    assert code == 2
    assert "is nothing that may differ" in text


def test_a_closed_loop_is_judged_by_its_throughput(tmp_path: Path) -> None:
    closed = {"model": "saturate", "rate_turns": None, "arrivals": None}
    a = rounds(tmp_path / "a", 3, load=closed)
    b = rounds(tmp_path / "b", 3, first_seed=40, experiment="e2", load=closed, totals={"throughput_turns": 90.0})
    assert said(a, b)[1].startswith("WORSE: postgres (b) is worse than postgres (a): turn throughput 90 /s against")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a"], "holds one target, postgres: name a second"),
        (["a", "a"], "named twice"),
        (["a", "a/.."], "is found twice"),
        (["a", "missing"], "does not exist"),
        (["a", "b", "--target", "mongodb"], "holds no run of mongodb: it has postgres"),
        (["a", "b", "--primary", "turns.p99"], "there is no metric 'turns.p99'"),
        (["a", "b", "--allow-different", "machin"], "did you mean 'machine'?"),
        (["a", "both"], "name one with --target"),
    ],
)
def test_what_cannot_be_compared_is_one_line(tmp_path: Path, arguments: list[str], told: str) -> None:
    rounds(tmp_path / "a", 2)
    rounds(tmp_path / "b", 2, first_seed=40)
    rounds(tmp_path / "both", 2, first_seed=60)
    rounds(tmp_path / "both", 2, first_seed=70, target="memory")
    named = [str(tmp_path / word) if not word.startswith("-") and at < 2 else word for at, word in enumerate(arguments)]
    code, text = said(*named)
    assert (code, len(text.splitlines())) == (2, 1)
    assert told in text


def test_several_verdicts_share_the_confidence(tmp_path: Path) -> None:
    sides = [rounds(tmp_path / name, 3, first_seed=seed, experiment=name) for name, seed in (("a", 1), ("b", 40))]
    two = json.loads(said(*sides, "--json")[1])
    three = json.loads(said(*sides, rounds(tmp_path / "c", 3, first_seed=80, experiment="c"), "--json")[1])
    assert [part["primary"]["confidence"] for part in two] == [0.95]
    assert [part["primary"]["confidence"] for part in three] == [0.975, 0.975]


def test_a_mixed_side_is_refused(tmp_path: Path) -> None:
    rounds(tmp_path / "a", 2)
    write_run(tmp_path / "a", Synthetic(round=3, rate=RATE, seed=99, load={"connections": 3}))
    rounds(tmp_path / "b", 2, first_seed=40)
    with pytest.raises(Refusal, match="was not measured like"):
        read_pairs([tmp_path / "a", tmp_path / "b"])


def test_a_size_that_is_none_is_one_line(tmp_path: Path) -> None:
    a, b = rounds(tmp_path / "a", 2), rounds(tmp_path / "b", 2, first_seed=40)
    assert "--practical inf" in said(a, b, "--practical", "inf")[1]
    assert "give a share up to 10" in said(a, b, "--practical", "11")[1]


def side(values: dict[str, list[float]], target: str, **more: Any) -> Side:
    """A side of so many rounds in each session; the k-th session of both sides is of the same day."""
    found = [
        Round(
            f"{session}-{target}-{at}", f"2026-11-{10 + hour:02}T0{at}:00:00Z", session, at, {KEY: value}, {"turns": 9}
        )
        for hour, (session, part) in enumerate(values.items())
        for at, value in enumerate(part, start=1)
    ]
    return Side(target, target, "self-hosted", "rate 1 turns/s", "rate", {}, {}, tuple(found), (), **more)


KEY = "turns.response_p99_ms"


def test_a_stray_round_of_another_experiment_leaves_the_pairs_as_they_are() -> None:
    a = side({"e1": [10.0, 20.0, 40.0], "e9": [10.0]}, "a")
    b = side({"e1": [11.0, 22.0, 44.0]}, "b")
    found = evidence(a, b, KEY)
    assert (found.a, found.b, found.paired, found.unit) == ((10.0, 20.0, 40.0), (11.0, 22.0, 44.0), True, "rounds")


def test_the_session_is_the_unit_where_a_side_has_several() -> None:
    a = side({"s1": [10.0, 40.0], "s2": [30.0, 30.0], "s3": [5.0]}, "a")
    b = side({"t1": [11.0, 11.0, 11.0]}, "b")
    found = evidence(a, b, KEY)
    assert found.a == pytest.approx((20.0, 30.0, 5.0))  # geometric means
    assert found.b == pytest.approx((11.0,))
    assert (found.paired, found.unit, found.caveat) == (False, "sessions", "")


def test_two_sessions_are_compared_by_their_rounds_with_a_caveat() -> None:
    found = evidence(side({"s1": [10.0, 40.0]}, "a"), side({"t1": [11.0, 11.0]}, "b"), KEY)
    assert (found.a, found.paired, found.unit) == ((10.0, 40.0), False, "rounds")
    assert "one session each" in found.caveat


def test_sessions_that_took_turns_are_pairs() -> None:
    a = [Round(f"a{k}", f"2026-11-10T0{k}:00:00Z", None, None, {KEY: 10.0 + k}, {}) for k in range(4)]
    b = [Round(f"b{k}", f"2026-11-10T0{k}:30:00Z", None, None, {KEY: 20.0 + k}, {}) for k in range(4)]
    sides = [replace(side({}, name), rounds=tuple(part)) for name, part in (("a", a), ("b", b))]
    found = evidence(sides[0], sides[1], KEY)
    assert (found.paired, found.a, found.b) == (True, (10.0, 11.0, 12.0, 13.0), (20.0, 21.0, 22.0, 23.0))
    later = [replace(part, started_utc=part.started_utc.replace("11-10", "11-12")) for part in b]
    assert not evidence(sides[0], replace(sides[1], rounds=tuple(later)), KEY).paired


def test_what_a_session_brings_with_it_is_no_false_alarm_where_there_are_several() -> None:
    """Rounds alone would be called different in 3 of 10 cases and more: each session has an effect of its own."""
    random = np.random.default_rng(1)

    def sessions(name: str) -> dict[str, list[float]]:
        return {f"{name}{k}": list(20 * np.exp(random.normal(0, 0.1) + random.normal(0, 0.05, 3))) for k in range(4)}

    wrong = one_session = 0
    for _ in range(300):
        a, b = side(sessions("s"), "a"), side(sessions("t"), "b")
        b = replace(b, rounds=tuple(replace(part, started_utc="2026-12-01") for part in b.rounds))
        wrong += compare_sides(a, b).verdict in ("better", "worse")
        first = [replace(part, rounds=tuple(r for r in part.rounds if r.session in ("s0", "t0"))) for part in (a, b)]
        one_session += compare_sides(first[0], first[1]).verdict in ("better", "worse")
    assert wrong / 300 <= 0.05 + 4 * (0.05 * 0.95 / 300) ** 0.5
    assert one_session / 300 > 0.3  # why that verdict carries a caveat


def test_quick_failures_are_no_improvement(tmp_path: Path) -> None:
    def with_errors(share: float, value: float) -> Side:
        found = side({"e1": [value, value * 1.01, value * 0.99]}, f"at {value}")
        more = [replace(part, values={**part.values, "turns.errors": share}) for part in found.rounds]
        return replace(found, rounds=tuple(more))

    assert compare_sides(with_errors(0.0, 20.0), with_errors(0.0, 10.0)).verdict == "better"
    doubted = compare_sides(with_errors(0.0, 20.0), with_errors(0.3, 10.0))
    assert doubted.verdict == "inconclusive"
    assert "quick failures shorten it" in sentence(doubted)
    assert compare_sides(with_errors(0.0, 10.0), with_errors(0.3, 20.0)).verdict == "worse"


def test_an_interrupted_run_is_left_out_and_an_overloaded_one_is_told(tmp_path: Path) -> None:
    a = rounds(tmp_path / "a", 3)
    b = rounds(tmp_path / "b", 3, median_ms=0.9, first_seed=40, experiment="e2", totals={"overloaded": True})
    change(sorted(b.iterdir())[0], lambda facts: facts["end"].update(reason="interrupted"))
    text = said(a, b)[1]
    assert "postgres (b): 2 of 2 rounds overloaded" in text
    assert ": interrupted" in text


def test_rounds_of_two_servers_are_no_one_side(tmp_path: Path) -> None:
    a, b = rounds(tmp_path / "a", 3), rounds(tmp_path / "b", 3, first_seed=40, experiment="e2")
    change(sorted(a.iterdir())[0], lambda facts: facts["target"]["server"].update(version="17.1"))
    code, text = said(a, b)
    assert code == 2
    assert "server version 17.1 against 18.0" in text


def test_sides_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    a = rounds(tmp_path / "base" / "runs", 3)
    b = rounds(tmp_path / "change" / "runs", 3, median_ms=0.9, first_seed=40, experiment="e2")
    assert "postgres (change/runs) is worse than postgres (base/runs)" in said(a, b)[1]


def test_an_emulator_s_figures_are_not_set_against_a_real_server_s_for_machines_either(tmp_path: Path) -> None:
    rounds(tmp_path, 2)
    rounds(tmp_path, 2, median_ms=1.4, first_seed=20, target="dynamodb-local", badge="emulator")
    (found,) = json.loads(said(tmp_path, "--json")[1])
    assert (found["verdict"], found["primary"], found["exploratory"]) == ("not ranked", None, [])
