"""CSV files: what is read, and one problem for each thing that can be wrong with them."""

from pathlib import Path
from time import process_time

import pytest
from projects import TEAMS, load, problems

from everyline import config
from everyline.config.rules import Registry

REGISTRY = "owners: [{registry: keys.csv}]\n"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", "1 csv-unreadable: keys.csv can't be read: it is empty"),
        (
            "SubAccountId;team\na;search\n",
            "1 csv-unreadable: keys.csv can't be read: its cells are not set apart by commas",
        ),
        (
            "SubAccountId,team,team\na,search,b\n",
            "1 csv-unreadable: keys.csv can't be read: its header has `team` twice",
        ),
        (
            "SubAccountId,,team\na,b,search\n",
            "1 csv-unreadable: keys.csv can't be read: column 2 of its header has no name",
        ),
        (
            'SubAccountId,team\n"a\nb",search\nc,search,x\n',
            "4 csv-unreadable: keys.csv can't be read: this line has 3 cells, and the header 2",
        ),
        (
            'SubAccountId,team\na,"search\n',
            "2 csv-unreadable: keys.csv can't be read: a quote is never closed",
        ),
        (
            "SubAcountId,team\na,search\n",
            "1 unknown-column: keys.csv has the column `SubAcountId`, which is not known here",
        ),
        (
            "BilledCost,team\n1,search\n",
            (
                "1 unknown-column: keys.csv has the column `BilledCost`, which is a sum and"
                " identifies nothing"
            ),
        ),
        (
            "SubAccountId\na\n",
            "1 missing-column: keys.csv has no column for a taxonomy key, so it gives no owner",
        ),
        (
            "team,valid_from\nsearch,\n",
            "1 registry-without-identity: keys.csv has no column that identifies a line",
        ),
        (
            "SubAccountId,ServiceName,team\na,,search\n,,support\n",
            "3 registry-without-identity: this row has no identity, so it would own every line",
        ),
        (
            "SubAccountId,team,valid_from,valid_to\na,search,,2026-07-01\na,support,2026-06-30,\n",
            (
                "3 overlapping-validity: the identity `a` stands on line 2 too, for some of"
                " the same days"
            ),
        ),
        (
            "SubAccountId,team,valid_from\na,search,1.7.2026\n",
            (
                "2 cell-not-understood: `valid_from` is `1.7.2026`, and must be a day like"
                " `2026-10-01`"
            ),
        ),
        (
            "SubAccountId,team,valid_from,valid_to\na,search,2026-07-01,2026-07-01\n",
            "2 empty-validity: `valid_to` 2026-07-01 is not after `valid_from` 2026-07-01",
        ),
        (
            "SubAccountId,team\na,serach\n",
            "2 unknown-value: `team` has the value `serach`, which teams.csv does not declare",
        ),
    ],
)
def test_what_a_registry_has_wrong_is_said_with_its_line(
    tmp_path: Path, keys: str, expected: str
) -> None:
    assert problems(tmp_path, REGISTRY, keys_csv=keys) == [f"keys.csv:{expected}"]


def test_a_registry_in_another_encoding_is_a_problem(tmp_path: Path) -> None:
    load(tmp_path, REGISTRY, keys_csv="")
    (tmp_path / "keys.csv").write_bytes("SubAccountId,team\nMünchen,search\n".encode("latin-1"))
    (found,) = config.load(tmp_path).problems
    assert (found.name, found.place) == ("csv-unreadable", "keys.csv:2")
    assert found.hint == "save it as UTF-8"


def test_adjoining_validity_is_no_overlap_and_dates_end_before_valid_to(tmp_path: Path) -> None:
    keys = "SubAccountId,team,valid_from,valid_to\na,search,,2026-07-01\na,support,2026-07-01,\n"
    assert problems(tmp_path, REGISTRY, keys_csv=keys) == []


def test_cells_are_trimmed_and_empty_lines_passed_over(tmp_path: Path) -> None:
    keys = "\ufeffSubAccountId , team\r\n a ,  search \r\n,\r\n\r\nb,\r\n"
    loaded = load(tmp_path, REGISTRY, keys_csv=keys)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    entry = loaded.configuration.owners[0]
    assert isinstance(entry, Registry)
    rows = [(row.line, row.identities, row.owners) for row in entry.registry.rows]
    assert rows == [(2, ("a",), ("search",)), (5, ("b",), (None,))]


