"""The JSON API: what pages show, and every relation of a run, for programs.

In: a run as one viewer sees it. Out: json; amounts are text with every digit, moments are UTC,
nulls are null. Grain: one answer a request. Conserves: all figures; pages of rows lose and repeat
nothing. What is refused has one shape, the same as of pages.
"""

from everyline.web.api.call import Service
from everyline.web.api.described import DESCRIPTION, RELATIONS_
from everyline.web.api.explained import CHARGE, FIGURE
from everyline.web.api.rows import ROWS
from everyline.web.api.runs import RUNS

SERVICES: tuple[Service, ...] = (DESCRIPTION, RUNS, RELATIONS_, ROWS, FIGURE, CHARGE)
