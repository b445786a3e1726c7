"""Plans with what people do wrong, and plans that look wrong and are not.

A tag is left out, misspelt, or put where no bill sees it. Beside each wrong plan stands what is
said of it: level, name and subject. The right ones look like mistakes.
"""

from plans import change, configured, plan, provider, secret, written

ENDPOINT = "aws_sagemaker_endpoint.a"
OWNED = {"team": "search", "use_case": "semantic-search"}
SHARED = {"team": "search", "use_case": "copilot"}
"""As `OWNED`, by a use case that is no team's own (it implies none, R9)."""
H100 = {"instance_type": "p5.48xlarge"}

_CLUSTER = {"instance_types": ["g5.2xlarge"], "launch_template": []}
_PODS = {
    "template": [{"spec": [{"container": [{"resources": [{"limits": {"nvidia.com/gpu": 1}}]}]}]}]
}
_LABELLED = [{"labels": OWNED}]

WRONG: dict[str, tuple[bytes, list[tuple[str, str, str]]]] = {
    "no tags at all": (
        plan(change("aws_kendra_index.docs", {"name": "docs", "tags": None})),
        [("fail", "missing-tag", "aws_kendra_index.docs")],
    ),
    "one of two keys": (
        plan(change("aws_instance.gpu", H100 | {"tags": {"team": "search"}})),
        [("fail", "missing-tag", "aws_instance.gpu")],
    ),
    "a slip of the pen": (
        plan(change(ENDPOINT, {"tags": OWNED | {"team": "serach"}})),
        [("fail", "undeclared-value", f"{ENDPOINT}, team: serach")],
    ),
    "a key that nobody asks for": (
        plan(change("pinecone_index.docs", {"tags": {"owner": "search", "usecase": "copilot"}})),
        [("fail", "missing-tag", "pinecone_index.docs")],
    ),
    "two values of one key": (
        plan(change(ENDPOINT, {"tags": OWNED | {"Team": "support"}})),
        [("fail", "conflicting-tags", f"{ENDPOINT}, team: search and support")],
    ),
    "a default that no list declares": (
        plan(
            change(ENDPOINT, {"tags": {}}, unknown={"tags_all": True}),
            configuration=configured(
                provider(
                    "aws",
                    default_tags=[{"tags": {"constant_value": OWNED | {"env": "prd"}}}],
                ),
                written(ENDPOINT, "aws"),
            ),
        ),
        [("fail", "undeclared-value", f"{ENDPOINT}, environment: prd")],
    ),
    "a team that is no more": (
        plan(change(ENDPOINT, {"tags": OWNED | {"team": "legacy"}})),
        [("fail", "value-not-valid", f"{ENDPOINT}, team: legacy")],
    ),
    "an empty value": (
        plan(change("google_vertex_ai_endpoint.e", {"labels": OWNED | {"use_case": " "}})),
        [("fail", "missing-tag", "google_vertex_ai_endpoint.e")],
    ),
    "tags of a launch template that do not reach what it launches": (
        plan(change("aws_launch_template.gpu", H100 | {"tags": OWNED, "tag_specifications": []})),
        [("fail", "missing-tag", "aws_launch_template.gpu")],
    ),
    "labels of a Deployment that do not reach its pods": (
        plan(
            change("kubernetes_deployment.vllm", {"metadata": _LABELLED, "spec": [_PODS]}),
        ),
        [("fail", "missing-tag", "kubernetes_deployment.vllm")],
    ),
    "a replaced resource in a module of a module": (
        plan(
            change(
                'module.rag[0].module.store.aws_opensearchserverless_collection.v["eu"]',
                {"type": "VECTORSEARCH", "tags": {"use_case": "copilot"}},
                actions=("delete", "create"),
            )
        ),
        [
            (
                "fail",
                "missing-tag",
                'module.rag[0].module.store.aws_opensearchserverless_collection.v["eu"]',
            )
        ],
    ),
    "a tag that is known only later": (
        plan(change(ENDPOINT, {"tags": {"team": "search"}}, unknown={"tags": {"use_case": True}})),
        [("warn", "known-later", ENDPOINT)],
    ),
    "a secret in the place of a team": (
        plan(
            secret(change(ENDPOINT, {"tags": SHARED}), {"tags_all": {"team": True}, "tags": True})
        ),
        [("warn", "known-later", ENDPOINT)],
    ),
    "a type that takes no tags": (
        plan(change("google_discovery_engine_search_engine.s", {"project": "acme-shop"})),
        [("warn", "untaggable-type", "google_discovery_engine_search_engine.s")],
    ),
    "tags of a node group, which reach no instance": (
        plan(change("aws_eks_node_group.gpu", _CLUSTER | {"tags": OWNED})),
        [("warn", "untaggable-type", "aws_eks_node_group.gpu")],
    ),
    "a use case of another team": (
        plan(change(ENDPOINT, {"tags": OWNED | {"use_case": "platform"}})),
        [
            (
                "warn",
                "contradicting-owner",
                f"{ENDPOINT}, use_case: platform, team: search",
            )
        ],
    ),
}

RIGHT: dict[str, bytes] = {
    "tagged in full": plan(change(ENDPOINT, {"tags": OWNED})),
    "an alias, with capitals and blanks": plan(
        change(ENDPOINT, {"tags": {"Team": " Search Eng ", "use_case": "Semantic_Search"}})
    ),
    "a successor": plan(change(ENDPOINT, {"tags": SHARED | {"team": "growth"}})),
    "the second entry of `tags`": plan(
        change(ENDPOINT, {"tags": {"cost-team": "support", "feature": "copilot"}})
    ),
    "a value that implies the other": plan(
        change(ENDPOINT, {"tags": {"use_case": "semantic-search"}})
    ),
    "defaults of the provider": plan(
        change(ENDPOINT, {"tags": {"use_case": "copilot"}, "tags_all": OWNED})
    ),
    "defaults that are merged only after apply": plan(
        change(ENDPOINT, {"tags": {"use_case": "copilot"}}, unknown={"tags_all": True}),
        configuration=configured(
            provider("aws", default_tags=[{"tags": {"constant_value": {"team": "support"}}}]),
            written(ENDPOINT, "aws"),
        ),
    ),
    "an account that a registry names": plan(
        change("aws_kendra_index.k", {"arn": "arn:aws:kendra:eu-west-1:111122223333:index/1"})
    ),
    "an untaggable type in a project that a registry names": plan(
        change("google_document_ai_processor.p", {"project": "acme-research"})
    ),
    "a rule on the name": plan(change("pinecone_index.i", {"name": "search-prod"})),
    "a rule on the type": plan(
        change("aws_sagemaker_notebook_instance.n", {"tags": {"team": "ai-platform"}})
    ),
    "later, but a registry answers": plan(
        change(
            "aws_kendra_index.k",
            {"arn": "arn:aws:kendra:eu-west-1:111122223333:index/1"},
            unknown={"tags": True, "tags_all": True},
        )
    ),
    "no size that has a GPU": plan(change("aws_instance.web", {"instance_type": "m7g.large"})),
    "deleted": plan(change("aws_kendra_index.k", None, actions=("delete",))),
    "there already": plan(change("aws_kendra_index.k", {"tags": {}}, actions=("no-op",))),
    "no resource of a cloud": plan(change("random_pet.p", {"length": 2})),
    "pods with labels": plan(
        change(
            "kubernetes_deployment.vllm",
            {"spec": [{"template": [_PODS["template"][0] | {"metadata": _LABELLED}]}]},
        )
    ),
    "an alias of an environment": plan(change(ENDPOINT, {"tags": OWNED | {"env": "PROD"}})),
}
