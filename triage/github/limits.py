"""GitHub's limits, as its answers tell of them.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.github.wire import NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIMARY = re.compile(r"api rate limit (?:already )?exceeded", re.IGNORECASE)
_SECONDARY = re.compile(
    r"exceeded a secondary rate limit|abuse detection|"
    r"please retry your request again later|please wait a few minutes before you try again",
    re.IGNORECASE,
)
TYPES_OF_LIMITS = ("RATE_LIMITED", "RATE_LIMIT")


class Limit(NamedTuple):
    """A refusal for having asked too much; `seconds` as GitHub says, or None where it does not."""

    seconds: float | None
    at: datetime


def tells_of_limit(content: Any) -> bool:
    """Whether an error of a GraphQL answer says that a limit is reached."""
    return content.get("type") in TYPES_OF_LIMITS or _words_of_limit(content.get("message"))


def _words_of_limit(told: Any) -> bool:
    return isinstance(told, str) and bool(PRIMARY.search(told) or _SECONDARY.search(told))


def is_limit(headers: Mapping[str, str], told: str) -> bool:
    """Whether a 403 means a limit, and not a right that is missing."""
    return "retry-after" in headers or headers.get("x-ratelimit-remaining", "").strip() == "0" or _words_of_limit(told)


def pause_said(headers: Mapping[str, str], at: datetime, *, primary: bool) -> float | None:
    """The seconds that a limit wants one to wait, 0 for a time that is past, None where nothing can be read."""
    said = retry_after(headers, at)
    if said is not None:
        return said
    reset = headers.get("x-ratelimit-reset", "").strip()
    if (primary or headers.get("x-ratelimit-remaining", "").strip() == "0") and NUMBER.fullmatch(reset):
        return max(0.0, float(reset) - at.timestamp())
    return None


def retry_after(headers: Mapping[str, str], at: datetime) -> float | None:
    """RFC 9110, 10.2.3: seconds or a date; by the server's clock, for ours may be days off."""
    said = headers.get("retry-after", "").strip()
    if NUMBER.fullmatch(said):
        return float(said)
    moment = date(said)
    return max(0.0, (moment - at).total_seconds()) if moment is not None else None


def later_than(at: datetime, seconds: float) -> datetime | None:
    """The time so many seconds later, or None beyond what is a plausible calendar."""
    try:
        later = at + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return later if later.year < 3000 else None  # noqa: PLR2004


def date(text: str) -> datetime | None:
    """Return the moment that an HTTP date names, None for what is none."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
