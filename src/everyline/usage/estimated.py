"""Estimated charges (R3): usage that a project wants to see as cost where there is no bill.

Each usage row that meets the `charges` of its source becomes one charge, at its estimated cost.
"""

from collections.abc import Sequence

from everyline import conditions
from everyline.bill_lines import BillLines
from everyline.conditions import SqlColumn
from everyline.config.columns import column_type
from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.names import with_provider_names
from everyline.problems import Problem
from everyline.tag_columns import by_name, key_of
from everyline.usage.view import usage

_COLUMNS = {
    "ServiceProviderName": "ServiceProviderName",
    "InvoiceIssuerName": "ServiceProviderName",
    "SubAccountId": "SubAccountId",
    "x_CredentialId": "x_CredentialId",
    "x_PrincipalId": "x_PrincipalId",
    "ResourceId": "ResourceId",
    "ServiceName": "x_Model",
    "x_Model": "x_Model",
    "x_Meter": "x_Meter",
    "x_Tier": "x_Tier",
    "ChargeCategory": "'Usage'",
    "ChargePeriodStart": "hour",
    "ChargePeriodEnd": "hour + INTERVAL 1 HOUR",
    "BillingCurrency": "x_EstimatedCurrency",
    "BilledCost": "x_EstimatedCost",
    "EffectiveCost": "x_EstimatedCost",
    "ListCost": "x_EstimatedCost",
    "ContractedCost": "x_EstimatedCost",
    "ConsumedQuantity": "x_Quantity",
    "ConsumedUnit": "x_Unit",
    "Tags": "Tags",
    "x_Basis": "'estimated'",
}


def estimated(
    engine: Engine, source: UsageSource, tags: Sequence[str], number: int
) -> tuple[BillLines | None, list[Problem]]:
    """The estimated charges of one source, None where there are none.

    Args:
        engine: where the tables `usage_identities` and `usage_hours` lie.
        source: of telemetry, with `charges`.
        tags: the tag columns of identities.
        number: tells the tables of sources apart.
    """
    assert source.charges
    columns = by_name(engine.columns("usage_identities") | {"hour": "TIMESTAMP"})

    def column(name: str) -> SqlColumn | None:
        at = columns.get(name)
        return SqlColumn(quoted(at), column_type(name) or "text") if at else None

    test = conditions.sql(with_provider_names(source.charges), column)
    wanted = f"x_Source = {literal(source.name)} AND {test}"
    chosen = f"(SELECT * FROM usage_identities JOIN usage_hours USING (id_) WHERE {wanted})"
    sums = "hour, x_Quantity, x_EstimatedCost, x_RequestCount"
    rows = usage(
        f"(SELECT DISTINCT * EXCLUDE ({sums}) FROM {chosen})",
        f"(SELECT id_, {sums} FROM {chosen})",
        tags,
        (),
    )
    problems = _without_cost(engine, source, rows)
    table = f"estimated_{number}"
    picked = ", ".join(f"{sql} AS {name}" for name, sql in _COLUMNS.items())
    file = literal(source.path)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {file} AS x_SourceFile,"
        f" row_number() OVER (ORDER BY {', '.join(_COLUMNS)}) AS x_SourceRow"
        f" FROM (SELECT {picked} FROM ({rows}) WHERE x_EstimatedCost IS NOT NULL)"
    )
    count, sum_, xor = engine.one(
        f"SELECT count(*), sum(hash(t)::HUGEINT)::VARCHAR, bit_xor(hash(t)) FROM {table} AS t"
    )
    if not count:
        return None, problems
    return (
        BillLines(
            source=source.name,
            fingerprint=f"{count} {sum_} {xor}",
            file=source.path,
            relation=table,
            columns=tuple(_COLUMNS),
            tag_keys=tuple(key_of(tag) for tag in tags),
            place=lambda _, row: source.place,
            rounded={},
        ),
        problems,
    )


def _without_cost(engine: Engine, source: UsageSource, rows: str) -> list[Problem]:
    """Rows that no price is known for make no charge: `warn`, with their quantity."""
    found = engine.rows(
        "SELECT x_Model, x_Meter, x_Unit, sum(x_Quantity)::DECIMAL(38,18)"
        f" FROM ({rows}) WHERE x_EstimatedCost IS NULL GROUP BY ALL ORDER BY ALL"
    )
    return [
        Problem(
            name="no-estimate",
            level="warn",
            sentence=f"usage of `{model or 'no model'}` has no estimated cost, so it is no charge:"
            f" {quantity.normalize():f} {unit or 'units'} of `{meter}`",
            place=source.place,
            subject=f"{source.name}: {model} {meter}",
            hint="add its price to `prices`",
        )
        for model, meter, unit, quantity in found
    ]
