"""In: rows of telemetry. Out: `usage`: hours and identities, priced.

Grain: hour x identity x meter. Conserves: every quantity, row count and native cost.
"""
