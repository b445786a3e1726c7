"""The built-in layer rules (R4): their form, and where lines of real bills belong.

The matching here is the table's definition, spelled out: cells are globs of `*` and `?` joined by
`|`, compared with the whole trimmed and case-folded value; all filled cells must match, and the
first matching row wins.
"""

import csv
import re
from importlib.resources import files
from itertools import product

import pytest

from everyline.names import folded, providers

RULES = list(
    csv.DictReader((files("everyline") / "charges/layers.csv").read_text("utf-8").splitlines())
)
TESTS = tuple(RULES[0])[3:-1]
Line = dict[str, str]


def pattern(cell: str) -> re.Pattern[str]:
    special = {"*": ".*", "?": ".", "|": "|"}
    return re.compile("".join(special.get(letter) or re.escape(letter) for letter in cell), re.S)


PATTERNS = [{test: pattern(rule[test]) for test in TESTS if rule[test]} for rule in RULES]


def placed(line: Line) -> dict[str, str] | None:
    """The first rule that a line meets."""
    values = {test: folded(text) for test, text in line.items() if text.strip()}
    provider = values.get("ServiceProviderName", "")
    values["ServiceProviderName"] = folded(providers().get(provider, provider))
    for rule, tests in zip(RULES, PATTERNS, strict=True):
        if all(values.get(test) and found.fullmatch(values[test]) for test, found in tests.items()):
            return rule
    return None


def verdict(line: Line) -> str:
    """The layer of a line; `candidate` where a rule is not sure, `none` where no rule matches."""
    rule = placed(line)
    if rule is None:
        return "none"
    return "candidate" if rule["candidate"] else rule["layer"]


def line(provider: str, service: str, *, meter: str = "", text: str = "", **more: str) -> Line:
    return {
        "ServiceProviderName": provider,
        "ServiceName": service,
        "SkuMeter": meter,
        "ChargeDescription": text,
        **more,
    }


# the form of the table


