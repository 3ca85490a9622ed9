"""Message text: seeded, ASCII, English-like, and about as compressible as English (2:1 for 1-2 KB).

A message is a slice of one corpus, made once per process: cutting it costs well under a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import accumulate
from random import Random

from workloads.words import ENDINGS, WORDS

CORPUS_BYTES = 1 << 19
_CORPUS_SEED = 20260101
_COMMON_WORDS = 120
_ZIPF_SHIFT = 2.0  # Zipf-Mandelbrot: flattens the head, as in English
_ZIPF_EXPONENT = 1.05


def message_text(random: Callable[[], float], size_bytes: int) -> str:
    """Text of exactly `size_bytes` ASCII characters, from a place that `random()` decides."""
    source = corpus()
    room = CORPUS_BYTES - size_bytes
    if room < 0:
        return (source * (size_bytes // CORPUS_BYTES + 1))[:size_bytes]
    start = int(random() * room)
    return source[start : start + size_bytes]


def title(random: Callable[[], float]) -> str:
    """A chat's title: three to six words without marks, at most 60 characters."""
    words = message_text(random, 80).split()[1 : 4 + int(random() * 4)]
    return " ".join(word.strip(".,?:") for word in words)[:60].strip() or "A chat"


@cache
def corpus() -> str:
    """The text every message is cut from; the first call takes a moment, so workloads make it when they are made."""
    rng = Random(_CORPUS_SEED)
    vocabulary = _vocabulary(rng)
    weights = list(accumulate((rank + _ZIPF_SHIFT) ** -_ZIPF_EXPONENT for rank in range(len(vocabulary))))
    words = iter(rng.choices(vocabulary, cum_weights=weights, k=CORPUS_BYTES // 4))
    sentences: list[str] = []
    length = 0
    while length < CORPUS_BYTES:
        sentence = _sentence([next(words) for _ in range(5 + int(rng.random() * 16))], rng.random())
        sentences.append(sentence)
        length += len(sentence)
    return "".join(sentences)[:CORPUS_BYTES]


def _sentence(words: list[str], u: float) -> str:
    if u < 0.5:
        words[len(words) // 2] += ","
    end = "?" if u < 0.06 else ":" if u > 0.97 else "."
    gap = "\n\n" if 0.80 < u < 0.92 else " "
    return words[0].capitalize() + " " + " ".join(words[1:]) + end + gap


def _vocabulary(rng: Random) -> list[str]:
    """Common words first and as they are; then every rarer word with a few endings, shuffled."""
    common = list(WORDS[:_COMMON_WORDS])
    rare = dict.fromkeys(word + ending for word in WORDS[_COMMON_WORDS:] for ending in ENDINGS)
    shuffled = [word for word in rare if word not in set(common)]
    for i in range(len(shuffled) - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
    return common + shuffled
