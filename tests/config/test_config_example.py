"""The project of section 1, every kind of rule in it, and the schema that editors check it by."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from everyline import config
from everyline.conditions import Comparison
from everyline.config.configuration import Configuration
from everyline.config.pools import UsageSplit
from everyline.config.rules import OwnerRule, Registry

ACME = Path(__file__).parent / "acme"


@pytest.fixture(scope="module")
def acme() -> Configuration:
    loaded = config.load(ACME)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    return loaded.configuration


def line_of(words: str) -> str:
    lines = (ACME / "everyline.yaml").read_text(encoding="utf-8").splitlines()
    return f"everyline.yaml:{next(n for n, line in enumerate(lines, 1) if words in line)}"


def test_every_entry_knows_the_line_where_it_begins(acme: Configuration) -> None:
    assert acme.layers[1].place == line_of("web-shop}, layer: none")
    assert acme.bills[3].place == line_of("name: other")
    assert acme.owners[3].place == line_of("rule: search-index")
    assert acme.trace[0].split[1].place == line_of("{on: [x_Model], weight")
    assert acme.pools[6].place == line_of("pool: tax")
    assert acme.taxonomy[3].place == line_of("environment: {")


def test_a_row_of_a_registry_knows_its_line(acme: Configuration) -> None:
    registry = acme.owners[0]
    assert isinstance(registry, Registry)
    table = registry.registry
    assert (table.identities, table.keys) == (("x_CredentialId",), ("team", "use_case"))
    assert [table.place(row) for row in table.rows] == [f"owners/keys.csv:{n}" for n in (2, 3, 4)]
    assert table.rows[0].validity.end == date(2026, 11, 1)
    assert table.rows[2].owners == ("Search_Team", None)


def test_files_are_read_once_and_listed_for_hashing() -> None:
    files = [path.relative_to(ACME).as_posix() for path in config.load(ACME).files]
    on_disk = {path.relative_to(ACME).as_posix() for path in ACME.rglob("*") if path.is_file()}
    assert len(files) == len(set(files))
    assert set(files) == on_disk


def test_settings_have_their_types(acme: Configuration) -> None:
    assert acme.lead.required
    assert acme.targets.tag_coverage == {"team": Decimal("0.90"), "use_case": Decimal("0.80")}
    assert acme.chargeback is not None
    assert acme.chargeback.gate is not None
    assert acme.chargeback.gate.showback_periods == 2
    assert acme.usage[0].accounts is not None
    assert acme.usage[0].people == "hash"
    assert acme.invoices is not None
    assert acme.invoices[0].amount == Decimal("41250.17")
    assert acme.prices[1].unit_price == Decimal("0.000000625")
    assert acme.pools[0].rest == {"team": "ai-platform"}
    assert acme.between_pools == "step-down"


def test_entries_of_one_list_may_be_of_several_kinds(acme: Configuration) -> None:
    assert [type(entry) is OwnerRule for entry in acme.owners] == [False, False, False, True]
    assert isinstance(acme.pools[0].split[0], UsageSplit)
    assert acme.pools[0].split[0].weight == "quantity"
    assert acme.untaggable == (Comparison("ServiceName", "equal", ("AWS Support",)),)


def test_inline_values_take_aliases(acme: Configuration) -> None:
    environment = acme.key("environment").values
    assert environment is not None
    assert environment.declared("PRD ") == "production"
    assert environment.declared("qa") is None


# The schema. The checker knows the words that our schema uses, and refuses any other.


def faults(schema: dict[str, Any], value: Any, root: dict[str, Any], at: str = "") -> list[str]:
    """Where `value` is not what `schema` asks for."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]] | {
            key: part for key, part in schema.items() if key != "$ref"
        }
    found: list[str] = []
    for word, wanted in schema.items():
        found += WORDS[word](wanted, value, root, at) if word in WORDS else []
        assert word in WORDS or word in NO_CHECK, word
    if isinstance(value, dict) and "additionalProperties" in schema:
        more = {key: part for key, part in value.items() if key not in schema.get("properties", {})}
        rest = schema["additionalProperties"]
        for key, part in more.items():
            found += faults(rest, part, root, f"{at}.{key}") if rest else [f"{at}.{key}"]
    return found


