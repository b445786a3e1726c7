"""Owners: a value for each taxonomy key, how it was found, or why there is none (R7 to R9).

In: `groups`. Out: the owner of each distinct combination, and so `owned_groups`; notices.
Grain: one group in scope. Conserves: the groups, their rows and measures; nothing is summed here.
"""
