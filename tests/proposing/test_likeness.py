"""Which known text another one may mean, and when nothing is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.proposing.likeness import bare, distance, nearest, words

KNOWN = ("search", "support", "production", "staging", "help-centre", "customs", "customer-care")


@pytest.mark.parametrize(
    ("text", "known", "how"),
    [
        ("serach", "search", "one typing error away"),  # two neighbours swapped
        ("searhc", "search", "one typing error away"),
        ("seerch", "search", "one typing error away"),
        ("prodcution", "production", "one typing error away"),
        ("productiomm", "production", "2 typing errors away"),  # one changed, one added
        ("help center", "help-centre", "one typing error away"),
        ("Help Centre", "help-centre", "the same but for case, blanks and signs"),
        ("helpcentre", "help-centre", "the same but for case, blanks and signs"),
        ("prod", "production", "a short form"),
        ("prd", "production", "a short form"),
        ("stg", "staging", "a short form"),
    ],
)
def test_what_a_text_may_mean(text: str, known: str, how: str) -> None:
    assert nearest(text, KNOWN) == ((known,), how)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("team-a", "team-b"),  # one letter is all that tells them apart
        ("search1", "search2"),  # numbers are no typing errors
        ("earch", "search"),  # first letters are hardly ever mistyped
        ("labs", "labelling-desk"),
        ("hub", "hug"),  # too short to say
        ("search", "search"),  # the text itself
        ("pr", "production"),
        ("поиск", "search"),
        ("", "search"),
        ("...", "search"),
        ("search" * 20, "searhc" * 20),
    ],
)
def test_what_is_too_far_or_too_short_means_nothing(text: str, known: str) -> None:
    assert nearest(text, [known]) is None


def test_two_that_are_equally_near_are_a_tie() -> None:
    assert nearest("sarch", ["search", "starch", "support"]) == (
        ("search", "starch"),
        "one typing error away",
    )
    assert nearest("cust", KNOWN) == (("customs", "customer-care"), "a short form")


def test_other_scripts_are_compared_by_their_letters() -> None:
    assert nearest("посик", ["поиск"]) == (("поиск",), "one typing error away")
    # Two vowel signs make two words of the same consonants: taking marks off would join them.
    assert bare("कि") != bare("के")
    assert nearest("कि", ["के"]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proj_AddressSearch7Qd2", ("proj", "address", "search", "7", "qd", "2")),
        ("ai-prod", ("ai", "prod")),
        ("हिन्दी-नाम", ("हिन्दी", "नाम")),
        ('=SUM("a,b")', ("sum", "a", "b")),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


_TEXT = st.text(alphabet="abcé", max_size=6)


@given(_TEXT, _TEXT)
def test_distance_is_one_of_both_ways_and_nothing_only_for_equals(one: str, other: str) -> None:
    steps = distance(one, other)
    assert steps == distance(other, one)
    assert (steps == 0) == (one == other)
    assert abs(len(one) - len(other)) <= steps <= max(len(one), len(other))


@given(_TEXT, st.integers(0, 5), st.sampled_from("abcé"))
def test_one_letter_more_is_one_step(text: str, at: int, letter: str) -> None:
    assert distance(text, text[:at] + letter + text[at:]) == 1


@given(st.text(max_size=20))
def test_any_text_has_words_and_a_bare_form(text: str) -> None:
    nearest(text, KNOWN)
    assert all(words(text))
