"""Two runs beside each other: what each owner's cost changed by, and why.

In: two published runs, or two months of one. Out: one row for each owner, currency and basis: cost
before and after, and the change by cause. Grain: one owner. Conserves: the change of every owner is
the sum of its causes, and the change of all owners that of the bill, to the last of 18 decimals.

`docs/guides/compare.md` defines the causes, with an example worked by hand.
"""

from everyline.comparing.causes import CAUSES, Cause
from everyline.comparing.make import compared, summed
from everyline.comparing.sides import Side

__all__ = ["CAUSES", "Cause", "Side", "compared", "summed"]
