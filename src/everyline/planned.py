"""One thing that is planned to run and to cost money: what every reader of plans gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned resource, a workload or a gateway's key, before it costs anything.

    Attributes:
        address: what its file calls it, unique in the file: `module.rag.aws_instance.gpu[0]`,
            `Deployment/search/embedder`, `key/search-prod`.
        type: as the tool spells it: `aws_instance`, `AWS::EC2::Instance`, `Deployment`.
        place: `file` or `file:line` where a person would mend it.
        tags: key to value, as they will reach the bill or the telemetry; defaults are merged in.
        taggable: whether the type takes tags at all.
        later: keys of tags whose value is known only once it is made.
        is_open: the tags as a whole are known only once it is made.
        columns: other columns that registries and rules ask, by their names in the relations
            (ServiceProviderName, SubAccountId, x_CredentialId, ResourceId, RegionId, ...).
        layer: model, platform or data where it is known to cost AI money; None where it is not.
        tags_at: where a person adds a tag, as a path: `tags`, `spec.template.metadata.labels`.
            Of a thing that takes no tags: where the tags lie that its cost bears; empty if nowhere.
        unjudged: why nobody has to mend it now, such as `deleted`; empty where it is judged.
        misplaced: keys of tags that stand where neither bill nor telemetry sees them, to that path.
        note: what a person should know beside where to add a tag, without a full stop; or empty.
        is_part: others add tags to it before it costs anything, a key to its team: only what it
            states is judged, not what it lacks.
    """

    address: str
    type: str
    place: str
    tags: Mapping[str, str] = field(default_factory=dict)
    taggable: bool = True
    later: frozenset[str] = frozenset()
    is_open: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    layer: str | None = None
    tags_at: str = "tags"
    unjudged: str = ""
    misplaced: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    is_part: bool = False
