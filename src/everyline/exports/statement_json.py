"""A statement as JSON: each amount as shown and, beside it, exact; all amounts are text."""

import json
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal

from everyline import figures
from everyline.exports import statement_words as words
from everyline.exports.statement import Amount, Block, Row, Statement

Tree = Mapping[str, object]


def as_json(statement: Statement) -> str:
    """The document; `x_EffectiveAmount` is rounded (R23), `EffectiveCost` is exact."""
    return json.dumps(tree(statement), ensure_ascii=False, indent=1) + "\n"


def tree(statement: Statement) -> Tree:
    """All that the statement says."""
    return {
        "key": statement.key,
        "owner": statement.owner,
        "x_Period": statement.period,
        "before": statement.before,
        "closed": statement.closed,
        "run": statement.run,
        "blocks": [_block(statement, block) for block in statement.blocks],
        "fresh": [
            {"kind": one.kind, "x_Source": one.source, "until": f"{one.until.isoformat()}Z"}
            for one in statement.fresh
        ],
        "disputes": [
            one._asdict() | {"amount": figures.exact(one.amount)} for one in statement.disputes
        ],
        "explain": shlex.join(["everyline", *words.explains(statement)]),
    }


def _block(statement: Statement, block: Block) -> Tree:
    part = statement.part_key
    keyed = [part] if part else []
    return {
        "BillingCurrency": block.currency,
        "estimated": block.estimated,
        "total": _row(block.total, ()),
        "billed": {
            "now": _amount(block.billed.now, "x_BilledAmount", "BilledCost"),
            "before": _amount(block.billed.before, "x_BilledAmount", "BilledCost"),
        },
        "metered": _amount(block.metered),
        "corrections": [_row(row, ("x_CorrectsPeriod",)) for row in block.corrections],
        "changes": _rows(block.changes, part, ("x_Layer", "ServiceName")),
        "parts": _rows(block.parts, part, ("x_Layer",)),
        "ways": [
            _row(way.row, ("x_Method", "x_Pool")) | {"words": list(way.words)} for way in block.ways
        ],
        "issuers": [
            {
                "InvoiceIssuerName": one.name,
                **_amount(one.effective),
                **_amount(one.billed, "x_BilledAmount", "BilledCost"),
                "x_BilledAmountOfAll": figures.exact(one.billed_of_all.shown),
                "x_EffectiveAmountOfAll": figures.exact(one.effective_of_all.shown),
            }
            for one in block.issuers
        ],
        "near": {
            "means": words.near(statement.key),
            "rows": [
                {
                    "ServiceProviderName": one.provider,
                    "account": one.account,
                    "ServiceName": one.service,
                    f"{statement.key}_evidence": one.evidence,
                    **_amount(one.cost),
                }
                for one in block.near
            ],
        },
        "parts_by": [*keyed, "x_Layer"],
    }


def _rows(rows: Sequence[Row], part: str | None, names: tuple[str, ...]) -> list[Tree]:
    """Rows whose first name is a value of the part key; dropped where there is none."""
    if part:
        return [_row(row, (part, *names)) for row in rows]
    return [_row(row._replace(names=row.names[1:]), names) for row in rows]


def _row(row: Row, names: Sequence[str]) -> dict[str, object]:
    named: dict[str, object] = dict(zip(names, row.names, strict=True))
    return named | {
        "now": _amount(row.now),
        "before": _amount(row.before),
        "change": _amount(row.change),
    }


def _amount(
    amount: Amount, shown: str = "x_EffectiveAmount", exact: str = "EffectiveCost"
) -> dict[str, str]:
    return {shown: _text(amount.shown), exact: _text(amount.exact)}


def _text(value: Decimal) -> str:
    return figures.exact(value)
