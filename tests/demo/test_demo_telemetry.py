"""The demo's telemetry beside its bills: what was used agrees with what was billed, to the unit.

Read again by other means: csv, json and DuckDB, none of our own readers.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest

from everyline.demo.company import ANTHROPIC_GATEWAY
from everyline.demo.routes import ROUTES, Route

PERIODS = ("2026-09", "2026-10")


@pytest.fixture(scope="module")
def project(company: Path) -> Path:
    return company


@pytest.fixture(scope="module")
def calls(project: Path) -> list[dict[str, Any]]:
    """Calls of the gateway, digits of `spend` kept."""
    return [
        json.loads(line, parse_float=Decimal)
        for path in sorted((project / "usage/litellm").iterdir())
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tokens(call: dict[str, Any]) -> dict[str, int]:
    """Tokens by class, as LiteLLM's documentation counts them."""
    used = call["metadata"]["usage_object"]
    cached = used["prompt_tokens_details"]["cached_tokens"]
    written = used.get("cache_creation_input_tokens", 0)
    return {
        "input_tokens": call["prompt_tokens"] - cached - written,
        "cached_input_tokens": cached,
        "cache_write_tokens": written,
        "output_tokens": call["completion_tokens"],
    }


def openai_items(project: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(project.glob("bills/openai/*/*.json")):
        for bucket in json.loads(path.read_text(encoding="utf-8"))["data"]:
            day = datetime.fromtimestamp(bucket["start_time"], UTC).strftime("%Y-%m-%d")
            for result in bucket["results"]:
                yield day, result


def missed(route: Route) -> int:
    """Thousandths that go past the gateway."""
    return 1000 - sum(caller.share for caller in route.callers)


def test_the_gateway_saw_all_but_the_stated_thousandths_of_each_openai_line(
    project: Path, calls: list[dict[str, Any]]
) -> None:
    seen: Counter[tuple[str, str, str]] = Counter()
    for call in calls:
        for name, number in tokens(call).items():
            seen[call["model_id"], call["startTime"][:10], name] += number
    meters = {"input": "input_tokens", "cached input": "cached_input_tokens"}
    meters["output"] = "output_tokens"
    compared = 0
    for route in ROUTES:
        for day, item in openai_items(project):
            model, _, ending = item["line_item"].partition(", ")
            if (item["project_id"], model) != (route.place, route.model):
                continue
            expected = item["quantity"] * (1000 - missed(route)) // 1000
            found = seen[route.deployment, day, meters[ending]]
            # Each caller's part is rounded down to a whole token.
            assert 0 <= expected - found <= len(route.callers), (day, item)
            assert found < item["quantity"]
            compared += 1
    assert compared == 2 * 3 * 61


def test_the_gateway_never_saw_more_of_bedrock_than_was_billed(
    project: Path, calls: list[dict[str, Any]]
) -> None:
    """Per day, model and class; the lines of the account `ai-prod` that go through the gateway."""
    bills = [f"{project}/bills/aws/{version}/*.parquet" for version in (
        "2026-09/20261003T061512Z", "2026-10/20261103T060944Z"
    )]  # fmt: skip
    with duckdb.connect() as engine:
        engine.read_parquet(bills).create_view("bill")
        billed = engine.execute(
            """SELECT strftime(ChargePeriodStart, '%Y-%m-%d'), SkuMeter, ServiceName,
              sum(ConsumedQuantity * if(ConsumedUnit = 'N/A', 1000000, 1000))::BIGINT
            FROM bill WHERE SubAccountName = 'ai-prod' AND ChargeCategory = 'Usage'
              AND regexp_matches(ServiceName, 'Sonnet 4.5|Opus 4.8')
              AND (Tags IS NULL OR Tags::VARCHAR IN ('{}', '{iamPrincipal/team=customs}',
                '{owner=routing, app=route-planner, env=prod}',
                '{iamPrincipal/team=growth-hacks, usecase=campaign-copy}'))
            GROUP BY ALL"""
        ).fetchall()
    seen: Counter[tuple[str, str, str]] = Counter()
    for call in calls:
        if call["custom_llm_provider"] == "bedrock":
            family = "Sonnet" if "sonnet" in call["model"] else "Opus"
            for name, number in tokens(call).items():
                seen[call["startTime"][:10], family, name] += number
    meters = {"Input tokens": "input_tokens", "Cache read input tokens": "cached_input_tokens"}
    meters["Output tokens"] = "output_tokens"
    shares = []
    for day, meter, service, quantity in billed:
        family = "Sonnet" if "Sonnet" in service else "Opus"
        found = seen.pop((day, family, meters[meter]))
        assert found <= quantity, (day, meter, service)
        shares.append(Decimal(found) / quantity)
    assert not any(seen.values())
    assert Decimal("0.91") < min(shares) < max(shares) < Decimal("0.96")


def test_the_gateway_saw_95_of_100_dollars_of_its_anthropic_workspace(
    project: Path, calls: list[dict[str, Any]]
) -> None:
    """That bill has amounts alone: per day, 950 thousandths of them, less what rounding takes."""
    seen: defaultdict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        if call["custom_llm_provider"] == "anthropic":
            seen[call["startTime"][:10]] += call["spend"]
    billed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for path in sorted(project.glob("bills/anthropic/*/*.json")):
        for bucket in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for result in bucket["results"]:
                if result["workspace_id"] == ANTHROPIC_GATEWAY and result["token_type"]:
                    billed[bucket["starting_at"][:10]] += Decimal(result["amount"]) / 100
    assert len(seen) == len(billed) == 61
    for day, amount in billed.items():
        assert 0 <= amount * 95 / 100 - seen[day] < Decimal("0.001")


def test_there_are_a_few_ten_thousand_calls_each_with_an_id_of_its_own(
    calls: list[dict[str, Any]],
) -> None:
    assert len(calls) == 25_413
    assert len({call["request_id"] for call in calls}) == len(calls)
    began = [call["startTime"] for call in calls]
    assert began == sorted(began)
    assert all(call["endTime"] > call["startTime"] for call in calls)


def test_the_gateway_states_what_the_price_list_says(
    project: Path, calls: list[dict[str, Any]]
) -> None:
    prices: defaultdict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for row in rows_of(project / "names/prices.csv"):
        prices[row["ServiceProviderName"], row["x_Model"]][row["x_Meter"]] = Decimal(
            row["unit_price"]
        )
    models = {
        "openai-gpt-5": ("OpenAI", "gpt-5"),
        "openai-gpt-4o-legacy": ("OpenAI", "gpt-4o"),
        "anthropic-sonnet-5": ("Anthropic", "claude-sonnet-5"),
        "bedrock-sonnet-4-5": ("Amazon Web Services", "claude-sonnet-4-5"),
        "bedrock-opus-4-8": ("Amazon Web Services", "claude-opus-4-8"),
    }
    assert set(models.values()) == set(prices)
    for call in calls:
        price = prices[models[call["model_id"]]]
        used = {name: number for name, number in tokens(call).items() if number}
        assert call["spend"] == sum(number * price[name] for name, number in used.items())


def test_one_key_is_shared_and_every_other_has_an_owner(
    project: Path, calls: list[dict[str, Any]]
) -> None:
    registered = {row["x_CredentialId"] for row in rows_of(project / "owners/keys.csv")}
    aliases = {call["api_key"]: call["metadata"]["user_api_key_alias"] for call in calls}
    assert registered <= set(aliases)
    assert {aliases[key] for key in set(aliases) - registered} == {"assist"}
    shared = [call for call in calls if aliases[call["api_key"]] == "assist"]
    assert {tuple(call["request_tags"][:1]) for call in shared} == {
        ("team:routing",),
        ("team:marketing",),
        (),
    }
    known = {row["x_PrincipalId"] for row in rows_of(project / "owners/people.csv")}
    callers = {call["user"] for call in shared if not call["request_tags"]}
    assert callers - known == {"trial@halcyon-parcel.example"}


def test_every_day_of_the_clusters_sums_to_their_twelve_gpus(project: Path) -> None:
    days = 0
    for path in sorted((project / "usage/opencost").iterdir()):
        for step in json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["data"]:
            hours: defaultdict[str, Decimal] = defaultdict(Decimal)
            for name, one in step.items():
                assert one["gpuHours"] > 0, name
                assert name.startswith(one["properties"]["cluster"])
                hours[one["properties"]["cluster"]] += one["gpuHours"]
            assert hours == {"gpu-serve": 96, "gpu-train": 192}
            days += 1
    assert days == 61


def test_each_seat_on_the_bill_is_somebody_and_most_are_known(project: Path) -> None:
    known = {row["x_PrincipalId"] for row in rows_of(project / "owners/people.csv")}
    unknown = []
    for period, seats in zip(PERIODS, (172, 179), strict=True):
        billed = rows_of(project / f"bills/github/{period}.csv")
        assert sum(int(row["quantity"]) for row in billed) == seats
        text = (project / f"usage/copilot/{period}.json").read_text(encoding="utf-8")
        pages = [json.loads(line) for line in text.splitlines()]
        assert [len(page["seats"]) for page in pages] == [100, seats - 100]
        assert {page["total_seats"] for page in pages} == {seats}
        logins = [seat["assignee"]["login"] for page in pages for seat in page["seats"]]
        assert len(set(logins)) == seats
        unknown.append(sorted(set(logins) - known))
    assert unknown == [["hp-ext-05", "hp-ext-06"], ["hp-ext-05", "hp-ext-06", "hp-ext-07"]]


def test_reads_of_the_shared_indexes_are_the_read_units_on_the_bill(project: Path) -> None:
    read: Counter[tuple[str, str]] = Counter()
    for row in rows_of(project / "usage/vectors/2026-10.csv"):
        read[row["day"], row["index"]] += int(row["reads"])
    billed: Counter[tuple[str, str]] = Counter()
    with ZipFile(project / "bills/pinecone/2026-10/cost-usage-export.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".csv"):
                for row in csv.DictReader(io.StringIO(archive.read(name).decode())):
                    if row["SkuMeter"] == "Read Units" and row["ResourceName"].startswith("addr"):
                        day = row["ChargePeriodStart"][:10]
                        billed[day, row["ResourceName"]] += int(row["ConsumedQuantity"])
    assert read == billed
    assert len(read) == 2 * 31
