"""Charts as SVG: where each part stands, in which colour, and the macros that write it.

In: amounts with names and links, in the order in which they are to stand. Out: places in hundredths
of a pixel, and texts that fit. Grain: one part of a chart. Conserves: every amount is drawn, or
listed as not drawn; ends of flows fill their node and cells fill their box, to 0.01 px.
"""
