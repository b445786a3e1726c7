"""Proposing: what a person could add to a configuration, with the evidence for it.

In: what tags say in the bills and telemetry of the last run, its owners, and the configuration.
Out: proposals: aliases, tag keys, owners of identities. Nothing here changes a file unasked; what a
person has accepted is checked and appended to the registry that the configuration names for it.
"""
