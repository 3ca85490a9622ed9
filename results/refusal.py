"""What a person must mend before results can be judged: told in one line, with the cure."""

from __future__ import annotations


class Refusal(ValueError):
    """One line that names what is wrong and the cure; the command ends with exit code 2."""
