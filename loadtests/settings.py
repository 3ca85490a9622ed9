"""What a person asked for: every option named once, for Locust, for `dbverdict run` and for dbverdict.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, NamedTuple, cast

from loadtests.durations import seconds
from loadtests.plan import Arrivals, Model
from targets.catalog import CATALOG, Design, find_design
from targets.protocol import SetupError
from targets.server import ProviderName, ServerOptions
from workloads.catalog import WorkloadOptions, make_workload
from workloads.identity import MOST_PEOPLE
from workloads.workload import Workload


class Option(NamedTuple):
    """An option of ours: its name without dashes, its default as text, what it does."""

    name: str
    default: str | None
    help: str
    choices: tuple[str, ...] = ()
    flag: bool = False
    multiple: bool = False


OPTIONS: Final = (
    Option("workload", "chat", "what is asked: chat, replay, point-read or append"),
    Option("chat-profile", "consumer", "who chats: most people, or power users with long chats", ("consumer", "power")),
    Option("trace", None, "replay: the trace file (Azure LLM inference CSV or Mooncake JSONL)"),
    Option("speed", "1", "replay: compress the trace's time by this factor"),
    Option("rate", None, "turns a second, whatever -u says (the rate model)"),
    Option("arrivals", None, "how turns arrive under --rate; a trace has its own", ("poisson", "constant", "trace")),
    Option("saturate", None, "one person a connection, no pauses: for capacity only", flag=True),
    Option("people", "1000", "the people that arrivals are shared among under --rate"),
    Option("time-scale", "20", "divides people's pauses: 20 makes 50 people send a few turns a second"),
    Option("connections", "16", "connections to the database, over all workers"),
    Option("warmup", "10s", "not measured, after the ramp"),
    Option("timeout", "5s", "the longest an operation may take"),
    Option("no-oracle", None, "do not check whether the answers are right", flag=True),
    Option("seed", "1", "decides every random choice"),
    Option("stored-users", "1000", "users in the data loaded first"),
    Option("stored-chats-per-user", "8", "mean chats of each of them (37 is realistic)"),
    Option("provider", "auto", "where the server comes from", ("auto", "embedded", "docker", "url")),
    Option("url", None, "your own server: URL, or TARGET=URL for several", multiple=True),
    Option("server-cpus", None, "CPU limit of a container"),
    Option("server-memory", None, "memory limit of a container, as in 2g"),
    Option("prefix", "dbverdict_", "begins the name of everything that is made in a database"),
    Option("out", "runs", "the folder that run folders are made in"),
    Option("region", None, "dynamodb: the AWS region (else boto3's own)"),
    Option("allow-aws", None, "dynamodb: really send this load to AWS, which costs money", flag=True),
    Option("max-usd", "1.00", "dynamodb: end the run when the capacity consumed reaches this, at list price"),
)
"""Every option that `dbverdict run` and plain Locust share, besides `target`."""

OWN_OPTIONS: Final = (
    Option("target", None, "a database design; give it again for each", multiple=True),
    Option("duration", "60s", "the measured window of each run"),
    Option("rounds", "1", "how often each target is run; rounds are interleaved"),
    Option("users", "50", "people, or placeholders under --rate"),
    Option("spawn-rate", "25", "people that begin each second"),
)
"""The options that `dbverdict run` has beside those it shares with plain Locust."""

EVERY_OPTION: Final = (*OWN_OPTIONS, *OPTIONS)
_KINDS: Final = {option.name.replace("-", "_"): option for option in OPTIONS}


@dataclass(frozen=True)
class Settings:
    """The options, read and checked; one target of one run."""

    target: str
    workload: WorkloadOptions
    seed: int
    model: Model
    rate_turns: float | None
    arrivals: Arrivals | None
    people: int
    time_scale: float
    connections: int
    warmup_s: float
    timeout_s: float
    servers: ServerOptions
    prefix: str
    out: str
    region: str | None
    allow_aws: bool
    max_usd: float
    max_usd_given: bool
    oracle: bool = True

    @property
    def design(self) -> Design:
        """The catalog's line for the target."""
        return CATALOG[self.target]

    def make_workload(self) -> Workload:
        """The workload, with its trace read."""
        return _workload(self.workload)

    def servers_for_target(self) -> ServerOptions:
        """The server options with the URL that is meant for this target, if one is."""
        url = self.servers.urls.get(self.target) or self.servers.urls.get("")
        return replace(self.servers, urls={str(self.design.server): url} if url else {})

    def check_people(self, users: int) -> None:
        """Refuse more people than the workload has data for; `users` counts in the people model only."""
        limit = self.make_workload().max_people
        people = {"people": users, "rate": self.people, "saturate": self.connections}[self.model]
        option = {"people": "--users", "rate": "--people", "saturate": "--connections"}[self.model]
        if people > MOST_PEOPLE:
            raise SetupError(f"{people} people are too many: lower {option} to {MOST_PEOPLE} or fewer")
        if limit is not None and people > limit:
            raise SetupError(
                f"{self.workload.name} has data for {limit} people, not {people}: "
                f"raise --stored-users or lower {option}"
            )

    def expected_turns(self, users: int) -> float | None:
        """Turns a second to expect from so many users; None where only the run can tell."""
        if self.rate_turns is not None:
            return self.rate_turns
        return users * self.time_scale / self.make_workload().mean_gap_s if self.model == "people" else None


