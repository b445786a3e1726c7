"""Units as they are compared (section 2 of the rules on files)."""

import pytest

from everyline.units import unit


@pytest.mark.parametrize(
    ("text", "multiple", "name"),
    [
        ("tokens", 1, "token"),
        (" Tokens ", 1, "token"),
        ("Token", 1, "token"),
        ("1K tokens", 1_000, "token"),
        ("1k_tokens", 1_000, "token"),
        ("1000 tokens", 1_000, "token"),
        ("1000_tokens", 1_000, "token"),
        ("1M Tokens", 1_000_000, "token"),
        ("1000000 tokens", 1_000_000, "token"),
        ("1Ktokens", 1_000, "token"),
        ("10 tokens", 1, "10 token"),
        ("1K", 1, "1k"),
        ("s", 1, "s"),
        ("seconds", 1, "second"),
    ],
)
def test_a_unit_is_known_by_what_is_left_of_it(text: str, multiple: int, name: str) -> None:
    assert unit(text)[:2] == (multiple, name)
