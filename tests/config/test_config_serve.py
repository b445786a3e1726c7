"""The section `serve`: who says who asks, and who sees what."""

from pathlib import Path

import pytest
from projects import load, problems

PROXY = "identity: {proxy: {peers: [10.0.0.0/8], groups: G}}"
OIDC = "identity: {oidc: {issuer: 'https://id.example.com/', client_id: a}}"
ROLES = "user,group,role,owners\nada,,all,\n"


def test_all_of_it_is_read(tmp_path: Path) -> None:
    roles = "user,group,role,owners\nada,,all,\n,staff,teams,find | support|find\nbob,staff,none,\n"
    text = f"serve: {{url: 'https://cost.example.com/', {OIDC}, roles: r.csv, audit: a/b.jsonl}}\n"
    loaded = load(tmp_path, text, r_csv=roles)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    serve = loaded.configuration.serve
    assert serve is not None
    assert serve.url == "https://cost.example.com"
    assert serve.audit == "a/b.jsonl"
    assert serve.identity is not None
    assert serve.identity.oidc is not None
    assert serve.identity.oidc.issuer == "https://id.example.com/", "as its tokens have it"
    assert [tuple(row) for row in serve.roles or ()] == [
        ("r.csv:2", "ada", None, "all", ()),
        ("r.csv:3", None, "staff", "teams", ("find", "support")),
        ("r.csv:4", "bob", "staff", "none", ()),
    ]


def test_who_sees_what_is_no_input_of_a_run(tmp_path: Path) -> None:
    loaded = load(tmp_path, f"serve: {{{PROXY}, roles: r.csv}}\n", r_csv=ROLES)
    assert [file.name for file in loaded.files] == ["everyline.yaml", "teams.csv"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("ada,,root,\n", "cell-not-understood: `role` is `root`, and must be `all`, `teams` or"),
        ("ada,,,\n", "cell-not-understood: `role` is empty, and must be"),
        (",,all,\n", "cell-not-understood: `user` is empty, and must be filled, or `group` is"),
        ("ada,,teams,\n", "cell-not-understood: `owners` is empty, and must be values of the lead"),
        ("ada,,teams,|\n", "cell-not-understood: `owners` is `|`, and must be values of the lead"),
        ("ada,,all,search\n", "cell-not-understood: `owners` is `search`, and must be empty where"),
        ("ada,,teams,serch\n", "unknown-value: `team` has the value `serch`, which teams.csv does"),
    ],
)
def test_a_row_of_the_roles_says_one_thing(tmp_path: Path, rows: str, expected: str) -> None:
    roles = f"user,group,role,owners\n{rows}"
    found = problems(tmp_path, f"serve: {{{PROXY}, roles: r.csv}}\n", r_csv=roles)
    assert len(found) == 1, found
    assert found[0].startswith(f"r.csv:2 {expected}")


def test_somebody_has_one_role(tmp_path: Path) -> None:
    found = problems(tmp_path, f"serve: {{{PROXY}, roles: r.csv}}\n", r_csv=f"{ROLES}ada,,none,\n")
    assert found == [
        "r.csv:3 duplicate-row: the user and group of this line stands on r.csv:2 already"
    ]


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (PROXY, "missing-setting: `identity` says who asks, and no `roles` say who sees what"),
        ("roles: r.csv", "missing-setting: `roles` say who sees what, and no `identity` says who"),
        ("identity: {}, roles: r.csv", "missing-setting: `identity` takes exactly one of `proxy`"),
        (f"{OIDC}, roles: r.csv", "missing-setting: `oidc` sends browsers back to `url`, which"),
        ("audit: ../x", "setting-not-understood: `audit` is `../x`, and takes a path below"),
        ("url: http://cost.example.com", "setting-not-understood: `url` is `http://cost.example"),
        ("url: 'https://a.example/b'", "setting-not-understood: `url` is `https://a.example/b`"),
        ("url: 'https://u:p@a.example'", "setting-not-understood: `url` is `https://u:p@a.exa"),
        ("url: 'https://[x'", "setting-not-understood: `url` is `https://[x`, and takes"),
        ("identity: {proxy: {peers: [0.0.0.0/0]}}", "setting-not-understood: `peers` has `0.0."),
        ("identity: {proxy: {peers: [10.0.0.1/8]}}", "setting-not-understood: `peers` has `10."),
        ("identity: {proxy: {peers: []}}", "setting-not-understood: `peers` is a list, and"),
        ("identity: {proxy: {peers: ['::1'], user: a b}}", "setting-not-understood: `user` is `a"),
        (
            "identity: {oidc: {issuer: 'https://a', client_id: a, client_secret_env: s3-cret}}",
            "setting-not-understood: `client_secret_env` takes the name of an environment",
        ),
    ],
)
def test_a_section_that_would_let_in_the_wrong_people_is_a_mistake(
    tmp_path: Path, serve: str, expected: str
) -> None:
    found = problems(tmp_path, f"serve: {{{serve}}}\n", r_csv=ROLES)
    assert len(found) == 1, found
    place, _, said = found[0].partition(" ")
    assert place.startswith("everyline.yaml:4:")
    assert said.startswith(expected)


def test_groups_need_a_header(tmp_path: Path) -> None:
    serve = "serve: {identity: {proxy: {peers: [10.0.0.1]}}, roles: r.csv}\n"
    found = problems(tmp_path, serve, r_csv="group,role\nstaff,all\n")
    assert len(found) == 1, found
    assert found[0].startswith("everyline.yaml:4:19 missing-setting: r.csv:2 asks for a group, and")
