"""The attribute names of several generations of GenAI instrumentation, newest first."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from everyline.sources import calls

PROVIDERS = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
MODELS = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model",
    "llm.model_name",
    "llm.request.model",
)
PEOPLE = ("user.id", "enduser.id", "traceloop.association.properties.user_id")
TIERS = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")

CALLS: Mapping[str, frozenset[str]] = {
    "gen_ai.operation.name": frozenset(
        {"chat", "text_completion", "generate_content", "embeddings"}
    ),
    "llm.request.type": frozenset({"chat", "completion", "embedding", "embeddings", "rerank"}),
    "openinference.span.kind": frozenset({"llm", "embedding", "reranker"}),
    "traceloop.span.kind": frozenset(),
    "": frozenset(),
}
"""By attribute that says what a span is: the values of it, case-folded, that are a model call."""

COUNTS: Mapping[str, tuple[str, ...]] = {
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
    ),
    "cached_input_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_cached_tokens",
        "gen_ai.usage.input_tokens.cached",
        "llm.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.input_tokens.cache_write",
        "llm.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
    ),
}
"""By meter: the attributes that count it; the first that a span has is taken."""

TOKEN_PREFIXES = ("gen_ai.usage.", "llm.usage.", "llm.token_count.")

# Sums of others, and parts of others: never added.
_NOT_ADDED = (
    "gen_ai.usage.reasoning",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.",
    "llm.usage.reasoning_tokens",
    "llm.token_count.prompt_details.",
    "llm.token_count.completion_details.",
)
_MODALITIES = ("text", "image", "audio", "video")

_RUNS = (
    "gen_ai.agent.name",
    "gen_ai.agent.id",
    "gen_ai.workflow.name",
    "gen_ai.conversation.id",
    "session.id",
    "traceloop.workflow.name",
)
_RESOURCES = (
    "service.name",
    "service.namespace",
    "deployment.environment.name",
    "deployment.environment",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.job.name",
    "k8s.cronjob.name",
    "cloud.account.id",
    "openinference.project.name",
)
_LABELS = ("k8s.pod.label.", "k8s.pod.labels.", "k8s.namespace.label.", "k8s.namespace.labels.")
_CALLER_PREFIXES = ("traceloop.association.properties.", "baggage.", "app.")

_NAMES = frozenset(
    [
        *PROVIDERS,
        *MODELS,
        *PEOPLE,
        *TIERS,
        *CALLS,
        *_RUNS,
        *_RESOURCES,
        "server.address",
        "error.type",
        "gen_ai.token.type",
    ]
)


@lru_cache(maxsize=1 << 12)
def is_wanted(name: str) -> bool:
    """Whether an attribute is read at all."""
    return (
        name in _NAMES
        or name.startswith(TOKEN_PREFIXES)
        or name.startswith(_LABELS)
        or calls.is_owner_word(_of_caller(name))
    )


@lru_cache(maxsize=1 << 12)
def is_known_count(name: str) -> bool:
    """Whether a count is one that is taken, or a sum or part of one."""
    if any(name in names for names in COUNTS.values()) or name.startswith(_NOT_ADDED):
        return True
    last = name.rpartition(".")[2]
    modality = name.removeprefix("gen_ai.usage.").partition(".")[0]
    return last in ("total", "total_tokens", "cost", "total_cost") or modality in _MODALITIES


def within(read: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The first of these attributes that is there."""
    return next((read[name] for name in names if name in read), None)


def owner_tags(resource: Mapping[str, str], span: Mapping[str, str]) -> str | None:
    """What resource and span say of an owner, the resource first."""
    of_resource = (
        (_of_caller(name), value)
        for name, value in resource.items()
        if name in _RESOURCES or name.startswith(_LABELS) or calls.is_owner_word(_of_caller(name))
    )
    of_span = (
        (_of_caller(name), value)
        for name, value in span.items()
        if name in _RUNS or calls.is_owner_word(_of_caller(name))
    )
    return calls.tags([*of_resource, *of_span])


def _of_caller(name: str) -> str:
    """A caller's own name, without the prefix under which instrumentation puts it."""
    for prefix in _CALLER_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
