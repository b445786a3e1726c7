"""Billed beside seen (R24, kind `usage`): how much of what is billed the telemetry has seen.

The gap is the finding: calls that nobody logged, or usage that no bill has. It has no tolerance.
"""

from collections.abc import Iterable

from everyline.engines.duckdb import Engine, literal, same
from everyline.units import unit

_BY = ("x_Period", "ServiceProviderName", "x_Model", "x_Meter")


def seen(engine: Engine, groups: str, identities: str, hours: str, left_out: Iterable[str]) -> str:
    """SELECT of the rows of kind `usage`.

    Args:
        engine: where the units of quantities are looked up.
        groups: SQL of the relation.
        identities: SQL of the identities of usage, with `id_`.
        hours: SQL of the hours of usage, by `id_`.
        left_out: names of usage sources that do not count (`reconcile: false`).
    """
    in_scope = (
        f"(SELECT * FROM {groups} WHERE x_Layer <> 'none' AND x_Basis <> 'estimated'"
        " AND x_Model IS NOT NULL AND x_Meter IS NOT NULL)"
    )
    texts = engine.rows(f"SELECT DISTINCT ConsumedUnit FROM {in_scope} ORDER BY ALL")
    multiples = [(text, unit(text).multiple) for (text,) in texts if text is not None]
    engine.table("billed_units", {"text": "VARCHAR", "multiple": "DECIMAL(19,0)"}, multiples)
    names = ", ".join(literal(name) for name in left_out) or "NULL"
    quantity = "(ConsumedQuantity * coalesce(u.multiple, 1))::DECIMAL(38,18)"
    billed = (
        f"SELECT {', '.join(_BY)}, BillingCurrency, sum({quantity})::DECIMAL(38,18) AS quantity,"
        f" sum(ListCost)::DECIMAL(38,18) AS cost FROM {in_scope}"
        " LEFT JOIN billed_units AS u ON u.text = ConsumedUnit GROUP BY ALL"
    )
    by_month = (
        f"SELECT strftime(month_, '%Y-%m') AS x_Period, {', '.join(_BY[1:])},"
        " x_EstimatedCurrency, sum(x_Quantity)::DECIMAL(38,18) AS quantity,"
        " sum(x_EstimatedCost)::DECIMAL(38,18) AS cost"
        " FROM (SELECT id_, date_trunc('month', hour) AS month_,"
        " sum(x_Quantity)::DECIMAL(38,18) AS x_Quantity,"
        " sum(x_EstimatedCost)::DECIMAL(38,18) AS x_EstimatedCost"
        f" FROM {hours} GROUP BY ALL) JOIN {identities} USING (id_)"
        f" WHERE x_Source NOT IN ({names}) IS NOT FALSE GROUP BY ALL"
    )
    compared = (
        f"SELECT b.*, (SELECT sum(s.quantity) FROM seen AS s WHERE {same('s', 'b', _BY)})"
        " AS seen_quantity,"
        f" (SELECT sum(s.cost) FROM seen AS s WHERE {same('s', 'b', _BY)}"
        " AND s.x_EstimatedCurrency = b.BillingCurrency) AS seen_cost FROM billed AS b"
    )
    measures = {
        "ConsumedQuantity": ("quantity", "seen_quantity"),
        "ListCost": ("cost", "seen_cost"),
    }
    rows = " UNION ALL ".join(_row(measure, *columns) for measure, columns in measures.items())
    return f"WITH billed AS ({billed}), seen AS ({by_month}), compared AS ({compared}) {rows}"


def _row(measure: str, expected: str, found: str) -> str:
    difference = f"coalesce({found}, 0) - coalesce({expected}, 0)"
    return (
        "SELECT 'usage' AS x_Kind, x_Period, NULL::VARCHAR AS InvoiceIssuerName,"
        " NULL::VARCHAR AS InvoiceId, BillingCurrency, ServiceProviderName, x_Model, x_Meter,"
        f" {literal(measure)} AS x_Measure, {expected}::DECIMAL(38,18) AS x_Expected,"
        f" {found}::DECIMAL(38,18) AS x_Found, ({difference})::DECIMAL(38,18) AS x_Difference,"
        " NULL::DECIMAL(38,18) AS x_Tolerance, NULL::BOOLEAN AS x_Within FROM compared"
    )
