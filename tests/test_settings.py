"""Options: read once for every way to run, and refused in one line that names the cure."""

from pathlib import Path
from typing import Any

import pytest

from loadtests.config import read_config
from loadtests.durations import seconds
from loadtests.facts import command_line
from loadtests.run_command import gather, make_plan
from loadtests.settings import read
from targets.protocol import SetupError

pytestmark = pytest.mark.fast


def refused(**values: Any) -> str:
    with pytest.raises(SetupError) as caught:
        read({"target": "null", **values})
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("2m", 120), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600), ("0.5s", 0.5)]
)
def test_durations_are_read_with_their_unit(text: str, expected: float) -> None:
    assert seconds(text, "--warmup") == expected


@pytest.mark.parametrize("text", ["90", "", "s", "10 s", "-5s", "1d"])
def test_a_duration_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match=r"--warmup .* is no duration: give a number with its unit"):
        seconds(text, "--warmup")


def test_what_is_not_given_has_its_default() -> None:
    settings = read({"target": "postgres"})
    assert (settings.model, settings.connections, settings.warmup_s, settings.time_scale) == ("people", 16, 10.0, 20.0)
    assert settings.workload.name == "chat"


def test_fifty_people_send_a_few_turns_a_second_by_default() -> None:
    expected = read({"target": "null"}).expected_turns(50)
    assert expected is not None
    assert 3 < expected < 7


def test_the_options_decide_the_load_model() -> None:
    assert read({"target": "null", "rate": "40"}).arrivals == "poisson"
    assert read({"target": "null", "rate": "40", "arrivals": "constant"}).arrivals == "constant"
    assert read({"target": "null", "saturate": True}).model == "saturate"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"target": "postgress"}, "postgres"),
        ({"target": ""}, "--target is missing"),
        ({"workload": "chatt"}, "chat"),
        ({"chat_profile": "powr"}, "did you mean power"),
        ({"rate": "0"}, "--rate '0' must be a number above 0"),
        ({"rate": "-1"}, "--rate"),
        ({"rate": "many"}, "--rate"),
        ({"warmup": "10"}, "--warmup '10' is no duration"),
        ({"timeout": "0s"}, "--timeout must be above 0"),
        ({"arrivals": "constant"}, "needs --rate"),
        ({"rate": "5", "arrivals": "poison"}, "did you mean poisson"),
        ({"rate": "5", "saturate": True}, "exclude each other"),
        ({"workload": "replay"}, "needs a trace"),
        ({"workload": "replay", "trace": "/nowhere.csv"}, "/nowhere.csv"),
        ({"arrivals": "trace"}, "--workload replay"),
        ({"connections": "0"}, "--connections"),
        ({"connections": "x"}, "whole number"),
        ({"provider": "dockr"}, "did you mean docker"),
        ({"workload": "append", "rate": "5", "stored_users": "10"}, "raise --stored-users"),
        ({"rate": "5", "people": "1000001"}, "lower --people to 1000000 or fewer"),
        ({"max_usd": "0"}, "--max-usd"),
    ],
)
def test_bad_input_is_one_line_with_the_cure(values: dict[str, Any], message: str) -> None:
    assert message in refused(**values)


def test_a_url_may_name_its_target() -> None:
    urls = ["postgres=postgresql://a:b@127.0.0.1/x?application_name=c", "dynamodb-local=http://127.0.0.1:8000"]
    one = read({"target": "postgres", "url": urls})
    assert one.servers_for_target().urls == {"postgres": "postgresql://a:b@127.0.0.1/x?application_name=c"}
    other = read({"target": "dynamodb-local", "url": urls})
    assert other.servers_for_target().urls == {"dynamodb-local": "http://127.0.0.1:8000"}
    assert read({"target": "postgres", "url": "postgresql://127.0.0.1/x"}).servers_for_target().urls == {
        "postgres": "postgresql://127.0.0.1/x"
    }


def test_a_config_file_holds_any_option(tmp_path: Path) -> None:
    path = tmp_path / "dbverdict.toml"
    path.write_text('[run]\ntarget = ["null", "memory"]\nstored-users = 50\nrate = 12.5\nsaturate = false\n')
    options = read_config(path, ["target", "stored_users", "rate", "saturate"])
    plan = make_plan(options)
    assert list(plan.settings) == ["null", "memory"]
    assert plan.settings["null"].rate_turns == 12.5


def test_zeros_and_numbers_of_a_config_file_count_as_given(tmp_path: Path) -> None:
    path = tmp_path / "dbverdict.toml"
    path.write_text('[run]\ntarget = "null"\nseed = 0\nstored-chats-per-user = 0\nurl = 5\n')
    options = gather({}, path)
    assert (options["seed"], options["stored_chats_per_user"], options["url"]) == ("0", "0", "5")
    assert read(options).seed == 0


def test_a_command_line_is_kept_without_the_credentials_of_any_url(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["locust", "--ur", "postgresql://me:secret@127.0.0.1/x", "--url=dynamodb-local=http://a:b@127.0.0.1:1"]
    monkeypatch.setattr("sys.argv", words)
    assert command_line() == "locust --ur postgresql://***@127.0.0.1/x --url=dynamodb-local=http://***@127.0.0.1:1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[run]\nrat = 3\n", "unknown option 'rat': did you mean rate"),
        ("[runn]\n", "unknown table 'runn': did you mean run"),
        ("[run\n", "is no TOML: .*line 1"),
        ("run = 3\n", "must be a table"),
    ],
)
def test_a_bad_config_is_named_with_its_file(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "dbverdict.toml"
    path.write_text(content)
    with pytest.raises(SetupError, match=message) as caught:
        read_config(path, ["rate", "target"])
    assert str(path) in str(caught.value)


def test_rounds_are_interleaved_with_the_floor_last() -> None:
    plan = make_plan({"target": ["postgres", "dynamodb-local"], "rounds": "3", "duration": "60s"})
    names = [run.target for run in plan.runs()]
    postgres, local = "postgres", "dynamodb-local"
    assert names == [postgres, local, local, postgres, postgres, local, "null"]
    assert [run.duration_s for run in plan.runs()] == [*[60.0] * 6, 10.0]