def test_every_row_is_whole() -> None:
    assert list(RULES[0]) == [
        *("name", "layer", "candidate", "ServiceProviderName", "ServiceName", "ServiceCategory"),
        *("ServiceSubcategory", "SkuMeter", "ChargeDescription", "InstanceType", "source"),
    ]
    assert len({rule["name"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule["name"])
        assert rule["layer"] in ("model", "platform", "data", "none")
        assert rule["candidate"] in ("", "yes")
        assert rule["candidate"] == ("yes" if rule["layer"] == "none" else ""), rule["name"]
        assert rule["source"], rule["name"]
        assert any(rule[test] for test in TESTS), rule["name"]


def test_every_glob_is_folded_trimmed_and_says_something() -> None:
    for rule in RULES:
        for test in TESTS:
            globs = rule[test].split("|") if rule[test] else []
            assert len(globs) == len(set(globs)), rule["name"]
            for glob in globs:
                assert glob == folded(glob), rule["name"]
                assert len(glob.replace("*", "").replace("?", "")) >= 2, rule["name"]


def test_a_provider_is_spelled_as_the_provider_table_chose() -> None:
    chosen = {folded(name) for name in providers().values()}
    for rule in RULES:
        if rule["ServiceProviderName"]:
            assert rule["ServiceProviderName"] in chosen, rule["name"]


def test_every_row_decides_some_line() -> None:
    for rule in RULES:
        filled = [test for test in TESTS if rule[test]]
        for globs in product(*(rule[test].split("|") for test in filled)):
            texts = (glob.replace("*", "x").replace("?", "x") for glob in globs)
            if placed(dict(zip(filled, texts, strict=True))) is rule:
                break
        else:
            pytest.fail(f"`{rule['name']}` is never the first to match")


# where AI cost is

OPUS = "Claude Opus 4.8 (Amazon Bedrock Edition)"
EC2 = "Amazon Elastic Compute Cloud"


@pytest.mark.parametrize(
    ("where", "layer"),
    [
        (line("OpenAI", "OpenAI API", meter="input"), "model"),
        (line("OpenAI", "ChatGPT Enterprise"), "data"),
        (line("Anthropic", "Anthropic API", text="Web Search Usage"), "model"),
        (line("Anthropic", "Claude Team", text="12 seats"), "data"),
        (line("AWS", OPUS, text="AWS Marketplace usage of Claude Opus 4.8"), "model"),
        (line("AWS", "Claude 3.7 Sonnet (Amazon Bedrock Edition)"), "model"),
        (line("AWS", "Amazon Bedrock", meter="Input tokens"), "model"),
        (line("AWS", "AmazonBedrock", meter="USW2-Guardrail-ContentPolicyUnitsConsumed"), "data"),
        (line("AWS", "Amazon SageMaker", meter="USW2-Host:ml.g5.2xlarge"), "platform"),
        (line("AWS", "Amazon SageMaker", text="Ground Truth label, per object"), "data"),
        (line("AWS", EC2, text="$0 per p5.48xlarge under Savings Plan"), "platform"),
        (line("AWS", EC2, text="$1.624 per On Demand Linux g5.4xlarge Instance Hour"), "platform"),
        (line("AWS", EC2, text="p3.2xlarge Linux/UNIX Spot Instance-hour"), "platform"),
        (line("AWS", EC2, InstanceType="trn1.32xlarge"), "platform"),
        (line("AWS", "AmazonEC2", meter="USW2-BoxUsage:p5.48xlarge"), "platform"),
        (line("AWS", "Amazon Q Developer"), "data"),
        (line("AWS", "Pinecone Vector Database - Pay As You Go"), "data"),
        (line("Microsoft", "Azure OpenAI", meter="gpt 4.1 Inp glbl Tokens"), "model"),
        (line("Microsoft", "Cognitive Services", meter="5.4 opt Gl 1M Tokens"), "model"),
        (line("Microsoft", "", text="Anthropic via Foundry - Claude Sonnet 4.5"), "model"),
        (line("Microsoft", "Unknown", meter="Provisioned Managed Global Unit"), "model"),
        (line("Microsoft", "Azure Machine Learning", text="IP Addresses - Standard"), "platform"),
        (line("Azure", "Virtual Machines", meter="NC24ads A100 v4"), "platform"),
        (line("Azure", "Virtual Machines", InstanceType="Standard_ND96asr_v4"), "platform"),
        (line("Google", "Vertex AI", text=" Gemini 2.5 Flash GA Input Text Caching"), "model"),
        (line("Google", "Vertex AI", text="Claude Sonnet 4.5 Text Output"), "model"),
        (line("Google", "Vertex AI", text="Vertex AI: Vector Search Node Hours"), "data"),
        (line("Google", "Vertex AI", text="Vertex AI: Training N1 Predefined Core"), "platform"),
        (line("Google", "Compute Engine", text="A3 Mega GPU running in Americas"), "platform"),
        (line("Google", "Compute Engine", text="G2 Instance Ram running in Dallas"), "platform"),
        (line("Google", "Compute Engine", text="TPU7x running in Americas"), "platform"),
        (line("Oracle", "COMPUTE", text="GPU - A10"), "platform"),
        (line("CoreWeave", "", meter="GPU Hours"), "platform"),
        (line("Lambda", "On-demand Cloud"), "platform"),
        (line("Vercel", "AI Gateway", ServiceCategory="AI Tokens"), "model"),
        (line("Databricks", "MODEL_SERVING"), "model"),
        (line("Databricks", "VECTOR_SEARCH"), "data"),
        (line("Snowflake", "AI_SERVICES"), "model"),
        (line("Pinecone", "Pinecone Database", meter="Read Units"), "data"),
        (line("", "Qdrant Cloud"), "data"),
        (line("", "Lakera"), "data"),
        (line("", "GitHub Copilot"), "data"),
        (line("GitHub", "actions", meter="copilot_for_business"), "data"),
        (line("Datadog", "llm_observability"), "data"),
        (line("Acme AI", "Acme API", meter="Cache Read Input Tokens"), "model"),
        (line("Acme AI", "Acme API", ServiceSubcategory="Generative AI"), "model"),
    ],
)
def test_ai_cost_is_found_where_it_really_is(where: Line, layer: str) -> None:
    assert verdict(where) == layer


@pytest.mark.parametrize(
    "where",
    [
        line("AWS", "Amazon Elastic Container Service for Kubernetes"),
        line("AWS", "Amazon OpenSearch Service"),
        line("AWS", EC2, text="$1.14 per On Demand Linux g3.4xlarge Instance Hour"),
        line("Microsoft", "Azure Kubernetes Service"),
        line("Microsoft", "Azure AI Search"),
        line("Google", "Kubernetes Engine", text="Autopilot Pod mCPU Requests"),
        line("Google", "BigQuery", text="BigQuery ML Create Model"),
        line("Google", "Compute Engine", text="Nvidia L4 GPU Virtual Workstation in Americas"),
        line("Databricks", "ALL_PURPOSE"),
        line("Snowflake", "WAREHOUSE_METERING"),
        line("Acme", "Acme Insight", ServiceCategory="AI and Machine Learning"),
        line("Acme", "Acme Compute", text="1 GPU hour"),
    ],
)
def test_what_no_rule_is_sure_of_is_a_candidate(where: Line) -> None:
    assert verdict(where) == "candidate"


@pytest.mark.parametrize(
    "where",
    [
        line("AWS", "AWS Lambda", meter="USE1-Lambda-GB-Second"),
        line("AWS", "Amazon Relational Database Service", text="db.r6g.large"),
        line("AWS", "Amazon DynamoDB"),
        line("AWS", "Amazon Simple Storage Service"),
        line("AWS", EC2, text="$0.08 per GB-month of General Purpose (gp3) provisioned storage"),
        line("AWS", EC2, text="$0.34 per On Demand Linux c5.2xlarge Instance Hour"),
        line("AWS", EC2, text="$0.0416 per On Demand Linux t3.medium Instance Hour"),
        line("AWS", EC2, meter="BoxUsage:m6g.large", InstanceType="m6g.large"),
        line("AWS", "Savings Plans for AWS Compute usage"),
        line("AWS", "AWS Support (Business)"),
        line("AWS", "", text="Tax for product code AmazonEC2", ChargeCategory="Tax"),
        line("Microsoft", "Virtual Machines", meter="D11 v2/DS11 v2"),
        line("Microsoft", "Virtual Machines", text="Virtual Machines Dv2/DSv2 Series - D11 v2"),
        line("Microsoft", "Azure Cosmos DB", meter="100 RU/s"),
        line("Microsoft", "Virtual Machines", InstanceType="Standard_NP10s"),
        line("Google", "BigQuery", text="Analysis (us)"),
        line("Google", "Compute Engine", text="N1 Predefined Instance Core running in Americas"),
        line("Google", "Compute Engine", text="E2 Instance Ram running in Americas"),
        line("Google", "Cloud SQL", text="vCPU"),
        line("Google", "Cloud Logging", text="Log output volume"),  # "output" holds "tpu"
        line("Google", "Invoice", text="Tax", ChargeCategory="Tax"),
        line("Oracle", "COMPUTE", text="Standard - E5"),
        line("Vercel", "Fluid Compute", ServiceCategory="Vercel Functions"),
        line("Vercel", "Pro Seat"),
        line("GitHub", "actions", meter="actions_linux"),
        line("Datadog", "infra_host"),
        line("Acme", "Turbo Delivery", text="turbo shipping of vCPU parts"),
    ],
)
def test_the_web_shop_is_left_alone(where: Line) -> None:
    assert verdict(where) == "none"
