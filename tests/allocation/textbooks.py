"""Examples of textbooks and course pages: services that serve each other, and who pays in the end.

Each line names where it is from. Answers that a source prints were recomputed in exact fractions;
`from memory` says that the book was not at hand. Figures of four decimals are rounded.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Example(NamedTuple):
    """One example.

    Attributes:
        services: name to its own cost and to the units that each consumer uses, itself too.
        producers: name to own cost.
        direct, reciprocal: what the producers bear in the end, in their order.
        steps: order of the services to the same.
    """

    source: str
    services: Mapping[str, tuple[str, Mapping[str, str]]]
    producers: Mapping[str, str]
    direct: str
    steps: Mapping[str, str]
    reciprocal: str


def _units(text: str) -> dict[str, str]:
    """`A 40, B 60` as a map."""
    return dict(part.strip().rsplit(" ", 1) for part in text.split(","))


def _example(
    source: str,
    services: Mapping[str, tuple[str, str]],
    producers: str,
    *,
    direct: str,
    steps: Mapping[str, str] | None = None,
    reciprocal: str,
) -> Example:
    read = {name: (cost, _units(units)) for name, (cost, units) in services.items()}
    return Example(source, read, _units(producers), direct, steps or {}, reciprocal)


EXAMPLES = {
    "E1": _example(
        "coursehero 5929594",
        {
            "M": ("90000", "C 5000, P1 10000, P2 35000"),
            "C": ("83820", "M 250, P1 350, P2 400"),
        },
        "P1 200000, P2 400000",
        direct="259116 514704",
        steps={"M C": "261316 512504", "C M": "253993.6667 519826.3333"},
        reciprocal="256080 517740",
    ),
    "E2": _example(
        "scribd 383767179",
        {"A": ("150", "B 40, X 40, Y 20"), "B": ("300", "A 20, X 70, Y 10")},
        "X 0, Y 0",
        direct="362.5 87.5",
        steps={"B A": "350 100", "A B": "375 75"},
        reciprocal="8400/23 1950/23",
    ),
    "E3": _example(
        "expertsmind 30131914",
        {
            "S1": ("92400", "S2 1000, S3 2000, P1 4000, P2 3000"),
            "S2": ("184800", "S1 2000, S3 4000, P1 10000, P2 4000"),
            "S3": ("138600", "S1 4500, P1 1500, P2 9000"),
        },
        "P1 400000, P2 500000",
        direct="604600 711200",
        steps={"S1 S2 S3": "573360 742440"},
        reciprocal="593500 722300",
    ),
    "E4": _example(
        "coursehero 9099863",
        {
            "Maint": ("2400", "Admin 1, TwoDay 1, NextDay 3"),
            "Admin": ("1200", "Maint 1, TwoDay 1, NextDay 4"),
        },
        "TwoDay 1500, NextDay 4000",
        direct="2340 6760",
        steps={"Maint Admin": "2316 6784", "Admin Maint": "2350 6750"},
        reciprocal="67500/29 196400/29",
    ),
    "E5": _example(
        "tutorsglobe 53426384",
        {
            "Electricity": ("200000", "Water 10, Clear 30, Cream 60"),
            "Water": ("300000", "Electricity 50, Clear 10, Cream 40"),
        },
        "Clear 0, Cream 0",
        direct="126666.6667 373333.3333",
        steps={
            "Water Electricity": "146666.6667 353333.3333",
            "Electricity Water": "124000 376000",
        },
        reciprocal="2740000/19 6760000/19",
    ),
    "E6": _example(
        "astarmathsandphysics 4672, with use of own services",
        {
            "S1": ("600", "S1 25, S2 35, S3 10, P1 15, P2 15"),
            "S2": ("1100", "S1 15, S2 20, S3 10, P1 25, P2 30"),
            "S3": ("600", "S1 15, S2 25, S3 35, P1 15, P2 10"),
        },
        "P1 2100, P2 1500",
        direct="3260 2640",
        reciprocal="2718500/843 2255200/843",
    ),
    "E7": _example(
        "Horngren, Cost Accounting, chapter 15, from memory",
        {
            "PM": ("6300000", "IS 1600, Machining 2400, Assembly 4000"),
            "IS": ("1452150", "PM 200, Machining 1600, Assembly 200"),
        },
        "Machining 4000000, Assembly 2000000",
        direct="7653300 6098850",
        steps={"PM IS": "8300800 5451350"},
        reciprocal="8187025 5565125",
    ),
    "E7b": _example(
        "Horngren, an earlier edition, from memory",
        {
            "PM": ("600000", "IS 1600, Machining 2400, Assembly 4000"),
            "IS": ("116000", "PM 200, Machining 1600, Assembly 200"),
        },
        "Machining 400000, Assembly 200000",
        direct="728111.1111 587888.8889",
        steps={"PM IS": "789777.7778 526222.2222"},
        reciprocal="779877.5510 536122.4490",
    ),
    "E8": _example(
        "Drury, Management and Cost Accounting, from memory",
        {
            "S1": ("14040", "X 20, Y 40, Z 30, S2 10"),
            "S2": ("18000", "X 40, Y 20, Z 20, S1 20"),
        },
        "X 48000, Y 42000, Z 30000",
        direct="60120 52740 39180",
        steps={"S1 S2": "60510 52467 39063", "S2 S1": "59120 53440 39480"},
        reciprocal="59520 53160 39360",
    ),
    "E9": _example(
        "Lumen, Managerial Accounting, step method; use of own services is printed and ignored",
        {
            "Maint": ("8000", "Maint 1000, Admin 2000, Op1 1500, Op2 2500"),
            "Admin": ("4000", "Admin 200, Maint 100, Op1 250, Op2 150"),
        },
        "Op1 32000, Op2 36000",
        direct="37500 42500",
        steps={"Maint Admin": "38166.6667 41833.3333"},
        reciprocal="37928.5714 42071.4286",
    ),
    "E10": _example(
        "brainmass 442364",
        {
            "Maint": ("150000", "Diet 10000, Adm 20000, Lab 30000, Rad 40000, Nursing 100000"),
            "Diet": ("400000", "Maint 2500, Adm 2500, Lab 2500, Rad 2500, Nursing 30000"),
            "Adm": ("600000", "Maint 10, Diet 15, Lab 20, Rad 30, Nursing 50"),
        },
        "Lab 600000, Rad 800000, Nursing 2000000",
        direct="775042.0168 1043865.5462 2731092.4370",
        steps={"Maint Diet Adm": "778100 1049816.6667 2722083.3333"},
        reciprocal="770202.7285 1034164.2229 2745633.0486",
    ),
    "E11": _example(
        "askfilo",
        {
            "X": ("68000", "A 25, B 38, C 32, Y 5"),
            "Y": ("27000", "A 40, B 27, C 18, X 15"),
        },
        "A 120000, B 195000, C 260000",
        direct="150600.6192 230776.4706 288622.9102",
        reciprocal="150400.5038 230855.9194 288743.5768",
    ),
    "E12": _example(
        "askfilo",
        {
            "X": ("500000", "A 20, B 30, C 40, Y 10"),
            "Y": ("400000", "A 30, B 30, C 20, X 20"),
        },
        "A 1000000, B 750000, C 500000",
        direct="1261111.1111 1066666.6667 822222.2222",
        reciprocal="1256122.4490 1065306.1224 828571.4286",
    ),
}
