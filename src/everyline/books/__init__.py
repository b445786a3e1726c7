"""The books (R25): what was closed stays; what is found out later is booked later.

In: the statements of a run, as rows. Out: `books/<period>/` in the project, text for a review.
Grain: one line of a statement, or the correction of one. Conserves: after each close, the lines
booked for a closed month sum to what is computed for it now, exactly, by statement key.
"""
