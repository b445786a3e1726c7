"""Who may see what over the web: the section `serve`, and the table of its roles."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from everyline.config.cells import check_header, not_understood, note_duplicates
from everyline.config.document import WrittenList
from everyline.config.reading import Reading
from everyline.config.settings import (
    FILE_SCHEMA,
    Entry,
    Text,
    Whole,
    path_below,
    refuse,
    shown,
    table_of,
    text,
)
from everyline.config.tables import Table

Network = IPv4Network | IPv6Network
_ROLES = ("all", "teams", "none")
_HEADER = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_HERE = ("localhost", "127.0.0.1", "[::1]")


class Role(NamedTuple):
    """One row of the roles: whom it is about, and what they may see.

    Attributes:
        place: `serve/roles.csv:3`.
        user: who must ask; None for any user of the group.
        group: what they must be a member of; None for the user whatever their groups.
        role: `all` owners and totals, the `teams` that are listed, or `none`.
        owners: values of the lead key, as written; those of `teams`.
    """

    place: str
    user: str | None
    group: str | None
    role: str
    owners: tuple[str, ...]


def _networks(value: Any) -> tuple[Network, ...]:
    if not isinstance(value, WrittenList) or not value:
        refuse(f"{shown(value)}, and takes a list of networks like `[10.0.0.0/8]`")
    return tuple(_network(text(one)) for one in value)


def _network(written: str) -> Network:
    try:
        found = ip_network(written)
    except ValueError:
        refuse(
            f"has `{written}`, which is no network",
            "write an address like `10.1.2.3`, or a network like `10.0.0.0/8`",
        )
    if found.prefixlen == 0:
        refuse(f"has `{written}`, which is every address there is", "list the proxy's own only")
    return found


def _header(value: Any) -> str:
    name = text(value)
    if _HEADER.fullmatch(name) is None:
        refuse(f"is `{name}`, and takes the name of a header like `X-Forwarded-User`")
    return name


def _variable(value: Any) -> str:
    name = text(value)
    if _VARIABLE.fullmatch(name) is None:
        refuse(
            "takes the name of an environment variable, and not what is in it",
            "write `client_secret_env: EVERYLINE_OIDC_SECRET`, and set that where `serve` runs",
        )
    return name


def _address(value: Any) -> str:
    """An address without query; whoever is not on this machine is spoken to by https only."""
    address = text(value)
    try:
        parts = urlsplit(address)
        host = parts.hostname
        named = f"[{host}]" if host and ":" in host else host
        _ = parts.port
    except ValueError:
        refuse(f"is `{address}`, and takes an address like `https://cost.example.com`")
    plain = parts.scheme == "http" and named in _HERE
    if not host or not (plain or parts.scheme == "https"):
        refuse(f"is `{address}`, and takes an address that begins with `https://`")
    if parts.query or parts.fragment or parts.username or parts.password:
        refuse(f"is `{address}`, and takes an address without `?`, `#` and `@`")
    return address


def _own_address(value: Any) -> str:
    address = _address(value).rstrip("/")
    if urlsplit(address).path:
        refuse(f"is `{address}`, and takes an address without a path")
    return address


_Header = Annotated[
    str, PlainValidator(_header), WithJsonSchema({"type": "string", "minLength": 1})
]
_Variable = Annotated[
    str, PlainValidator(_variable), WithJsonSchema({"type": "string", "minLength": 1})
]
_ADDRESS_SCHEMA = WithJsonSchema({"type": "string", "format": "uri"})
_Address = Annotated[str, PlainValidator(_address), _ADDRESS_SCHEMA]
_OwnAddress = Annotated[str, PlainValidator(_own_address), _ADDRESS_SCHEMA]
_Networks = Annotated[
    tuple[Network, ...],
    PlainValidator(_networks),
    WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": "string"}}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy(Entry):
    """A reverse proxy says who asks, in headers that only it may send."""

    peers: Annotated[
        _Networks, Field(description="Addresses of the proxy; nobody else gets an answer")
    ]
    user: Annotated[_Header, Field(description="The header with who asks")] = "X-Forwarded-User"
    groups: Annotated[
        _Header | None, Field(description="The header with their groups, `,` between")
    ] = None
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc(Entry):
    """An OpenID provider says who asks (authorization code with PKCE)."""

    issuer: Annotated[_Address, Field(description="The provider, as its tokens name it")]
    client_id: Annotated[Text, Field(description="What everyline is registered as there")]
    client_secret_env: Annotated[
        _Variable | None, Field(description="The environment variable with the client's secret")
    ] = None
    user: Annotated[
        Text, Field(description="The claim with who asks; `email` must be a verified one")
    ] = "email"
    groups: Annotated[Text, Field(description="The claim with their groups")] = "groups"
    scope: Annotated[Text, Field(description="What is asked of the provider")] = (
        "openid email profile"
    )
    hours: Annotated[Whole, Field(description="How long somebody stays signed in")] = 8
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Entry):
    """Who says who asks: exactly one of the two."""

    proxy: Annotated[Proxy | None, Field(description="A reverse proxy's headers")] = None
    oidc: Annotated[Oidc | None, Field(description="An OpenID provider")] = None
    place: SkipJsonSchema[str] = ""


def _file(value: Any) -> str:
    return path_below(value)


def read_roles(table: Table, reading: Reading) -> tuple[Role, ...]:
    """The roles, in the order of the file: of several that match the first one counts.

    No figure comes of them, so they are no input of a run: who may see it may change without it.
    """
    reading.files.pop(reading.project / table.file, None)
    if not check_header(table, reading, needed=("role",), more=("user", "group", "owners")):
        return ()
    rows = [row for place, cells in table.named() if (row := _role(reading, cells, place))]
    keyed = (((row.user, row.group), row.place) for row in rows)
    note_duplicates(table, reading, keyed, what="user and group")
    return tuple(rows)


def _role(reading: Reading, cells: dict[str, str | None], place: str) -> Role | None:
    role, listed = cells["role"], cells.get("owners")
    user, group = cells.get("user"), cells.get("group")
    if role not in _ROLES:
        not_understood(reading, ("role", role), "`all`, `teams` or `none`", place)
        return None
    if user is None and group is None:
        not_understood(reading, ("user", None), "filled, or `group` is", place)
        return None
    owners = tuple(dict.fromkeys(one.strip() for one in (listed or "").split("|") if one.strip()))
    if role == "teams" and not owners:
        not_understood(reading, ("owners", listed), "values of the lead key, `|` between", place)
        return None
    if role != "teams" and listed is not None:
        not_understood(reading, ("owners", listed), f"empty where `role` is `{role}`", place)
        return None
    return Role(place, user, group, role, owners)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve(Entry):
    """What `everyline serve` needs before others than this machine's user may ask.

    Attributes:
        roles: None where no table is named; nobody is seen to have a role then.
        audit: a path below the project's folder, `/` between its parts.
    """

    url: Annotated[
        _OwnAddress | None,
        Field(description="Where browsers find the pages; OIDC sends them back there"),
    ] = None
    identity: Annotated[Identity | None, Field(description="Who says who asks")] = None
    roles: Annotated[
        Annotated[tuple[Role, ...], table_of(read_roles), FILE_SCHEMA] | None,
        Field(description="CSV: user,group,role,owners; first wins, who is not listed sees none"),
    ] = None
    audit: Annotated[
        Annotated[str, PlainValidator(_file), FILE_SCHEMA] | None,
        Field(description="File that gets one JSON line for each access"),
    ] = None
    place: SkipJsonSchema[str] = ""


def lacking(serve: Serve) -> Iterable[tuple[Literal["identity", "roles", "url"], str, str]]:
    """What a section lacks, or says twice: at which setting, the sentence, and the hint."""
    identity = serve.identity
    if identity is None:
        if serve.roles is not None:
            what = "`roles` say who sees what, and no `identity` says who asks"
            yield "roles", what, "add `identity: {proxy: ...}` or `identity: {oidc: ...}`"
        return
    if (identity.proxy is None) == (identity.oidc is None):
        what = "`identity` takes exactly one of `proxy` and `oidc`"
        yield "identity", what, "keep the one that says who asks"
    if serve.roles is None:
        what = "`identity` says who asks, and no `roles` say who sees what"
        yield "identity", what, "add `roles: serve/roles.csv` with the columns user,group,role"
    asked = next((row.place for row in serve.roles or () if row.group is not None), None)
    if asked is not None and identity.proxy is not None and identity.proxy.groups is None:
        what = f"{asked} asks for a group, and `proxy` does not say which header has the groups"
        yield "identity", what, "add `groups: X-Forwarded-Groups` to `proxy`"
    if identity.oidc is not None and serve.url is None:
        what = "`oidc` sends browsers back to `url`, which is missing"
        yield "identity", what, "add `url: https://cost.example.com`"
