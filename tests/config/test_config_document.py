"""everyline.yaml as text: what is read as written, and what is refused."""

from pathlib import Path
from time import process_time

import pytest
from projects import load, problems, said

from everyline import config


def raw_problems(folder: Path, raw: bytes) -> list[str]:
    (folder / "everyline.yaml").write_bytes(raw)
    loaded = config.load(folder)
    assert loaded.configuration is None
    return [said(problem) for problem in loaded.problems]


def test_no_file_is_a_problem_with_a_hint(tmp_path: Path) -> None:
    loaded = config.load(tmp_path)
    assert [problem.name for problem in loaded.problems] == ["configuration-missing"]
    assert "everyline init" in loaded.problems[0].hint
    assert loaded.configuration is None
    assert loaded.files == ()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "everyline.yaml:1:1 configuration-unreadable: everyline.yaml is of no use"),
        (b"# only a comment\n", "everyline.yaml:1:1 configuration-unreadable: everyline"),
        (b"- a\n- b\n", "everyline.yaml:1:1 configuration-unreadable: everyline.yaml is of no use"),
        (b"a: b\nc: \xff\n", "everyline.yaml:2 configuration-unreadable: everyline.yaml is of"),
        (b"\xff\xfea\x00:\x00", "everyline.yaml:1 configuration-unreadable: everyline.yaml is of"),
        (b"a: [1, 2\nb: c\n", "everyline.yaml:2:2 configuration-unreadable: everyline.yaml is"),
        (b"a: b\n\tc: d\n", "everyline.yaml:2:1 configuration-unreadable: everyline.yaml is of"),
        (b"a: b\n---\nc: d\n", "everyline.yaml:2:1 configuration-unreadable: everyline.yaml is"),
        (b"a: " + b"[" * 100_000, "everyline.yaml:1:1003 configuration-unreadable: everyline"),
    ],
)
def test_a_file_that_is_no_yaml_map_is_one_problem(
    tmp_path: Path, raw: bytes, expected: str
) -> None:
    found = raw_problems(tmp_path, raw)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_deep_nesting_and_odd_characters_are_problems(tmp_path: Path) -> None:
    deep = "organisation: " + "[" * 60 + "]" * 60
    assert "nested too deeply" in problems(tmp_path, deep)[0]
    assert "no file can hold" in problems(tmp_path, 'organisation: "a\\0b"')[0]
    assert "YAML tag" in problems(tmp_path, "organisation: !!python/name:os.system x")[0]


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    begun = process_time()
    found = problems(tmp_path, "\n".join(lines))
    assert process_time() - begun < 2
    assert found == [
        "everyline.yaml:4:5 yaml-alias: `a0` is a YAML anchor or alias, and these are not read"
    ]


def test_an_ampersand_in_a_text_is_no_anchor(tmp_path: Path) -> None:
    loaded = load(tmp_path, "organisation: Research & Development\n")
    assert loaded.problems == ()
    assert loaded.configuration is not None
    assert loaded.configuration.organisation == "Research & Development"


def test_a_duplicate_key_is_said_where_it_stands_again(tmp_path: Path) -> None:
    text = "currency: USD\norganisation: Acme\ncurrency: EUR\n"
    assert problems(tmp_path, text) == [
        (
            "everyline.yaml:6:1 duplicate-setting:"
            " `currency` stands here a second time, first on line 4"
        )
    ]


def test_scalars_are_what_is_written(tmp_path: Path) -> None:
    rules = """\
owners:
  - {rule: on, when: {SubAccountId: 0123, ServiceName: [no, 12:30, 2026-10-01, 1_000, ~, null]},
     set: {team: search}}
"""
    loaded = load(tmp_path, rules)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    rule = loaded.configuration.owners[0]
    assert "rule='on'" in repr(rule)
    assert "('0123',)" in repr(rule)
    assert "('no', '12:30', '2026-10-01', '1_000', '~', 'null')" in repr(rule)


@pytest.mark.parametrize("text", ["yes", "True", "1", "on", "[true]"])
def test_only_true_and_false_are_booleans(tmp_path: Path, text: str) -> None:
    entry = f"owners: [{{registry: keys.csv, weak: {text}}}]\n"
    found = problems(tmp_path, entry, keys_csv="SubAccountId,team\na,search\n")
    assert [line.split(":")[0:3] for line in found] == [
        ["everyline.yaml", "4", "37 setting-not-understood"]
    ]


def test_a_section_without_entries_is_left_out_and_a_setting_without_value_is_not(
    tmp_path: Path,
) -> None:
    assert problems(tmp_path, "trace:\n  # - rule: later\npools:\n") == []
    assert problems(
        tmp_path, "owners:\n  - rule:\n    when: {A: b}\n    set: {team: search}\n"
    ) == [
        "everyline.yaml:6:12 unknown-column: no relation has the column `A`",
        "everyline.yaml:5:10 setting-not-understood: `rule` has no value, and takes a text",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    load(tmp_path, "")
    raw = (tmp_path / "everyline.yaml").read_bytes()
    (tmp_path / "everyline.yaml").write_bytes(b"\xef\xbb\xbf" + raw)
    assert config.load(tmp_path).problems == ()
