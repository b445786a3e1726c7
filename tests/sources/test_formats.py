"""Formats: what the configuration accepts is what there is a source for."""

from everyline.config.sources import BILL_FORMATS, USAGE_FORMATS
from everyline.sources import formats, usage_formats


def test_every_format_of_a_bill_has_its_source_and_the_other_way_round() -> None:
    assert sorted(BILL_FORMATS) == sorted(formats())


def test_every_format_of_usage_has_its_source_and_the_other_way_round() -> None:
    assert sorted(USAGE_FORMATS) == sorted(usage_formats())


def test_every_format_says_what_it_is() -> None:
    assert all(found.title for found in formats().values())
    assert all(found.title for found in usage_formats().values())
