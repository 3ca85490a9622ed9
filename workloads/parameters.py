"""The numbers of the chat workload, each with its source.

Sources named in short: WildChat = an analysis of 529,428 chats of allenai/WildChat; ShareGPT = 9,436 chats of
ShareGPT V3; Mooncake = the FAST'25 conversation trace of Kimi; ServeGen = arXiv 2505.09999, Alibaba's services.
"Assumed" means that no public data was found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from workloads.distributions import (
    Quantiles,
    TurnCounts,
    gamma_cdf,
    lognormal_cdf,
    lognormal_quantiles,
)

TURNS_PER_CHAT: Mapping[str, TurnCounts] = {
    "consumer": TurnCounts([(1, 1.0), (2, 0.4211), (3, 0.2619), (5, 0.1243), (10, 0.0273)], decay=0.78, cap=200),
    "power": TurnCounts(
        [
            *((1, 1.0), (2, 0.69277), (3, 0.539), (5, 0.35979), (10, 0.17052), (15, 0.0993)),
            *((23, 0.04875), (40, 0.0195), (52, 0.012), (57, 0.0099), (300, 0.0001)),
        ],
        decay=0.0,
        cap=300,
    ),
}
"""Turns (a user message and its answer) per chat, by profile.

consumer: WildChat's published survival points, mean 2.36, x0.78 a turn beyond 10. power: ShareGPT's survival points
and p99 = 56, max 300; mean 6.66 where the sample has 6.51. People share long chats, so ShareGPT stands for power users.
"""

TAIL_TURNS = (50, 100, 300)
"""Long chats stored whatever the profile says: 1.2 % of ShareGPT's chats have more than 51 turns, the longest 300."""

TAIL_PERIOD = 2000
"""One stored chat of each tail length in so many chats (assumed; large enough for a tail, small enough to load)."""

USER_BYTES_PER_TOKEN = 4.41
"""English ShareGPT user messages, cl100k tokens."""

ANSWER_BYTES_PER_TOKEN = 4.64
"""English ShareGPT answers, cl100k tokens."""

MAX_MESSAGE_BYTES = 350_000
"""Longest message: every design must be able to store it, and a DynamoDB item ends at 400 KB."""

USER_BYTES = Quantiles(
    [
        *((0.0, 1), (0.01, 4), (0.10, 23), (0.25, 43), (0.50, 83), (0.60, 109), (0.75, 193), (0.85, 358)),
        *((0.90, 589), (0.95, 1459), (0.97, 2461), (0.99, 5436), (0.995, 8193), (0.999, 14054), (1.0, 30_000)),
    ]
)
"""Bytes of a user's message: quantiles of 61,414 ShareGPT messages; the largest is set so that the mean is 362."""

REASONING_SHARE = 0.15
"""Share of answers that hold stored reasoning (assumed)."""

GAP_MEDIAN_S = math.exp(4.90)
GAP_SIGMA = 0.97
"""Think time from request to next request: lognormal(4.90, 0.97) of 3,931 follow-ups in Mooncake, median 134 s."""

GAPS_S = tuple(lognormal_quantiles(GAP_MEDIAN_S, GAP_SIGMA, 4096))
"""4,096 equally likely think times in seconds: picking one is ten times quicker than drawing a lognormal."""

MEAN_GAP_S = sum(GAPS_S) / len(GAPS_S)
"""Mean think time in seconds, about 215 (Mooncake: 217)."""

USER_SKEW = 0.9
"""Zipf exponent of activity over users (assumed; chats per user are known to be very uneven, arXiv 2605.29018)."""

TENANTS = 20
"""Tenants that share the database (assumed: a small pool)."""

TENANT_SKEW = 1.2
"""Zipf exponent of users over tenants: ServeGen's clients have 1.16 to 1.35 over the top 50."""

ROLES_PER_TENANT = (("admin", 0.05, 2000), ("member", 0.85, 700), ("viewer", 0.10, 200))
"""Role names, their share of the users, and about how many bytes of permissions (0.2-2 KB); shares assumed."""

MODELS_PER_TENANT = 12
"""Models a tenant may choose from (applications offer 5 to 50)."""

CHATS_PER_USER_SIGMA = 1.5
"""Sigma of the lognormal of stored chats per user (assumed; median 12 and mean 37 in a grown installation)."""

MAX_CHATS_PER_USER = 5000
"""Longest chat list of one user (assumed)."""

COLD_AGE_S = (3_600.0, 180 * 86_400.0)
"""Stored chats were last written log-uniformly between 1 h and 180 days ago (assumed)."""

LOG_IN_SHARE = 0.10
"""Visits that begin with a log-in by e-mail address (assumed)."""

NEW_CHAT_SHARE = 0.70
"""Visits that start a new chat; the others continue one (assumed)."""

COLD_OPENS_PER_VISIT = 0.60
"""Old chats opened only to be read, per visit (assumed)."""

RELIST_SHARE = 0.50
"""Follow-up turns after which the application lists the sidebar again (assumed)."""

MANUAL_RENAME_SHARE = 0.08
"""Visits in which a chat is renamed by hand (assumed)."""

DELETE_SHARE = 0.05
"""Visits in which a chat is deleted (assumed)."""

LAST_MESSAGES = 50
"""Messages an application reads back to build a prompt: paged applications cap it at 20 to 50 (open-webui #5778).

Opening a chat reads all of it instead.
"""


@cache
def answer_bytes() -> Quantiles:
    """Bytes of an answer: 85 % Gamma(1.88, 182 tokens), which fits Mooncake's generated tokens, and 15 % with
    reasoning, lognormal(median 1,014 tokens, sigma 1.245), which fits ServeGen's DeepSeek-R1; x 4.64 bytes a token.
    """
    top_tokens = MAX_MESSAGE_BYTES / ANSWER_BYTES_PER_TOKEN
    steps = 600
    tokens = [0.5 * (top_tokens / 0.5) ** (step / steps) for step in range(steps + 1)]
    points = [(_answer_tokens_cdf(count), count * ANSWER_BYTES_PER_TOKEN) for count in tokens]
    return Quantiles([(0.0, 1.0), *points[:-1], (1.0, float(MAX_MESSAGE_BYTES))])


def _answer_tokens_cdf(tokens: float) -> float:
    plain = gamma_cdf(tokens, shape=1.88, scale=182.0)
    reasoning = lognormal_cdf(tokens, median=1014.0, sigma=1.245)
    return (1.0 - REASONING_SHARE) * plain + REASONING_SHARE * reasoning


OWN_CHATS_KEPT = 20
"""A person continues or deletes one of their latest chats, as many as a page of the sidebar shows (an assumption).

It bounds what a person, and the oracle's knowledge of them, takes of memory.
"""
