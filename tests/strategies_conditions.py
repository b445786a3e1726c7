"""Conditions as hypothesis draws them, over columns that lines have."""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from strategies_taxonomy import DAYS, Draw

IDENTITIES: dict[str, tuple[str, ...]] = {
    "SubAccountId": ("acct-1", "Acct-1", "proj 🚀"),
    "ServiceProviderName": ("AWS", "Amazon Web Services", "OpenAI", "Acme Clouds"),
    "ServiceName": ("OpenAI API", "Amazon Bedrock", "Qdrant"),
    "RegionId": ("eu-1", "us-1"),
    "x_Squad": ("red", "blue"),
    "x_Model": ("gpt-4o", "house-model"),
    "x_Tier": ("standard", "batch"),
    "x_Basis": ("invoiced", "metered"),
    "x_Period": ("2026-10", "2026-11"),
    "Tags.cluster": ("gpu-1", "gpu-2", "web"),
}


@st.composite
def condition(draw: Draw, columns: Sequence[str] = tuple(IDENTITIES)) -> dict[str, Any]:
    """A condition over columns that lines have."""
    column = draw(st.sampled_from(columns))
    texts = st.sampled_from(IDENTITIES[column])
    right = draw(
        st.one_of(
            texts,
            st.lists(texts, min_size=1, max_size=2, unique=True),
            texts.map(lambda text: {"prefix": text[:2]}),
            texts.map(lambda text: {"glob": f"{text[:2]}*"}),
            texts.map(lambda text: {"regex": f".*{re.escape(text[-1])}"}),
            st.sampled_from(("true", "false")).map(lambda has: {"has": has}),
            texts.map(lambda text: {"not": text}),
            texts.map(lambda text: {"from": text}),
        )
    )
    kind = draw(st.sampled_from(("plain", "plain", "not", "any", "dated")))
    if kind == "not":
        return {"not": {column: right}}
    if kind == "any":
        return {"any": [{column: right}, {"x_Squad": "red"}]}
    if kind == "dated":
        return {column: right, "ChargePeriodStart": {"from": draw(st.sampled_from(DAYS))}}
    return {column: right}
