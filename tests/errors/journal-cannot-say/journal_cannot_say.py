"""A cost centre with the sign by which Dynamics parts it from the account."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from everyline import config
from everyline.books.journal import FORMS
from everyline.books.journal.chart import chart
from everyline.books.journal.entries import Asked, journal
from everyline.books.journal.form import written
from everyline.books.lines import Line
from everyline.problems import Problem


def problems(folder: Path) -> list[Problem]:
    configuration = config.load(folder).configuration
    assert configuration is not None
    accounts = chart(configuration)
    assert accounts is not None
    owner, cost = (("team", "search"),), Decimal("412.10")
    told = ("USD", "invoiced", owner, "direct", None, "model", "OpenAI", "OpenAI", "OpenAI API")
    booked = [Line("2026-10", None, *told, cost, cost, cost, cost)]
    made = journal(booked, accounts, Asked("2026-10"))
    return written(FORMS["dynamics"], made.documents, date(2026, 11, 5))[1]
