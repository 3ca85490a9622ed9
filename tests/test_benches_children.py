"""A side of a ratio is a process: what becomes of one that fails or hangs."""

import psutil
import pytest

from benches.child import BenchError, output_of


def test_a_side_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(BenchError, match="status 3: out of luck"):
        output_of(["sh", "-c", "echo out of luck >&2; exit 3"], {}, 30)


def test_a_side_that_hangs_is_ended() -> None:
    with pytest.raises(BenchError, match="did not end within"):
        output_of(["tail", "-f", "/dev/null"], {}, 0.1)
    assert [child.cmdline() for child in psutil.Process().children() if "tail" in child.cmdline()] == []


def test_a_side_may_end_with_a_status_that_is_a_result() -> None:
    assert output_of(["sh", "-c", "echo $ASKED; exit 4"], {"ASKED": "what was asked"}, 30, (0, 4)) == "what was asked\n"