def read(values: Mapping[str, Any]) -> Settings:
    """Check what a person gave; raises `SetupError`, one line that names the option and the cure."""
    get = _Getter(values)
    target = find_design(get.text("target")).name
    workload = WorkloadOptions(
        name=get.text("workload"),
        chat_profile=get.choice("chat_profile"),
        stored_users=get.count("stored_users"),
        stored_chats_per_user=get.count("stored_chats_per_user", least=0),
        trace=str(values["trace"]) if values.get("trace") else None,
        speed=get.positive("speed"),
        people=get.count("people"),
    )
    model, rate_turns, arrivals = _load(get, values, workload)
    settings = Settings(
        target=target,
        workload=workload,
        seed=get.count("seed", least=0),
        model=model,
        rate_turns=rate_turns,
        arrivals=arrivals,
        people=workload.people,
        time_scale=get.positive("time_scale"),
        connections=get.count("connections"),
        warmup_s=seconds(get.text("warmup"), "--warmup"),
        timeout_s=seconds(get.text("timeout"), "--timeout"),
        servers=_servers(get, values),
        prefix=get.text("prefix"),
        out=get.text("out"),
        region=values.get("region") or None,
        allow_aws=bool(values.get("allow_aws")),
        max_usd=get.positive("max_usd"),
        max_usd_given=values.get("max_usd") not in (None, ""),
        oracle=not values.get("no_oracle"),
    )
    settings.check_people(users=0)
    if settings.design.server == "aws" and not settings.allow_aws:
        raise SetupError(f"{target} sends its load to AWS and costs money: give --allow-aws to mean it")
    if settings.timeout_s <= 0:
        raise SetupError("--timeout must be above 0, as in 5s")
    return settings


@cache
def _workload(options: WorkloadOptions) -> Workload:
    try:
        return make_workload(options)
    except ValueError as error:
        raise SetupError(str(error)) from error
    except OSError as error:
        raise SetupError(f"cannot read the trace {options.trace}: {error.strerror}") from error


def _load(
    get: _Getter, values: Mapping[str, Any], workload: WorkloadOptions
) -> tuple[Model, float | None, Arrivals | None]:
    """The load model that the options ask for."""
    traced = _workload(workload).arrivals() is not None  # reads the trace, so that a bad one is told now
    rate = get.positive("rate") if values.get("rate") not in (None, "") else None
    arrivals = cast("Arrivals | None", get.choice("arrivals"))
    if values.get("saturate"):
        if rate is not None:
            raise SetupError("--saturate and --rate exclude each other: give one of them")
        return "saturate", None, None
    if arrivals == "trace" and not traced:
        raise SetupError("--arrivals trace needs --workload replay and its --trace")
    if traced and arrivals in (None, "trace"):
        if rate is not None and arrivals == "trace":
            raise SetupError("--arrivals trace takes the trace's own instants: leave --rate out, or use --speed")
        if rate is None:
            return "rate", None, "trace"
    if rate is not None:
        return "rate", rate, arrivals or "poisson"
    if arrivals is not None:
        raise SetupError(f"--arrivals {arrivals} needs --rate")
    return "people", None, None


def _servers(get: _Getter, values: Mapping[str, Any]) -> ServerOptions:
    given = values.get("url") or ()
    urls: dict[str, str] = {}
    for item in [given] if isinstance(given, str) else given:
        name, separator, url = item.partition("=")
        named = separator and "://" not in name
        urls[find_design(name).name if named else ""] = url if named else item
    provider = cast(ProviderName, get.choice("provider"))
    if urls and provider in ("embedded", "docker"):
        raise SetupError(f"--url is your own server and --provider {provider} starts one: give one of them")
    cpus = get.positive("server_cpus") if values.get("server_cpus") else None
    return ServerOptions(provider, urls, cpus, values.get("server_memory") or None)


class _Getter:
    """Reads values by option name, with the option's default and a message that names it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if value in (None, "") and name in _KINDS:
            value = _KINDS[name].default
        if value in (None, ""):
            raise SetupError(f"{_flag(name)} is missing: give one of {', '.join(CATALOG)}")
        return str(value)

    def choice(self, name: str) -> str:
        option = _KINDS[name]
        value = self._values.get(name) or option.default
        if value is not None and value not in option.choices:
            near = get_close_matches(str(value), option.choices, 1)
            hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(option.choices)}"
            raise SetupError(f"{_flag(name)} {value!r} is unknown: {hint}")
        return cast(str, value)

    def positive(self, name: str) -> float:
        return positive(self.text(name), _flag(name))

    def count(self, name: str, least: int = 1) -> int:
        text = self.text(name)
        return whole(text, _flag(name), least)


def whole(text: str, option: str, least: int = 1) -> int:
    """A whole number as people write it; raises `SetupError` that names the option."""
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise SetupError(f"{option} {text!r} must be a whole number, at least {least}")
    return int(text)


def positive(text: str, option: str) -> float:
    """A number above 0 as people write it; raises `SetupError` that names the option."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SetupError(f"{option} {text!r} must be a number above 0")
    return value


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
