"""Value lists: which value a text names, and what becomes of a value in time (R7)."""

from datetime import date
from pathlib import Path

import pytest
from projects import load, problems

from everyline import config
from everyline.config.values import ValueList, normalised

SPRING, AUTUMN = date(2026, 4, 1), date(2026, 10, 1)


def teams(folder: Path, rows: str) -> ValueList:
    content = "value,aliases,successor,valid_from,valid_to\n" + rows
    loaded = load(folder, "", teams_csv=content)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    values = loaded.configuration.lead.values
    assert values is not None
    return values


def test_case_space_underscore_and_hyphen_do_not_tell_values_apart(tmp_path: Path) -> None:
    assert normalised(" Ai_Platform Team ") == "ai-platform-team"
    values = teams(tmp_path, "AI Platform,infra | ML_Ops,,,\n")
    assert values.declared("ai-platform") == "AI Platform"
    assert values.declared("ml ops") == "AI Platform"
    assert values.declared("aiplatform") is None


def test_a_value_past_its_end_becomes_its_successor_repeatedly(tmp_path: Path) -> None:
    rows = "a,,b,,2026-05-01\nb,,c,,2026-09-01\nc,,,,\n"
    values = teams(tmp_path, rows)
    assert values.on("a", SPRING) == "a"
    assert values.on("a", date(2026, 5, 1)) == "b"
    assert values.on("a", AUTUMN) == "c"
    assert values.valid_on(AUTUMN) == ("c",)


def test_a_value_not_valid_and_without_successor_gives_no_value(tmp_path: Path) -> None:
    values = teams(tmp_path, "old,,,,2026-05-01\nnew,,old,2026-05-01,\n")
    assert values.on("old", AUTUMN) is None
    assert values.on("new", SPRING) is None
    assert values.declared("OLD") == "old"


def test_a_text_may_name_one_value_after_another(tmp_path: Path) -> None:
    rows = "ranking,relevance,,,2026-07-01\nsearch,relevance,,2026-07-01,\n"
    values = teams(tmp_path, rows)
    assert values.resolve("relevance", SPRING) == "ranking"
    assert values.resolve("relevance", AUTUMN) == "search"


def test_a_value_may_come_back(tmp_path: Path) -> None:
    rows = "a,,b,,2026-03-01\nb,,a,2026-03-01,2026-09-01\na,,,2026-09-01,\n"
    values = teams(tmp_path, rows)
    assert [values.on("a", day) for day in (date(2026, 1, 1), SPRING, AUTUMN)] == ["a", "b", "a"]
    assert values.on("b", AUTUMN) == "a"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "a,x,,,\nb,X,,,\n",
            "teams.csv:3 ambiguous-value: `x` names both `a` (teams.csv:2) and `b`",
        ),
        (
            "web shop,,,,\nweb_shop,,,,\n",
            (
                "teams.csv:3 ambiguous-value: `web-shop` names both `web shop` (teams.csv:2) and"
                " `web_shop`"
            ),
        ),
        (
            "a,,,,2026-07-01\na,,,2026-06-01,\n",
            (
                "teams.csv:3 overlapping-validity: the value `a` stands at teams.csv:2 too, for"
                " some of the same days"
            ),
        ),
        (
            "a,,b,,2026-07-01\nb,,a,,2026-08-01\n",
            "teams.csv:2 successor-loop: the successors of `a` lead back to it",
        ),
        (
            "a,,z,,2026-07-01\n",
            "teams.csv:2 unknown-value: the successor `z` is no value that teams.csv declares",
        ),
        (",x,,,\n", "teams.csv:2 cell-not-understood: `value` is empty, and must be a text"),
    ],
)
def test_what_a_list_has_wrong_is_said_with_its_line(
    tmp_path: Path, rows: str, expected: str
) -> None:
    content = "value,aliases,successor,valid_from,valid_to\n" + rows
    assert problems(tmp_path, "", teams_csv=content)[0] == expected


def test_a_list_may_imply_other_keys_but_only_with_declared_values(tmp_path: Path) -> None:
    assert problems(tmp_path, "", teams_csv="value,product\nsearch,Shop\n") == []
    assert problems(tmp_path, "", teams_csv="value,product\nsearch,shup\n") == [
        (
            "teams.csv:2 unknown-value: `product` has the value `shup`, which everyline.yaml does"
            " not declare"
        )
    ]
    assert problems(tmp_path, "", teams_csv="value,team\nsearch,search\n") == [
        (
            "teams.csv:1 unknown-column: teams.csv lists values of `team`, so it can't have a"
            " column of that name"
        )
    ]
    assert problems(tmp_path, "", teams_csv="value,aliasses\nsearch,x\n") == [
        "teams.csv:1 unknown-column: teams.csv has the column `aliasses`, which is not known here"
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "a: {values: [x], aliases: {y: z}}",
            "4:33 unknown-value: `a` has the value `z`, which everyline.yaml does not declare",
        ),
        (
            "a: {aliases: {y: z}}",
            (
                "4:16 setting-not-understood: `aliases` are other texts for declared values, and"
                " `a` has no `values`"
            ),
        ),
        (
            "a: {values: [x], default: z}",
            "4:29 unknown-value: `a` has the value `z`, which everyline.yaml does not declare",
        ),
        (
            "a: {required: true, default: z}",
            "4:32 setting-not-understood: `a` is required, so no `default` may fill it",
        ),
        (
            "a: {values: []}",
            (
                "4:15 setting-not-understood: `values` is a list, and takes a CSV file or a list"
                " like `[production, staging]`"
            ),
        ),
        (
            "a: {values: [x, X]}",
            "4 ambiguous-value: `x` names both `x` (everyline.yaml:4) and `X`",
        ),
    ],
)
def test_what_a_key_has_wrong_is_said_with_its_place(
    tmp_path: Path, key: str, expected: str
) -> None:
    assert problems(tmp_path, f"  {key}\n") == [f"everyline.yaml:{expected}"]


def test_the_lead_key_is_always_required(tmp_path: Path) -> None:
    loaded = load(tmp_path, "")
    assert loaded.configuration is not None
    assert [key.required for key in loaded.configuration.taxonomy] == [True, False]
    (tmp_path / "everyline.yaml").write_text("taxonomy: {team: {required: false}}\n")
    (found,) = config.load(tmp_path).problems
    assert (found.name, found.place) == ("setting-not-understood", "everyline.yaml:1:29")