def test_a_registry_of_20000_rows_is_read_at_once(tmp_path: Path) -> None:
    rows = "".join(
        f"key-{n},{'search' if n % 2 else 'Find'},2026-01-01,{'2026-07-01' if n % 3 else ''}\n"
        for n in range(20_000)
    )
    load(tmp_path, REGISTRY, keys_csv="SubAccountId,team,valid_from,valid_to\n" + rows)
    begun = process_time()
    loaded = config.load(tmp_path)
    assert process_time() - begun < 2
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("setting", "content", "expected"),
    [
        ("rates", "period,currency,rate\n2026-1,EUR,1\n", "2 cell-not-understood"),
        ("rates", "period,currency,rate\n2026-10,eur,1\n", "2 cell-not-understood"),
        ("rates", 'period,currency,rate\n2026-10,EUR,"1,08"\n', "2 cell-not-understood"),
        ("rates", "period,currency,rate\n2026-10,EUR,0\n", "2 cell-not-understood"),
        ("rates", "period,currency\n2026-10,EUR\n", "1 missing-column"),
        (
            "rates",
            "period,currency,rate\n2026-10,EUR,1\n2026-10,EUR,2\n",
            "3 duplicate-row",
        ),
        (
            "invoices",
            (
                "InvoiceIssuerName,InvoiceId,period,BillingCurrency,amount\n"
                "OpenAI,1,2026-10,USD,5\nOpenAI,1,2026-11,USD,5\n"
            ),
            "3 duplicate-row",
        ),
        ("models", "name,x_Model\nGPT 5,gpt-5\ngpt 5,gpt-5-mini\n", "3 duplicate-row"),
        ("meters", "name,x_Model\na,b\n", "1 unknown-column"),
        (
            "prices",
            (
                "ServiceProviderName,x_Model,x_Meter,valid_from,unit_price,currency\n"
                "OpenAI,gpt-5,input_tokens,2026-01-01,-1,USD\n"
            ),
            "2 cell-not-understood",
        ),
    ],
)
def test_what_a_small_table_has_wrong_is_said_with_its_line(
    tmp_path: Path, setting: str, content: str, expected: str
) -> None:
    found = problems(tmp_path, f"currency: USD\n{setting}: some.csv\n", some_csv=content)
    assert any(line.startswith(f"some.csv:{expected}:") for line in found), found


def test_rates_need_a_currency_to_report_in(tmp_path: Path) -> None:
    rates = "period,currency,rate\n2026-10,EUR,1\n"
    (found,) = load(tmp_path, "rates: rates.csv\n", rates_csv=rates).problems
    assert (found.name, found.place) == ("missing-setting", "everyline.yaml:4:8")


def test_accounts_of_usage_need_an_identity(tmp_path: Path) -> None:
    usage = "usage: [{name: g, format: table, path: x, accounts: a.csv}]\n"
    assert problems(tmp_path, usage, a_csv="x_Model,SubAccountId\ngpt-5,p\n") == [
        "a.csv:1 missing-column: a.csv lacks the column `ResourceId` or `x_CredentialId`"
    ]
    twice = "ResourceId,SubAccountId\nd,p\n,q\nd,r\n"
    assert problems(tmp_path, usage, a_csv=twice) == [
        (
            "a.csv:3 registry-without-identity: this row has no identity, so it would be the"
            " account of all usage"
        ),
        (
            "a.csv:4 overlapping-validity: the identity `d` stands on line 2 too, for some of"
            " the same days"
        ),
    ]


def test_cost_centres_change_with_months_and_name_declared_owners(tmp_path: Path) -> None:
    text = (
        "organisation: Acme\n"
        "chargeback: {journal: {accounts: accounts.csv, clearing: 6400, format: netsuite}}\n"
    )
    accounts = (
        "team,legal_entity,cost_centre,account_model,valid_from\n"
        "search,Acme Inc,CC-1,6401,2026-10-15\nserach,Acme Inc,CC-1,6401,\n"
    )
    assert problems(tmp_path, text, accounts_csv=accounts) == [
        (
            "accounts.csv:2 validity-not-on-first-of-month: `valid_from` is `2026-10-15`, and"
            " months are never divided here"
        ),
        (
            "accounts.csv:3 unknown-value: `team` has the value `serach`, which teams.csv does not"
            " declare"
        ),
    ]
    assert TEAMS.startswith("value")
