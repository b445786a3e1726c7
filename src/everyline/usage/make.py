"""The usage stage: rows of telemetry in, hours of identities with their estimated cost out (R11).

`hours` are summed in the engine by the number of an identity. What hangs on the day, prices and
owners, is asked once per distinct identity and day; where nothing is dated, once per identity.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from everyline import money
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, quoted, same
from everyline.problems import Problem
from everyline.usage.identities import TEXTS, Identities
from everyline.usage.prices import Prices, UnitPrice
from everyline.usage_rows import UsageRows

_ANY_DAY = date(1970, 1, 1)
_PRICED = ("ServiceProviderName", "x_Model", "x_Meter", "x_Tier")
_MEASURES = ("x_Quantity", "x_EstimatedCost", "x_RequestCount")


class Usage:
    """The usage of one run.

    `make` leaves the temporary tables `usage_identities` (`id_`, x_Source, TEXTS, tag columns, and
    `day_` where owners are dated) and `usage_hours` (`id_`, hour, x_Quantity, x_EstimatedCost,
    x_RequestCount).
    """

    def __init__(
        self, engine: Engine, configuration: Configuration, is_asked: Callable[[str], bool]
    ) -> None:
        """`is_asked` says of a tag key as delivered whether the configuration names it."""
        self._engine = engine
        self._configuration = configuration
        self._identities = Identities(engine, configuration, is_asked)
        self._sources = 0

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

    def let_go(self) -> None:
        """Drops the tables of hours, which hold most of the memory, once they are written."""
        self._engine.run("DROP VIEW summed; DROP TABLE usage_hours")
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
        parts = []
        for at, (rows, relation) in enumerate(zip(sources, relations, strict=True)):
            self._engine.run(
                f"CREATE OR REPLACE TEMP TABLE native_hours_{at} AS"
                f" SELECT native_, date_trunc('hour', hour)::TIMESTAMP AS hour, {_sums(rows)}"
                f" FROM {relation} GROUP BY ALL"
            )
            parts.append(_by_meter(at, rows))
        united = " UNION ALL BY NAME ".join(parts)
        rows, distinct = self._engine.one("SELECT count(*), count(DISTINCT id_) FROM identity_of")
        if rows == distinct:
            # Each identity as delivered is one of its own under its final names: all is summed.
            self._engine.run(f"CREATE OR REPLACE TEMP VIEW summed AS {united}")
            return
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE summed_again AS SELECT id_, hour,"
            " sum(x_Quantity)::DECIMAL(38,18) AS x_Quantity,"
            " sum(native_cost_)::DECIMAL(38,18) AS native_cost_,"
            " sum(x_RequestCount)::BIGINT AS x_RequestCount"
            f" FROM ({united}) GROUP BY ALL"
        )
        self._engine.run("CREATE OR REPLACE TEMP VIEW summed AS FROM summed_again")

    def _price(self, *, dated: bool) -> list[Problem]:
        prices = Prices(self._configuration)
        listed = ", ".join(_PRICED)
        asked = self._engine.rows(
            f"SELECT DISTINCT {listed} FROM identities JOIN (SELECT DISTINCT id_ FROM summed)"
            " USING (id_) ORDER BY ALL"
        )
        by_day = dated or any(prices.is_dated(p, m, meter) for p, m, meter, _ in asked)
        day = "hour::DATE" if by_day else "NULL::DATE"
        days = self._engine.rows("SELECT DISTINCT hour::DATE FROM summed ORDER BY ALL")
        found = []
        for row in asked:
            for (one,) in days if by_day else [(days[0][0] if days else _ANY_DAY,)]:
                price = prices.on(row[0], row[1], row[2], row[3], one)
                found.append((*row, one if by_day else None, *_in_sql(price)))
        kinds = dict.fromkeys(_PRICED, "VARCHAR") | {"day_": "DATE", "currency_": "VARCHAR"}
        kinds |= {"digits_": "HUGEINT", "step_": "DECIMAL(19,18)", "price_": "VARCHAR"}
        kinds |= {"is_of_tier_": "BOOLEAN"}
        self._engine.table("priced", kinds, found)
        self._identify(day)
        self._multiply(day)
        return self._notices()

    def _identify(self, day: str) -> None:
        """The table `usage_identities`, with the currency of prices, and `day_` where it matters.

        `identity_on` says which one an identity as delivered is on a day.
        """
        native = {source.name for source in self._configuration.usage if _is_native(source)}
        self._engine.table("native_sources", {"name": "VARCHAR"}, [(n,) for n in sorted(native)])
        columns = ("x_Source", *TEXTS, *self.tags)
        listed = ", ".join(map(quoted, columns))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE on_days AS SELECT i.* EXCLUDE (x_EstimatedCurrency),"
            " d.day_, n.name IS NOT NULL AS is_native_,"
            " CASE WHEN n.name IS NOT NULL THEN i.x_EstimatedCurrency ELSE p.currency_ END"
            " AS x_EstimatedCurrency, p.digits_, p.step_, p.price_, p.is_of_tier_"
            f" FROM (SELECT DISTINCT id_, {day} AS day_ FROM summed) AS d"
            " JOIN identities AS i USING (id_)"
            " LEFT JOIN native_sources AS n ON n.name = i.x_Source"
            f" LEFT JOIN priced AS p ON {same('i', 'p', _PRICED)}"
            f" AND {same('d', 'p', ['day_'])}"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE usage_identities AS"
            f" SELECT row_number() OVER (ORDER BY {listed}, day_) AS id_, {listed}, day_"
            f" FROM (SELECT DISTINCT {listed}, day_ FROM on_days)"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE identity_on AS SELECT o.id_ AS old_, o.day_, u.id_,"
            " o.is_native_, o.digits_, o.step_, o.price_ FROM on_days AS o JOIN usage_identities"
            f" AS u ON {same('o', 'u', (*columns, 'day_'))}"
        )

    def _multiply(self, day: str) -> None:
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
            f" FROM (SELECT *, {day} AS day_ FROM summed) AS s"
            f" JOIN identity_on AS n ON s.id_ = n.old_ AND {same('s', 'n', ['day_'])}"
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


def _is_native(source: Any) -> bool:
    return bool(source.estimated_cost == "native")


def _sums(rows: UsageRows) -> str:
    """SQL of the sums of one source: a column for each meter of calls, else x_Quantity."""
    has = rows.columns
    counted = "x_RequestCount" in has
    if not rows.meters:
        count = "sum(x_RequestCount)" if counted else "0"
        sums = {"x_Quantity": "coalesce(sum(x_Quantity), 0)", "x_RequestCount": count}
    else:
        count = "sum(coalesce(x_RequestCount, 1))" if counted else "count(*)"
        sums = {"x_RequestCount": count}
        for column in rows.meters:
            missing = count if column == "requests" else "0"
            sum_ = f"coalesce(sum({quoted(column)}), 0)" if column in has else missing
            sums[f"sum_{column}"] = sum_
    native = _is_native(rows.source) and "x_EstimatedCost" in has
    sums["native_cost_"] = "sum(x_EstimatedCost)" if native else "NULL"
    kinds = {"x_RequestCount": "BIGINT"}
    return ", ".join(
        f"({sql})::{kinds.get(name, 'DECIMAL(38,18)')} AS {quoted(name)}"
        for name, sql in sums.items()
    )


def _by_meter(at: int, rows: UsageRows) -> str:
    """SELECT of a source's hours under final identities, a row for each meter of a call."""
    joined = (
        f"FROM native_hours_{at} AS h JOIN identity_of AS o"
        f" ON o.source_ = {at} AND o.native_ = h.native_"
    )
    if not rows.meters:
        quantity = "(x_Quantity * multiple_::DECIMAL(19,0))::DECIMAL(38,18)"
        # Reports state zeros; a row stands for something that was used (R11).
        used = (
            "" if rows.source.format == "table" else " WHERE x_Quantity > 0 OR x_RequestCount > 0"
        )
        return (
            f"SELECT id_, hour, {quantity} AS x_Quantity, native_cost_, x_RequestCount"
            f" {joined}{used}"
        )
    found = []
    for column in rows.meters:
        is_call = column == "requests"
        # Each call makes a `requests` row, and one for each class of tokens above 0 (R11).
        above = "" if is_call else f" AND h.{quoted(f'sum_{column}')} > 0"
        found.append(
            f"SELECT id_, hour, {quoted(f'sum_{column}')} AS x_Quantity,"
            f" {'native_cost_' if is_call else 'NULL::DECIMAL(38,18)'} AS native_cost_,"
            f" {'x_RequestCount' if is_call else '0::BIGINT'} AS x_RequestCount"
            f" {joined} AND o.meter_ = '{column}'{above}"
        )
    return " UNION ALL BY NAME ".join(found)


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
