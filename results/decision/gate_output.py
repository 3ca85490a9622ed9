"""A decision for its readers: terminal, Markdown for a pull request, JUnit XML, JSON, a CI service's annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree

from results.decision.check import Check
from results.decision.comparison_sheet import comparison_sheet, to_json
from results.decision.gate import Decision
from results.markdown import escaped, render_sheet
from results.sheet import Sheet, plain, words

MEANING: Final[Mapping[int, str]] = {
    0: "passed",
    1: "a limit was missed",
    2: "it could not be judged",
    3: "regression",
    4: "no valid measurement",
    5: "the baseline is missing",
}


def headline(decision: Decision) -> str:
    """The decision in one line."""
    failed = [check for check in decision.checks if not check.passed]
    unsure = sum(check.state == "inconclusive" for check in decision.checks)
    more = f", {unsure} inconclusive" if unsure else ""
    if not failed:
        return f"gate passed: {len(decision.checks)} checks{more}"
    return (
        f"gate failed ({decision.code}, {MEANING[decision.code]}): {len(failed)} of {len(decision.checks)} checks{more}"
    )


def checks_sheet(decision: Decision) -> Sheet:
    """Every check, those that failed first."""
    ordered = sorted(decision.checks, key=lambda check: check.passed)
    rows = tuple((plain(c.target), plain(c.name), _state(c), plain(c.detail)) for c in ordered)
    return Sheet(
        "What was judged", words("target", "check", "state", "detail"), rows, tuple(map(plain, decision.notes))
    )


def _state(check: Check) -> str:
    return check.state if check.passed else check.state.upper()


def to_markdown(decision: Decision) -> str:
    """For a pull request or `$GITHUB_STEP_SUMMARY`: the decision, the checks, the comparisons folded."""
    parts = [f"## dbverdict: {escaped(headline(decision))}", render_sheet(checks_sheet(decision), caption=False)]
    for found in decision.comparisons:
        summary = f"{found.b.target}: every metric against the baseline"
        if found.not_ranked:
            continue
        table = render_sheet(comparison_sheet(found), caption=False)
        parts.append(f"<details><summary>{escaped(summary)}</summary>\n\n{table}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def to_junit(decision: Decision) -> str:
    """JUnit XML: a test case a check; what is no evidence is an error, what was missed a failure."""
    failures = [check for check in decision.checks if check.code in (1, 3)]
    errors = [check for check in decision.checks if not check.passed and check.code not in (1, 3)]
    counts = {"tests": str(len(decision.checks)), "failures": str(len(failures)), "errors": str(len(errors))}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "dbverdict gate", **counts})
    for check in decision.checks:
        case = ElementTree.SubElement(suite, "testcase", {"classname": plain(check.target), "name": plain(check.name)})
        detail = plain(check.detail)
        if not check.passed:
            kind = "failure" if check.code in (1, 3) else "error"
            ElementTree.SubElement(case, kind, {"message": detail, "type": check.state}).text = detail
        else:
            ElementTree.SubElement(case, "system-out").text = f"{check.state}: {detail}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def as_json(decision: Decision) -> str:
    """Everything, for machines."""
    content: dict[str, Any] = {
        "code": decision.code,
        "passed": decision.code == 0,
        "headline": headline(decision),
        "checks": [
            {"target": c.target, "name": c.name, "state": c.state, "code": c.code, "detail": c.detail}
            for c in decision.checks
        ],
        "comparisons": [to_json(found) for found in decision.comparisons],
        "notes": list(decision.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def workflow_commands(decision: Decision) -> list[str]:
    """GitHub's workflow commands: an error a failed check, a warning where the evidence decided nothing."""
    return [
        f"::{'warning' if check.passed else 'error'} title={_property(f'dbverdict {check.target} {check.name}')}::"
        f"{_message(f'{check.state}: {check.detail}')}"
        for check in decision.checks
        if not check.passed or check.state == "inconclusive"
    ]


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
