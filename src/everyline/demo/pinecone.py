"""The Pinecone bill: the "cost usage export", FOCUS 1.4 as two CSV parts in a zip with a manifest.

The vendor does not publish the manifest's keys; those here are invented.
"""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from everyline.demo.company import PERIODS, PINECONE, Index, days, units_of_day
from everyline.demo.writing import as_csv

ORDER = ("ChargePeriodStart", "SubAccountName", "ResourceName", "ChargeDescription")
INVOICES = {"2026-09": "PC-2026-09-41877", "2026-10": "PC-2026-10-42650"}


class Meter(NamedTuple):
    """What Pinecone counts; a price in USD is for `block` units."""

    name: str
    unit: str
    price: int | str
    block: int


READ = Meter("Read Units", "Read Units", 16, 1_000_000)
WRITE = Meter("Write Units", "Write Units", 4, 1_000_000)
STORAGE = Meter("Storage", "GB-Months", "0.33", 1)


def write_pinecone(folder: Path) -> list[tuple[str, str, Decimal]]:
    """Write `folder`/{period}/cost-usage-export.zip; return (period, InvoiceId, exact USD) rows."""
    totals = []
    for period in PERIODS:
        rows = sorted(
            (
                _row(index, meter, quantity, day)
                for day in days(period)
                for index in PINECONE
                for meter, quantity in _quantities(index, day)
            ),
            key=itemgetter(*ORDER),
        )
        _write_zip(folder / period / "cost-usage-export.zip", rows, period)
        total = sum((Decimal(row["BilledCost"]) for row in rows), Decimal())
        totals.append((period, INVOICES[period], total))
    return totals


def reads_of(index: Index, day: datetime) -> int:
    """The read units of an index on a day."""
    return units_of_day(index.reads_thousands, day, "reads", index.name)


def _quantities(index: Index, day: datetime) -> list[tuple[Meter, Decimal]]:
    reads = reads_of(index, day)
    writes = units_of_day(index.writes_thousands, day, "writes", index.name)
    gigabyte_months = Decimal(index.gigabytes * 1000 + day.timetuple().tm_yday).scaleb(-3) / 30
    return [
        (READ, Decimal(reads)),
        (WRITE, Decimal(writes)),
        (STORAGE, gigabyte_months.quantize(Decimal("0.000001"))),
    ]


def _row(index: Index, meter: Meter, quantity: Decimal, day: datetime) -> dict[str, str]:
    sku = f"pinecone-{meter.name.lower().replace(' ', '-')}-aws-us-east-1"
    first = day.replace(day=1)
    cost = f"{quantity * Decimal(meter.price) / meter.block:f}"
    blocks = f"{quantity / meter.block:f}"
    return {
        "BilledCost": cost,
        "BillingAccountId": "-OHalcyonParcel01",
        "BillingAccountName": "Halcyon Parcel",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": _instant((first + timedelta(days=31)).replace(day=1)),
        "BillingPeriodStart": _instant(first),
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": f"{meter.name} ({sku})",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": _instant(day + timedelta(days=1)),
        "ChargePeriodStart": _instant(day),
        "ConsumedQuantity": f"{quantity:f}",
        "ConsumedUnit": meter.unit,
        "ContractedCost": cost,
        "ContractedUnitPrice": str(meter.price),
        "EffectiveCost": cost,
        "HostProviderName": "AWS",
        "InvoiceId": INVOICES[f"{day:%Y-%m}"],
        "InvoiceIssuerName": "Pinecone",
        "ListCost": cost,
        "ListUnitPrice": str(meter.price),
        "PricingCategory": "Standard",
        "PricingQuantity": blocks,
        "PricingUnit": meter.unit if meter.block == 1 else f"{meter.block} {meter.unit}",
        "RegionId": "us-east-1",
        "RegionName": "us-east-1",
        "ResourceId": f"idx-{index.name}",
        "ResourceName": index.name,
        "ResourceType": "Index",
        "ServiceCategory": "Databases",
        "ServiceName": "Pinecone Database",
        "ServiceProviderName": "Pinecone",
        "ServiceSubcategory": "Other (Databases)",
        "SkuId": sku,
        "SkuMeter": meter.name,
        "SkuPriceId": f"{sku}-standard",
        "SubAccountId": f"prj-{index.project}",
        "SubAccountName": index.project,
        "Tags": index.tags,
    }


def _write_zip(path: Path, rows: list[dict[str, str]], period: str) -> None:
    """Stored, not compressed: compressors differ between systems in the bytes they make."""
    half = len(rows) // 2
    parts = {"part-1-of-2.csv": rows[:half], "part-2-of-2.csv": rows[half:]}
    manifest = {"period": period, "parts": list(parts), "rows": len(rows)}
    texts = {"manifest.json": json.dumps(manifest, indent=1) + "\n"} | {
        name: as_csv(list(rows[0]), [list(row.values()) for row in part])
        for name, part in parts.items()
    }
    path.parent.mkdir(parents=True)
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, text in texts.items():
            entry = ZipInfo(name, date_time=(2026, 11, 2, 6, 0, 0))
            entry.create_system = 3  # Unix, on Windows too
            archive.writestr(entry, text)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
