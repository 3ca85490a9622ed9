"""Message text: sizes are exact, content is seeded, and it compresses like English."""

from __future__ import annotations

import zlib
from random import Random

import pytest

from workloads.identity import EPOCH, fraction, number, uuid_text, write_instant
from workloads.text import CORPUS_BYTES, corpus, message_text, title

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("size_bytes", [1, 3, 83, 1_500, 350_000, CORPUS_BYTES, CORPUS_BYTES + 7, 2_000_000])
def test_a_message_has_exactly_the_bytes_asked_for(size_bytes: int) -> None:
    content = message_text(Random(1).random, size_bytes)
    assert len(content.encode("ascii")) == size_bytes


def test_messages_of_1_to_2_kb_compress_about_two_to_one() -> None:
    random = Random(2).random
    for size_bytes in (1_000, 1_500, 2_000):
        packed = [len(zlib.compress(message_text(random, size_bytes).encode())) for _ in range(100)]
        assert 1.7 < 100 * size_bytes / sum(packed) < 2.4
        assert 1.6 < size_bytes / max(packed) <= size_bytes / min(packed) < 2.5


def test_the_same_seed_cuts_the_same_text_and_another_seed_another() -> None:
    assert message_text(Random(7).random, 500) == message_text(Random(7).random, 500)
    assert message_text(Random(7).random, 500) != message_text(Random(8).random, 500)


def test_the_corpus_is_half_a_megabyte_of_sentences_without_control_characters() -> None:
    assert len(corpus()) == CORPUS_BYTES == 524_288
    assert {c for c in corpus() if not c.isalpha()} == {" ", "\n", ",", ".", ":", "?"}


def test_a_title_is_a_few_words() -> None:
    random = Random(4).random
    titles = [title(random) for _ in range(500)]
    assert all(1 <= len(words.split()) <= 6 and len(words) <= 60 for words in titles)
    assert len(set(titles)) > 450


def test_ids_are_uuids_that_depend_on_seed_kind_and_numbers() -> None:
    assert uuid_text(1, "chat", 2, 3) == uuid_text(1, "chat", 2, 3)
    others = {
        uuid_text(1, "chat", 2, 3),
        uuid_text(2, "chat", 2, 3),
        uuid_text(1, "user", 2, 3),
        uuid_text(1, "chat", 23),
    }
    assert len(others) == 4
    assert [len(part) for part in uuid_text(1, "chat", 2).split("-")] == [8, 4, 4, 4, 12]


def test_fractions_are_uniform_and_below_one() -> None:
    fractions = [fraction(1, "x", i) for i in range(5_000)]
    assert 0.0 <= min(fractions) < max(fractions) < 1.0
    assert sum(fractions) / 5_000 == pytest.approx(0.5, abs=0.02)
    assert number(1, "x", 0) < 1 << 64


def test_two_people_never_write_at_the_same_instant() -> None:
    instants = {write_instant(person, count) for person in range(50) for count in range(1, 50)}
    assert len(instants) == 50 * 49
    assert min(instants) > EPOCH
    assert write_instant(3, 1) < write_instant(3, 2)
