"""The books against a plain model: bills come late, are credited, re-issued, moved and renamed.

Teams and keys change names, months are closed, closes crash at any step, and bytes are tampered
with. After each close: what was closed before is the same bytes, and what is booked for each month
is what is computed for it, exactly by statement key, and to the minor unit by issuer.
"""

import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from stated_lines import EXACT, facts, line, rounded, sums

from everyline.books import close, read
from everyline.books.lines import Line
from everyline.books.read import Close
from everyline.money import minor_digits

MONTHS = ("2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04")
NEXT = ""
"""The month whose turn it is."""
CLOSED = st.sampled_from((NEXT,) * 9 + MONTHS)
TEAMS = (None, "search", "support", 'a,"b"', "=1+1", "two\nlines", "é\r", " ")
UNITS = st.one_of(
    st.integers(-3 * 10**18, 3 * 10**18),
    st.sampled_from((5 * 10**15, -5 * 10**15, 5 * 10**17, 1, -1, 10**37, 0)),
)


_QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where a sync costs nothing, if there is such a place."""


class Crash(BaseException):
    """The power goes out."""


class _Power:
    """Lets every system call below one folder fail after the first few, for as long as it is on."""

    def __init__(self) -> None:
        self.folder = ""
        self.left = 0
        self.used = 0
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.folder or event not in ("open", "os.mkdir", "os.rename", "os.remove"):
            return
        if event == "open" and not str(arguments[0]).startswith(self.folder):
            return
        self.used += 1
        if self.used > self.left:
            raise Crash

    def goes_out(self, folder: Path, after: int, work: Callable[[], object]) -> bool:
        """Whether `work` crashed after some steps; nothing cleans up behind it."""
        self.folder, self.left, self.used = str(folder), after, 0
        try:
            work()
        except Crash:
            return True
        finally:
            self.folder = ""
        return False


_POWER = _Power()


@st.composite
def _lines(draw: st.DrawFn, period: str) -> Line:
    one = line(
        period,
        "0",
        draw(st.sampled_from(TEAMS)),
        use_case=draw(st.sampled_from((None, "chat", "find"))),
        currency=draw(st.sampled_from(("USD", "JPY", "KWD"))),
        basis=draw(st.sampled_from(("invoiced", "metered"))),
        issuer=draw(st.sampled_from((None, "OpenAI", "Acme"))),
        method=draw(st.sampled_from(("direct", "shared"))),
    )
    billed, effective = draw(UNITS), draw(UNITS)
    return one._replace(billed=_decimal(billed), effective=_decimal(effective))


def _decimal(units: int) -> Decimal:
    return Decimal(f"{units}E-18")


class Books(RuleBasedStateMachine):
    """Bills are lines of a list; a statement is their sums by key."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.project = Path(tempfile.mkdtemp(prefix="books-", dir=_QUICK))
        counts = [data.draw(st.sampled_from((0, 1, 2))) for _ in MONTHS]
        self.bills = [
            data.draw(_lines(month))
            for month, count in zip(MONTHS, (1, *counts[1:]), strict=True)
            for _ in range(count)
        ]
        self.keys: tuple[str, ...] = ("team", "use_case")
        self.closes: list[str] = []
        self.files: dict[str, bytes] = {}
        for _ in range(data.draw(st.sampled_from((2, 1, 1, 0)))):
            self.a_month_is_closed(NEXT)

    def teardown(self) -> None:
        shutil.rmtree(self.project, ignore_errors=True)

    # What happens to the bills

    @rule(data=st.data(), month=st.sampled_from(MONTHS), count=st.integers(1, 4))
    def lines_arrive(self, data: st.DataObject, month: str, count: int) -> None:
        """New lines, credits among them; late ones if the month is closed."""
        self.bills += [data.draw(_lines(month)) for _ in range(count)]

    @rule(data=st.data())
    def a_line_is_credited(self, data: st.DataObject) -> None:
        one = self.bills[data.draw(st.integers(0, 99)) % len(self.bills)]
        self.bills.append(one._replace(billed=-one.billed, effective=-one.effective))

    @rule(data=st.data(), month=st.sampled_from(MONTHS))
    def a_month_is_issued_anew(self, data: st.DataObject, month: str) -> None:
        """All lines of one issuer are replaced, perhaps by none."""
        issuer = data.draw(st.sampled_from((None, "OpenAI", "Acme")))
        kept = [x for x in self.bills if (x.period, x.issuer) != (month, issuer)]
        anew = data.draw(st.lists(_lines(month), min_size=0 if kept else 1, max_size=2))
        self.bills = kept + [one._replace(issuer=issuer) for one in anew]

    @rule(data=st.data(), to=st.sampled_from(TEAMS))
    def a_rule_changes(self, data: st.DataObject, to: str | None) -> None:
        """A part of one line, in units of 10^-18, gets another owner and method."""
        at = data.draw(st.integers(0, 99)) % len(self.bills)
        one = self.bills[at]
        part = _decimal(data.draw(UNITS))
        rest = one._replace(effective=EXACT.subtract(one.effective, part))
        self.bills[at] = rest
        moved = one._replace(effective=part, billed=Decimal(0), method="traced")
        self.bills.append(moved._replace(owner=_with(moved, "team", to)))

    @rule(old=st.sampled_from(TEAMS), new=st.sampled_from(TEAMS))
    def a_team_is_renamed(self, old: str | None, new: str | None) -> None:
        self.bills = [
            one._replace(owner=_with(one, "team", new)) if one.value("team") == old else one
            for one in self.bills
        ]

    @rule(keys=st.sampled_from((("team",), ("team", "product"), ("use_case", "team"))))
    def the_taxonomy_changes(self, keys: tuple[str, ...]) -> None:
        self.keys = keys

    # What happens to the books

    @rule(asked=CLOSED)
    def a_month_is_closed(self, asked: str) -> None:
        month = asked or self.next()
        made = close.book(self.project, self.stated(), facts(month, self.keys))
        self.judge(month, made)

    @rule(asked=CLOSED, after=st.integers(0, 30))
    def the_power_goes_out(self, asked: str, after: int) -> None:
        """A close ends at any of its steps; it has closed the month or it has not."""
        month, stated = asked or self.next(), self.stated()
        told = facts(month, self.keys)
        books = self.project / "books"
        is_out = _POWER.goes_out(books, after, lambda: close.book(self.project, stated, told))
        assert read.verified(self.project) == []
        if len(closes := read.closed(self.project)) > len(self.closes):
            self.judge(month, closes[-1])
        event(f"crashed {is_out}")

    @rule(data=st.data())
    def a_byte_is_tampered_with(self, data: st.DataObject) -> None:
        """Any change of any byte is named, in the file that it was made in."""
        if not self.closes:
            return
        name = data.draw(st.sampled_from(sorted(self.files)))
        file, whole = self.project / name, self.files[name]
        at = data.draw(st.integers(0, len(whole) - 1))
        other = data.draw(st.sampled_from((whole[at] ^ 1, whole[at] ^ 32, 0, 10, 32)))
        changed = data.draw(
            st.sampled_from(
                (
                    whole[:at] + bytes([other]) + whole[at + 1 :],
                    whole[:at] + whole[at + 1 :],
                    whole[:at] + bytes([other]) + whole[at:],
                    whole[:at],
                )
            )
        )
        file.write_bytes(changed)
        found = {problem.place for problem in read.verified(self.project)}
        assert found == (set() if changed == whole else {name})
        file.unlink()
        assert name in {problem.place for problem in read.verified(self.project)}
        file.write_bytes(whole)

    @rule(data=st.data())
    def a_folder_is_tampered_with(self, data: st.DataObject) -> None:
        """A close that is not the last is missed, and a file that is too many is named."""
        if not self.closes:
            return
        month = data.draw(st.sampled_from(self.closes))
        folder, aside = self.project / "books" / month, self.project / "aside"
        (folder / "more").write_bytes(b"")
        places = [problem.place for problem in read.verified(self.project)]
        assert places == [f"books/{month}/more"]
        (folder / "more").unlink()
        folder.rename(aside)
        assert bool(read.verified(self.project)) == (month != self.closes[-1])
        aside.rename(folder)

    @invariant()
    def what_is_closed_stays(self) -> None:
        """The same files of the same bytes, for ever, and books that are whole."""
        if not hasattr(self, "project"):
            return
        books = self.project / "books"
        now = {
            file.relative_to(self.project).as_posix(): file.read_bytes()
            for folder in (books.iterdir() if books.exists() else ())
            if folder.name[0] != "."
            for file in folder.iterdir()
        }
        assert now == self.files
        assert read.verified(self.project) == []

    # What must come of it

    def next(self) -> str:
        """The first month with lines after the last one closed, or any one."""
        months = sorted({one.period for one in self.bills})
        last = self.closes[-1] if self.closes else ""
        return next((month for month in months if month > last), months[0])

    def stated(self) -> list[Line]:
        """The statements of a run: sums by key, keys outside the taxonomy dropped, rounded."""
        costs: defaultdict[object, list[Line]] = defaultdict(list)
        for one in self.bills:
            owner = tuple(pair for pair in one.owner if pair[0] in self.keys)
            kept = one._replace(owner=owner)
            costs[kept[:11]].append(kept)
        lines = [
            members[0]._replace(
                billed=_total(one.billed for one in members),
                effective=_total(one.effective for one in members),
            )
            for members in costs.values()
        ]
        return rounded(lines, self.keys)

    def judge(self, month: str, made: Close | list[Any]) -> None:
        stated = self.stated()
        last = self.closes[-1] if self.closes else ""
        months = {one.period for one in stated}
        may = month in months and month > last
        may = may and not (last and any(last < other < month for other in months))
        assert isinstance(made, Close) == may
        if not isinstance(made, Close):
            assert [problem.level for problem in made] == ["stop"]
            return
        self.closes.append(month)
        folder = self.project / "books" / month
        for file in folder.iterdir():
            self.files[file.relative_to(self.project).as_posix()] = file.read_bytes()
        assert read.closed(self.project)[-1] == made
        booked = read.all_booked(self.project)
        within = [one for one in stated if self.closes[0] <= one.period <= month]
        assert sums(booked) == sums(within)
        assert {one.period for one in read.booked(self.project, month)} == {month}
        own = [one for one in booked if one.period == month and one.corrects is None]
        assert sorted(own, key=repr) == sorted(
            (one for one in stated if one.period == month), key=repr
        )
        if any(one.corrects for one in read.booked(self.project, month)):
            event("corrections")
        self.amounts(booked, within)

    def amounts(self, booked: list[Line], within: list[Line]) -> None:
        """What is booked in minor units is the issuer's rounded total, of every month."""
        totals: defaultdict[object, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 2)
        for one in booked:
            at = totals[_issuer(one)]
            at[0] = EXACT.add(at[0], one.billed_amount)
            at[1] = EXACT.add(at[1], one.effective_amount)
        exact: defaultdict[object, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 2)
        for one in within:
            exact[_issuer(one)][0] += Fraction(one.billed)
            exact[_issuer(one)][1] += Fraction(one.effective)
        for issuer in {*totals, *exact}:
            for cost in (0, 1):
                step = 10 ** (minor_digits(issuer[1]) or 0)  # type: ignore[index]
                expected = Fraction(floor(exact[issuer][cost] * step + Fraction(1, 2)), step)
                assert Fraction(totals[issuer][cost]) == expected, issuer


def _with(one: Line, key: str, value: str | None) -> tuple[tuple[str, str], ...]:
    owner = {**dict(one.owner), key: value}
    return tuple(sorted((name, text) for name, text in owner.items() if text is not None))


def _issuer(one: Line) -> tuple[str, str, str, str | None]:
    return one.corrects or one.period, one.currency, one.basis, one.issuer


def _total(amounts: Any) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=200, stateful_step_count=25)
