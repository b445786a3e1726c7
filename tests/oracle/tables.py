"""The published tables of the package, read as data."""

import csv
import re
from functools import cache
from importlib.resources import files

from oracle.settings import Project, table


def _package(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader((files("everyline") / path).read_text("utf-8").splitlines()))


def folded(text: str) -> str:
    return text.strip().casefold()


@cache
def minor_digits() -> dict[str, int]:
    return {row["code"]: int(row["minor_digits"]) for row in _package("currencies.csv")}


@cache
def _providers() -> dict[str, str]:
    rows = _package("names/providers.csv")
    return {folded(row["name"]): row["ServiceProviderName"] for row in rows}


def provider(name: str) -> str:
    return _providers().get(folded(name), name)


@cache
def _built_in(file: str, column: str) -> dict[str, str]:
    return {folded(row["name"]): row[column] for row in _package(f"names/{file}")}


def _own(project: Project, setting: str, column: str) -> dict[str, str]:
    if setting not in project.settings:
        return {}
    _, rows = table(project.folder, project.settings[setting])
    return {folded(cells["name"]): cells[column] for _, cells in rows}


def models(project: Project) -> dict[str, str]:
    return _built_in("models.csv", "x_Model") | _own(project, "models", "x_Model")


def meters(project: Project) -> dict[str, str]:
    return _built_in("meters.csv", "x_Meter") | _own(project, "meters", "x_Meter")


def meter(project: Project, text: str) -> str:
    """The one name of a meter; one that no table lists becomes its snake case (R27)."""
    return meters(project).get(folded(text)) or re.sub(r"[^a-z0-9]+", "_", folded(text))


def multiple(unit: str | None) -> tuple[str | None, int]:
    """A unit as written, less the multiple that stands before it, and that multiple."""
    found = re.fullmatch(r"(1k|1000|1m|1000000)[ _]+(.*)", (unit or "").strip(), re.I | re.S)
    if found is None:
        return unit, 1
    times = {"1k": 1000, "1000": 1000, "1m": 10**6, "1000000": 10**6}[folded(found[1])]
    return found[2], times


def single(unit: str | None) -> tuple[str | None, int]:
    """A unit as units are compared, and the multiple that stood before it (section 2)."""
    text, times = multiple(unit)
    return (folded(text).removesuffix("s") if text is not None else None), times


@cache
def layers() -> tuple[tuple[str, str, tuple[tuple[str, re.Pattern[str]], ...]], ...]:
    """Name, layer and tests of each built-in rule, first match first."""
    found = []
    for row in _package("charges/layers.csv"):
        cells = [
            (c, t)
            for c, t in row.items()
            if t and c not in ("name", "layer", "candidate", "source")
        ]
        found.append((row["name"], row["layer"], tuple((c, _globs(t)) for c, t in cells)))
    return tuple(found)


def _globs(cell: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": ".", "|": "|"}
    return re.compile("".join(signs.get(sign) or re.escape(sign) for sign in cell), re.DOTALL)


@cache
def focus() -> frozenset[str]:
    """The columns of FOCUS 1.4."""
    names = """
    AllocatedMethodDetails AllocatedMethodId AllocatedResourceId AllocatedResourceName AllocatedTags
    AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingAccountType
    BillingCurrency BillingPeriodEnd BillingPeriodStart CapacityReservationId
    CapacityReservationStatus ChargeCategory ChargeClass ChargeDescription ChargeFrequency
    ChargePeriodEnd ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId
    CommitmentDiscountName CommitmentDiscountQuantity CommitmentDiscountStatus
    CommitmentDiscountType CommitmentDiscountUnit CommitmentProgramEligibilityDetails
    ConsumedQuantity ConsumedUnit ContractApplied ContractedCost ContractedUnitPrice EffectiveCost
    HostProviderName InvoiceDetailId InvoiceId InvoiceIssuerName ListCost ListUnitPrice
    PricingCategory PricingCurrency PricingCurrencyContractedUnitPrice
    PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice PricingQuantity PricingUnit RegionId
    RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName
    ServiceProviderName ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId SubAccountId
    SubAccountName SubAccountType Tags
    """
    return frozenset(names.split())
