"""An independent oracle for bills without telemetry: rules R1 to R10, R20, R22, R23 and R27.

Plain Python over dicts and whole numbers, written from the rules and sharing no code with the
product; of the package it reads only the published tables (names, layer rules, currencies) as data.
Amounts are integers of 10^-18 of a unit throughout. It aims at being read beside the rules, not at
speed, and takes well-formed configurations only.
"""