def types_of(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    kinds = {str: "string", float: "number", dict: "object", list: "array"}
    return {kinds[type(value)]}


def listed(wanted: Any) -> set[str]:
    return {wanted} if isinstance(wanted, str) else set(wanted)


def one_of(wanted: Any, value: Any, root: Any, at: str) -> list[str]:
    fitting = [part for part in wanted if not faults(part, value, root, at)]
    return [] if len(fitting) == 1 else [f"{at}: {len(fitting)} of the alternatives"]


NO_CHECK = {
    "$schema", "$defs", "title", "description", "default", "additionalProperties", "format",
}  # fmt: skip
WORDS = {
    "type": lambda w, v, _, at: [] if types_of(v) & listed(w) else [f"{at}: type"],
    "enum": lambda w, v, _, at: [] if v in w else [f"{at}: enum"],
    "const": lambda w, v, _, at: [] if v == w else [f"{at}: const"],
    "pattern": lambda w, v, _, at: [] if re.search(w, str(v)) else [f"{at}: pattern"],
    "minimum": lambda w, v, _, at: [] if v >= w else [f"{at}: minimum"],
    "maximum": lambda w, v, _, at: [] if v <= w else [f"{at}: maximum"],
    "minLength": lambda w, v, _, at: [] if len(v) >= w else [f"{at}: minLength"],
    "minItems": lambda w, v, _, at: [] if len(v) >= w else [f"{at}: minItems"],
    "maxItems": lambda w, v, _, at: [] if len(v) <= w else [f"{at}: maxItems"],
    "minProperties": lambda w, v, _, at: (
        [] if not isinstance(v, dict) or len(v) >= w else [f"{at}: minProperties"]
    ),
    "required": lambda w, v, _, at: [f"{at} lacks {key}" for key in w if key not in v],
    "properties": lambda w, v, root, at: [
        fault
        for key, part in w.items()
        if isinstance(v, dict) and key in v
        for fault in faults(part, v[key], root, f"{at}.{key}")
    ],
    "items": lambda w, v, root, at: [
        fault
        for n, part in enumerate(v if isinstance(v, list) else [])
        for fault in faults(w, part, root, f"{at}[{n}]")
    ],
    "oneOf": one_of,
}


def as_an_editor_reads(text: str) -> Any:
    # Editors read YAML 1.2, where `on` and `no` are texts.
    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        sign: [each for each in found if not each[0].endswith((":bool", ":timestamp"))]
        for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    return yaml.load(text, Loader=Loader)


def test_the_schema_accepts_the_example() -> None:
    schema = config.json_schema()
    document = as_an_editor_reads((ACME / "everyline.yaml").read_text(encoding="utf-8"))
    assert faults(schema, document, schema) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("layer: model}", "layer: modle}"),
        ("required: true", "requierd: true"),
        ("by: usage", "by: use"),
        ("rest: spread", "rest: spraed"),
        ('{glob: "gpu-*"}', '{glbo: "gpu-*"}'),
        ("unallocated: 0.05}", "unallocated: 5}"),
        ("currency: USD  ", "currency: usd  "),
        ("split: [{by: even, over: [team]}]", "split: []"),
    ],
)
def test_the_schema_sees_a_slip_of_the_pen(right: str, wrong: str) -> None:
    schema = config.json_schema()
    text = (ACME / "everyline.yaml").read_text(encoding="utf-8")
    assert right in text
    document = as_an_editor_reads(text.replace(right, wrong))
    assert faults(schema, document, schema) != []


def test_the_schema_describes_every_setting() -> None:
    schema = config.json_schema()
    for owner in (schema, *schema["$defs"].values()):
        for name, setting in owner.get("properties", {}).items():
            described = "description" in setting or "$ref" in setting or "const" in setting
            assert described or name in ("any", "all", "not"), name
            assert name != "place"
