"""Charges: what one billed line says, under one name each, in its layer, summed into groups.

In: the lines of all bills, typed. Out: `groups`; a view of every line as a charge; control totals.
Grain: a group is lines that no rule of the project can tell apart (R5).
Conserves: every measure, per period and currency, and the number of lines.
"""
