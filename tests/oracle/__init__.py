"""An independent oracle for runs: rules R1 to R24 and R27, but for what is named below.

Plain Python over dicts, whole numbers and exact fractions, written from the rules and sharing no
code with the product; of the package it reads only the published tables (names, layer rules,
currencies) as data. Amounts are integers of 10^-18 of a unit throughout. It aims at being read
beside the rules, not at speed, and takes well-formed configurations only.

It reads usage of the format `table` alone, with people kept as they are; it knows no prices but
those of `prices`, makes no `estimated` charges, and reports no problems.
"""
