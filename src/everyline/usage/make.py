"""The usage stage: rows of telemetry in, hours of identities with their estimated cost out (R11).

`hours` are summed in the engine by the number of an identity. What hangs on the day, prices and
owners, is asked once per distinct identity and day; where nothing is dated, once per identity.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from everyline import money
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, quoted, same
from everyline.problems import Problem
from everyline.usage.identities import TEXTS, Identities
from everyline.usage.prices import Prices, UnitPrice
from everyline.usage.sums import Kinds, by_meter, exact, is_native, measure, shortest, sums
from everyline.usage_rows import UsageRows

_PRICED = ("ServiceProviderName", "x_Model", "x_Meter", "x_Tier")
_MEASURES = ("x_Quantity", "x_EstimatedCost", "x_RequestCount")


class Usage:
    """The usage of one run.

    `make` leaves the temporary relations `usage_identities` (`id_`, x_Source, TEXTS, tag columns,
    and `day_` where owners are dated) and `usage_hours` (`id_`, hour, x_Quantity, x_EstimatedCost,
    x_RequestCount; exact decimals of as many digits as are needed).
    """

    def __init__(
        self, engine: Engine, configuration: Configuration, is_asked: Callable[[str], bool]
    ) -> None:
        """`is_asked` says of a tag key as delivered whether the configuration names it."""
        self._engine = engine
        self._configuration = configuration
        self._identities = Identities(engine, configuration, is_asked)
        self._sources = 0
        self._is_view = False
        self._stored = Kinds("", "")

    @property
    def tags(self) -> tuple[str, ...]:
        """The tag columns of identities, known once it is made."""
        return self._identities.tags

    def make(self, sources: Sequence[UsageRows], *, dated: bool) -> list[Problem]:
        """Makes the tables; `dated` says that owners hang on the day.

        Returns:
            Problems; where one of level `stop` is among them, the tables are not made.
        """
        problems = [p for rows in sources for p in self._refused(rows)]
        if problems:
            return problems
        self._sources = len(sources)
        relations = self._identities.tell_apart(sources)
        self._sum(sources, relations)
        return self._price(dated=dated)

    def hours(self) -> str:
        """SELECT of `usage_hours` in order, its numbers as short as their file may have them."""
        return (
            f"SELECT id_, hour, x_Quantity::{self._stored.quantity} AS x_Quantity,"
            f" x_EstimatedCost::{self._stored.cost} AS x_EstimatedCost, x_RequestCount"
            " FROM usage_hours ORDER BY id_, hour"
        )

    def let_go(self) -> None:
        """Drops the tables of hours, which hold most of the memory, once they are written."""
        self._engine.run(f"DROP {'VIEW' if self._is_view else 'TABLE'} usage_hours")
        self._engine.run("DROP VIEW summed")
        self._engine.run("DROP TABLE IF EXISTS summed_again")
        for at in range(self._sources):
            self._engine.run(f"DROP TABLE native_hours_{at}")

    def _refused(self, rows: UsageRows) -> list[Problem]:
        """Quantities below 0, which no usage has, and rows without an hour: `stop` (R11)."""
        counted = (*rows.meters, "x_Quantity", "x_RequestCount")
        columns = [c for c in counted if c in rows.columns]
        tests = {
            "hour IS NULL": ("no-hour", "no time", "say when it was used, in `hour`"),
            _whole(rows): (
                "unreadable-number",
                "an `x_RequestCount` that is no whole number",
                "write how many calls the row stands for",
            ),
            " OR ".join(f"{quoted(column)} < 0" for column in columns) or "false": (
                "negative-quantity",
                "a quantity below 0",
                "usage only adds up; a correction belongs into the row that it corrects",
            ),
        }
        problems = []
        for test, (name, what, hint) in tests.items():
            count, first = self._engine.one(
                "SELECT count(*), min({'file': x_SourceFile, 'row': x_SourceRow})"
                f" FROM {rows.relation} WHERE {test}"
            )
            if count:
                of = f"of `{rows.source.name}`"
                have = f"{count} rows {of} have" if count > 1 else f"a row {of} has"
                problems.append(
                    Problem(
                        name=name,
                        level="stop",
                        sentence=f"{have} {what}",
                        place=rows.place(first["file"], first["row"]),
                        subject=rows.source.name,
                        hint=hint,
                    )
                )
        return problems

    def _sum(self, sources: Sequence[UsageRows], relations: Sequence[str]) -> None:
        """The view `summed`: quantities by identity and hour, costs only as delivered."""
        for at, (rows, relation) in enumerate(zip(sources, relations, strict=True)):
            self._engine.run(
                f"CREATE OR REPLACE TEMP TABLE native_hours_{at} AS"
                f" SELECT native_, date_trunc('hour', hour)::TIMESTAMP AS hour, {sums(rows)}"
                f" FROM {relation} GROUP BY ALL"
            )
        tables = [f"native_hours_{at}" for at in range(self._sources)]
        kinds = exact(self._engine, tables, priced=not self._is_all_native)
        count, distinct, multiple = self._engine.one(
            "SELECT count(*), count(DISTINCT id_), max(multiple_) FROM identity_of"
        )
        united = " UNION ALL BY NAME ".join(
            by_meter(at, rows, kinds, multiplied=multiple != 1) for at, rows in enumerate(sources)
        )
        if count == distinct:
            # Each identity as delivered is one of its own under its final names: all is summed.
            self._engine.run(f"CREATE OR REPLACE TEMP VIEW summed AS {united}")
            return
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE summed_again AS SELECT id_, hour,"
            f" sum(x_Quantity)::{kinds.quantity} AS x_Quantity,"
            f" sum(native_cost_)::{kinds.cost} AS native_cost_,"
            " sum(x_RequestCount)::BIGINT AS x_RequestCount"
            f" FROM ({united}) GROUP BY ALL"
        )
        self._engine.run("CREATE OR REPLACE TEMP VIEW summed AS FROM summed_again")

    @property
    def _is_all_native(self) -> bool:
        return all(map(is_native, self._configuration.usage))

    def _price(self, *, dated: bool) -> list[Problem]:
        prices = Prices(self._configuration)
        measure(self._engine)
        listed = ", ".join(_PRICED)
        asked = self._engine.rows(
            f"SELECT DISTINCT {listed} FROM identities SEMI JOIN measured USING (id_) ORDER BY ALL"
        )
        by_day = dated or any(prices.is_dated(p, m, meter) for p, m, meter, _ in asked)
        asked_on = "DISTINCT hour::DATE FROM summed" if by_day else "min(first_) FROM measured"
        days = self._engine.rows(f"SELECT {asked_on} ORDER BY ALL")
        found = []
        for row in asked:
            for (one,) in days:
                price = prices.on(row[0], row[1], row[2], row[3], one)
                found.append((*row, one if by_day else None, *_in_sql(price)))
        kinds = dict.fromkeys(_PRICED, "VARCHAR") | {"day_": "DATE", "currency_": "VARCHAR"}
        kinds |= {"digits_": "HUGEINT", "step_": "DECIMAL(19,18)", "price_": "VARCHAR"}
        kinds |= {"is_of_tier_": "BOOLEAN"}
        self._engine.table("priced", kinds, found)
        self._identify(by_day=by_day)
        on = f"s.id_ = n.old_{' AND hour::DATE = n.day_' if by_day else ''}"
        described = f"summed AS s JOIN identity_on AS n ON {on}"
        if self._is_all_native:
            self._as_stated(described)
        else:
            self._multiply(described)
        self._stored = shortest(self._engine, priced=not self._is_all_native)
        return self._notices()

    def _identify(self, *, by_day: bool) -> None:
        """The table `usage_identities`, with the currency of prices, and `day_` where it matters.

        `identity_on` says which one an identity as delivered is on a day.
        """
        native = {source.name for source in self._configuration.usage if is_native(source)}
        self._engine.table("native_sources", {"name": "VARCHAR"}, [(n,) for n in sorted(native)])
        columns = ("x_Source", *TEXTS, *self.tags)
        listed = ", ".join(map(quoted, columns))
        days = "DISTINCT id_, hour::DATE AS day_ FROM summed"
        if not by_day:
            days = "id_, NULL::DATE AS day_ FROM measured"
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE on_days AS SELECT i.* EXCLUDE (x_EstimatedCurrency),"
            " d.day_, n.name IS NOT NULL AS is_native_,"
            " CASE WHEN n.name IS NOT NULL THEN i.x_EstimatedCurrency ELSE p.currency_ END"
            " AS x_EstimatedCurrency, p.digits_, p.step_, p.price_, p.is_of_tier_"
            f" FROM (SELECT {days}) AS d"
            " JOIN identities AS i USING (id_)"
            " LEFT JOIN native_sources AS n ON n.name = i.x_Source"
            f" LEFT JOIN priced AS p ON {same('i', 'p', _PRICED)}"
            f" AND {same('d', 'p', ['day_'])}"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE usage_identities AS"
            f" SELECT row_number() OVER (ORDER BY {listed}, day_)::INTEGER AS id_, {listed}, day_"
            f" FROM (SELECT DISTINCT {listed}, day_ FROM on_days)"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE identity_on AS SELECT o.id_ AS old_, o.day_, u.id_,"
            " o.is_native_, o.digits_, o.step_, o.price_ FROM on_days AS o JOIN usage_identities"
            f" AS u ON {same('o', 'u', (*columns, 'day_'))}"
        )

    def _as_stated(self, described: str) -> None:
        """The view `usage_hours` where each source states its own cost: nothing is multiplied."""
        self._is_view = True
        is_numbered = "SELECT bool_and(old_ = id_ AND day_ IS NULL) FROM identity_on"
        if self._engine.one(is_numbered) == (True,):
            described = "summed AS n"
        self._engine.run(
            "CREATE OR REPLACE TEMP VIEW usage_hours AS SELECT n.id_::INTEGER AS id_, hour,"
            f" x_Quantity, native_cost_ AS x_EstimatedCost, x_RequestCount FROM {described}"
        )

    def _multiply(self, described: str) -> None:
        """The table `usage_hours`: x_EstimatedCost is quantity times price, rounded once (R2)."""
        # A whole quantity below 10^20 by the price's digits is exact in the engine.
        fits = (
            "x_Quantity = trunc(x_Quantity) AND abs(x_Quantity) < 1000000000000000000"
            " AND abs(x_Quantity::HUGEINT) * digits_ < 100000000000000000000"
        )
        product = "((x_Quantity::HUGEINT * digits_)::DECIMAL(20,0) * step_)::DECIMAL(38,18)"
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE usage_hours AS SELECT n.id_, hour, x_Quantity,"
            " CASE WHEN is_native_ THEN native_cost_"
            f" WHEN digits_ IS NOT NULL AND {fits} THEN {product} END AS x_EstimatedCost,"
            " x_RequestCount, CASE WHEN NOT is_native_ AND price_ IS NOT NULL"
            f" AND NOT coalesce({fits}, false) THEN price_ END AS by_hand_"
            f" FROM {described}"
        )
        pairs = self._engine.rows(
            "SELECT DISTINCT x_Quantity, by_hand_ FROM usage_hours WHERE by_hand_ IS NOT NULL"
        )
        products = [(quantity, price, _product(quantity, price)) for quantity, price in pairs]
        if products:
            kinds = {"q": "DECIMAL(38,18)", "price": "VARCHAR", "cost": "DECIMAL(38,18)"}
            self._engine.table("by_hand", kinds, products)
            self._engine.run(
                "UPDATE usage_hours SET x_EstimatedCost = b.cost FROM by_hand AS b"
                " WHERE b.q = x_Quantity AND b.price = by_hand_"
            )
        self._engine.run("ALTER TABLE usage_hours DROP COLUMN by_hand_")

    def _notices(self) -> list[Problem]:
        """Usage without a price, and usage at the standard price of another tier: `warn` (R11)."""
        rows = self._engine.rows(
            "SELECT i.x_Source, i.ServiceProviderName, i.x_Model, i.price_ IS NULL,"
            " CASE WHEN i.price_ IS NOT NULL THEN i.x_Tier END, i.x_Unit,"
            " sum(s.x_Quantity)::DECIMAL(38,18)"
            " FROM on_days AS i JOIN summed AS s USING (id_)"
            " WHERE NOT i.is_native_ AND i.x_Model IS NOT NULL"
            " AND (i.price_ IS NULL OR NOT i.is_of_tier_ AND i.price_ <> '0')"
            " AND (i.day_ IS NULL OR i.day_ = s.hour::DATE)"
            " GROUP BY ALL HAVING sum(s.x_Quantity) > 0 ORDER BY ALL"
        )
        places = {source.name: source.place for source in self._configuration.usage}
        shown: dict[tuple[Any, ...], list[str]] = {}
        for *model, unit, quantity in rows:
            named = unit or "units"
            if quantity == 1:
                named = named.removesuffix("s")
            amount = f"{quantity.normalize():f} {named}"
            shown.setdefault(tuple(model), []).append(amount)
        return [
            _notice(places[source], model, ", ".join(amounts))
            for (source, *model), amounts in shown.items()
        ]


def _whole(rows: UsageRows) -> str:
    """SQL: whether a row stands for a fraction of a call."""
    if "x_RequestCount" not in rows.columns:
        return "false"
    return "x_RequestCount <> trunc(x_RequestCount)"


def _in_sql(price: UnitPrice | None) -> tuple[Any, ...]:
    """A price as currency, digits and step (digits x step is the price), text, and of its tier."""
    if price is None:
        return None, None, None, None, None
    sign, digits, exponent = price.amount.normalize().as_tuple()
    assert not sign
    assert isinstance(exponent, int)
    whole = int("".join(map(str, digits))) * 10 ** max(exponent, 0)
    decimals = max(-exponent, 0)
    text = f"{price.amount.normalize():f}"
    if decimals > money.SCALE or whole >= 10**18:
        return price.currency, None, None, text, price.is_of_tier
    return price.currency, whole, Decimal(f"1E-{decimals}"), text, price.is_of_tier


def _product(quantity: Decimal, price: str) -> Decimal:
    """Quantity times price, rounded half-even to 18 decimals."""
    exact = Fraction(quantity) * Fraction(price) * 10**money.SCALE
    return Decimal(f"{round(exact)}E-{money.SCALE}")


def _notice(place: str, of_model: Sequence[Any], amounts: str) -> Problem:
    provider, model, is_unknown, tier = of_model
    of = f"`{model}` of {provider}" if provider else f"`{model}`, whose provider is not known"
    subject = " ".join(filter(None, (provider, model, tier)))
    if is_unknown:
        return Problem(
            name="unknown-price",
            level="warn",
            sentence=f"no list knows a price for {of}: {amounts} have no estimate",
            place=place,
            subject=subject,
            hint="add it to `prices`; splits by `quantity` need none",
        )
    return Problem(
        name="price-of-another-tier",
        level="warn",
        sentence=f"{of} in tier `{tier}` is estimated at its standard price: {amounts}",
        place=place,
        subject=subject,
        hint="add the tier's prices to `prices`",
    )
