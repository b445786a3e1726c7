"""How far the bills of a month reach, whether one of them is not all there, and what may change."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from everyline.exports.reaching import reach
from everyline.web.asked import Ask

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMED_MAX = 3
_FRESH_DAYS = 2
"""Bills of a day are whole a day or two later; what is older than that waits for something."""

_INSTANT = timedelta(microseconds=1)

Reach = Mapping[tuple[str, str], datetime]
"""Until when each source has lines in each month, by month and source."""


class Chip(NamedTuple):
    """A few words on how a month stands: how they are painted, and where they lead."""

    text: str
    tone: str = ""
    href: str | None = None


def chips(ask: Ask, today: date | None) -> list[Chip]:
    """How the month stands: whether it is closed, how far its bills reach, what is missing.

    Args:
        today: for how old the newest data are; None where that is not said, as in files.
    """
    return [*_books(ask), *_bills(ask, today)]


def _books(ask: Ask) -> Iterator[Chip]:
    books = ask.link("/books") if ask.viewer.sees_all else None
    closed = ask.opened.closed.get(ask.block.period)
    if ask.opened.damaged:
        yield Chip("The books are damaged: figures are as the run has them", "bad", books)
    elif closed is None:
        yield Chip("Open", "", books)
    else:
        yield Chip(f"Closed on {day(date.fromisoformat(closed))}", "ok", books)


def _bills(ask: Ask, today: date | None) -> Iterator[Chip]:
    if ask.block.estimated:
        return
    ends, period = _reach(ask), ask.block.period
    last = [end for (month, _), end in ends.items() if month == period]
    if not last:
        return
    until = min(max(last), _after(period))
    # Who sees some owners knows of their lines alone, which may end before the bill does.
    missing = short(ends, period) if ask.viewer.sees_all else []
    if missing:
        names = [
            f"{name} has nothing after {brief(_day_of(end))}" for name, end in missing[:_NAMED_MAX]
        ]
        more = len(missing) - len(names)
        others = [f"and {more} more"] if more else []
        yield Chip(f"Partial: {', '.join([*names, *others])}", "warn")
    to = _day_of(until)
    # An earlier month is told by what came after it, and a closed one waits for nothing.
    waits = period == ask.opened.blocks[0].period and period not in ask.opened.closed
    days = (today - to).days if today is not None and waits else 0
    if days > _FRESH_DAYS:
        yield Chip(f"Data to {day(to)}, {days:,} days old", "warn")
    else:
        yield Chip(f"Data to {day(to)}")


def short(ends: Reach, period: str) -> list[tuple[str, datetime]]:
    """Bills that reach less far into a month than into the one before, and until when they do.

    So a bill that always has its lines at the beginning of a month lacks nothing.
    """
    earlier = max((month for month, _ in ends if month < period), default=None)
    if earlier is None:
        return []
    found = []
    for (month, name), before in ends.items():
        if month != earlier:
            continue
        end = ends.get((period, name), before)
        reached, usual = end - _first(period), before - _first(earlier)
        if end < _after(period) and reached < usual:
            found.append((name, end))
    return sorted(found, key=lambda one: (one[1], one[0]))


def day(one: date) -> str:
    """A day as pages have it: `31 Oct 2026`."""
    return f"{brief(one)} {one.year}"


def moment(one: datetime) -> str:
    """A time in UTC as pages have it: `31 Oct 2026, 07:05 UTC`."""
    return f"{day(one)}, {one:%H:%M} UTC"


def brief(one: date) -> str:
    """The same without its year, where that is known."""
    return f"{one.day} {_MONTHS[one.month - 1]}"


def _reach(ask: Ask) -> Reach:
    """Of all lines read once a run; of those of some owners anew."""
    if not ask.viewer.sees_all:
        return reach(ask.engine, ask.run)
    whole = ask.opened.gathered
    return ask.opened.hold("reach", None, lambda: reach(ask.engine, whole))


def _day_of(end: datetime) -> date:
    return (end - _INSTANT).date()


def _first(period: str) -> datetime:
    return datetime.fromisoformat(f"{period}-01")


def _after(period: str) -> datetime:
    """The moment after a month."""
    return (_first(period) + timedelta(days=31)).replace(day=1)
