"""KPIs of the FinOps Foundation that a run and the books answer.

In: the relations of a run, the configuration, the books. Out: one KPI of one month. Grain: month,
currency and name. Conserves: nothing is moved; a KPI carries the two figures it is made of.
"""
