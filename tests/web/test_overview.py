"""The overview, owners and one owner's statement: their figures are those of the relations."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from sites import Rows, site, table
from starlette.testclient import TestClient

import stated
from made import run

Printed = Callable[..., Rows]


def _by(rows: Rows, *columns: str, of: str = "x_EffectiveAmount") -> dict[tuple[str, ...], Decimal]:
    found: dict[tuple[str, ...], Decimal] = {}
    for row in rows:
        key = tuple(row[column] for column in columns)
        found[key] = found.get(key, Decimal(0)) + Decimal(row[of])
    return found


def test_the_overview_says_what_is_owned_and_what_the_bill_is(worked_site: TestClient) -> None:
    """160.00 in all, of which 26.71 is nobody's: by hand in the guide to shared cost."""
    answer = worked_site.get("/")
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.text)
    shown = re.sub(r"\s+", " ", text)
    assert "Owned 133.29 Unallocated 26.71 AI cost, USD 160.00" in shown
    assert "Difference to the bill 0.00" in shown
    assert "+140.00" in shown  # September has 20.00


def test_owners_are_those_of_the_statements(
    odd: Path, odd_site: TestClient, printed: Printed
) -> None:
    for currency in ("USD", "JPY"):
        told = printed(odd, "statements", "--period", "2026-10")
        told = [row for row in told if row["BillingCurrency"] == currency]
        of_owner = _by(told, "team")
        rows = table(odd_site, f"/owners?currency={currency}", "owners")
        now = {(row["team"],): Decimal(row["x_EffectiveAmount"]) for row in rows}
        assert {owner: cost for owner, cost in now.items() if cost} == {
            owner: cost for owner, cost in of_owner.items() if cost
        }
        by_method = _by(told, "team", "x_Method")
        for row in rows:
            for method in ("direct", "shared", "unallocated"):
                cost = row.get(f"x_{method.capitalize()}")
                if cost is not None:
                    assert Decimal(cost) == by_method.get((row["team"], method), 0)


def test_billed_cost_is_asked_for_in_the_address(
    odd: Path, odd_site: TestClient, printed: Printed
) -> None:
    told = printed(odd, "statements", "--period", "2026-09", "--where", "BillingCurrency=USD")
    rows = table(odd_site, "/owners?period=2026-09&cost=billed&currency=USD")
    assert sum(Decimal(row["x_BilledAmount"]) for row in rows) == sum(
        Decimal(row["x_BilledAmount"]) for row in told
    )


def test_an_owners_tables_sum_to_the_statement_whatever_its_name(
    odd: Path, odd_site: TestClient, printed: Printed
) -> None:
    told = printed(odd, "statements", "--period", "2026-10", "--where", "BillingCurrency=USD")
    of_owner = _by(told, "team")
    for owner in stated.HOSTILE:
        address = f"/owners/{quote(owner, safe='')}?currency=USD"
        page = odd_site.get(address)
        assert page.status_code == 200, owner
        assert stated.SCRIPT not in page.text
        assert stated.TURNED not in page.text
        for name in ("parts", "ways", "changes", "lines"):
            rows = table(odd_site, address, name)
            assert sum(Decimal(row["EffectiveCost"]) for row in rows) == of_owner[owner,], name
        for row in table(odd_site, address, "issuers"):
            assert row["InvoiceIssuerName"] in ("A", "B")


def test_every_link_of_a_page_leads_to_a_page(odd_site: TestClient) -> None:
    seen = odd_site.get("/owners").text
    links = set(re.findall(r'href="(/[^"]*)"', seen))
    assert len(links) > 20
    for link in links:
        answer = odd_site.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, (link, answer.text[:300])


def test_what_a_page_does_not_know_is_refused_with_a_sentence(worked_site: TestClient) -> None:
    for address, sentence in {
        "/?perid=2026-10": "this page takes no <code>perid</code>",
        "/?period=2026-11": "the run has no month <code>2026-11</code>",
        "/?period=2026-10&period=2026-09": "<code>period</code> is given twice",
        "/?cost=list": "<code>cost</code> can&#39;t be <code>list</code>",
        "/?currency=EUR": "the run has no cost in <code>EUR</code>",
    }.items():
        answer = worked_site.get(address)
        assert answer.status_code == 400, address
        assert sentence in answer.text
    assert worked_site.get("/owners/nobody").status_code == 404
    assert worked_site.get("/nowhere").status_code == 404
    assert worked_site.get("/?run=000000").status_code == 404


def test_files_refuse_in_their_own_form(worked_site: TestClient) -> None:
    for address, sentence in {
        "/owners?as=csv&table=none": "the page has no such table",
        "/owners?as=pdf": "`as` can't be `pdf`",
    }.items():
        answer = worked_site.get(address)
        assert answer.status_code == 400
        assert answer.json()["error"]["says"] == sentence


def test_nothing_is_written_and_every_answer_keeps_the_policy(worked_site: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert worked_site.request(method, "/").status_code == 405
    for address in ("/", "/nowhere", "/static/everyline.css", "/owners?as=csv", "/?period=x"):
        headers = worked_site.get(address).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"


def test_where_nobodys_cost_is_a_credit_no_share_is_said(tmp_path: Path) -> None:
    """11.00 owned and -0.15 of nobody: 101.4 % of 10.85 would mean nothing. September is not AI."""
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "bill.csv").write_text(
        "ServiceName,ChargePeriodStart,BillingCurrency,BilledCost,team\n"
        "Amazon Bedrock,2026-08-01,USD,11,a\nAmazon Bedrock,2026-08-01,USD,-0.15,\n"
        "Taxi,2026-09-01,USD,4,a\n"
    )
    (tmp_path / "everyline.yaml").write_text(
        "taxonomy: {team: {tags: [team]}}\n"
        'bills: [{name: bill, format: table, path: "bills/*.csv"}]\n'
        "layers: [{when: {ServiceName: Amazon Bedrock}, layer: model}]\n"
    )
    run(tmp_path)
    found = site(tmp_path)
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.get("/?period=2026-08").text))
    assert "Owned 11.00 Unallocated −0.15 AI cost, USD 10.85" in shown
    assert "With an owner –" in shown
    refused = found.get("/explain?period=2026-09")
    assert refused.status_code == 404
    assert "othing of 2026-09 is in scope" in refused.text
