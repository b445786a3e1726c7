"""An OpenID provider: where it sends people, and what its tokens say."""

import threading
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, Never
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from everyline.config.serve import Oidc
from everyline.web.access.gate import Clock
from everyline.web.asked import Refused

_PATIENCE_S = 10
_SKEW_S = 60
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures by a key that only the provider has; never `none`, and none by a shared secret."""

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ASK = "sign in once more, or ask whoever serves these pages"


class Provider:
    """One provider, asked when somebody signs in and not before."""

    def __init__(self, oidc: Oidc, secret: str | None, back: str, clock: Clock) -> None:
        """The provider that is configured.

        Args:
            oidc: as configured.
            secret: of the client; None for a public one.
            back: where the provider sends browsers.
            clock: for the ends of tokens.
        """
        self._oidc = oidc
        self._secret = secret
        self._back = back
        self._clock = clock
        self._lock = threading.Lock()
        self._facts: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None

    def sign_in(self, state: str, nonce: str, verifier: str) -> str:
        """The address where somebody signs in."""
        facts = self._discovered()
        with self._client() as client:
            address, _ = client.create_authorization_url(
                facts["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return str(address)

    def sign_out(self) -> str | None:
        """The address where somebody signs out of the provider too, if it has one."""
        address = self._discovered().get("end_session_endpoint")
        if not isinstance(address, str) or not self._is_safe(address):
            return None
        return str(httpx2.URL(address).copy_merge_params({"client_id": self._oidc.client_id}))

    def claims(self, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """What the provider says of whoever came back with `code`.

        Raises:
            Refused: it says nothing, or what can't be trusted.
        """
        endpoint = self._discovered()["token_endpoint"]
        try:
            with self._client() as client:
                tokens = client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except (httpx2.HTTPError, OAuthError, ValueError) as error:
            raise Refused(502, "the provider does not say who you are", _ASK) from error
        token = tokens.get("id_token")
        claims = self._verified(token) if isinstance(token, str) else {}
        self._check(claims, nonce)
        return claims

    def _client(self) -> Any:
        basic = ("client_secret_basic",)
        offered = self._discovered().get("token_endpoint_auth_methods_supported", basic)
        method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        return OAuth2Client(
            self._oidc.client_id,
            self._secret,
            scope=self._oidc.scope,
            redirect_uri=self._back,
            code_challenge_method="S256",
            token_endpoint_auth_method="none" if self._secret is None else method,
            timeout=_PATIENCE_S,
            follow_redirects=False,
        )

    def _discovered(self) -> Mapping[str, Any]:
        """What the provider publishes of itself, asked once."""
        with self._lock:
            if self._facts is None:
                issuer = self._oidc.issuer
                facts = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                if facts.get("issuer") != issuer:
                    _distrust(f"the provider calls itself otherwise than `{issuer}`")
                if not all(self._is_safe(facts.get(name)) for name in _ENDPOINTS):
                    _distrust("the provider does not say where to sign in")
                self._facts = facts
            return self._facts

    def _is_safe(self, address: object) -> bool:
        """Whether an address is https, or plain where the provider itself is on this machine."""
        schemes = {"https", urlsplit(self._oidc.issuer).scheme}
        return isinstance(address, str) and urlsplit(address).scheme in schemes

    def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the provider has signed, also with keys that are new."""
        try:
            return jwt.decode(token, self._published(fresh=False), _ALGORITHMS).claims
        except (JoseError, ValueError):
            pass  # it may be signed with a key that is newer than those we know
        try:
            return jwt.decode(token, self._published(fresh=True), _ALGORITHMS).claims
        except (JoseError, ValueError):
            _distrust("the token is not signed by the provider")

    def _published(self, *, fresh: bool) -> KeySet:
        address = self._discovered()["jwks_uri"]
        with self._lock:
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(_fetched(address))  # type: ignore[arg-type]
            return self._keys

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        """That a token is by this provider, for us, for this sign-in, and for now."""
        ours, now = self._oidc.client_id, Decimal(str(self._clock().timestamp()))
        listed = claims.get("aud")
        audience = listed if isinstance(listed, list) else [listed]
        ends, begins = claims.get("exp"), claims.get("nbf", 0)
        if claims.get("iss") != self._oidc.issuer:
            _distrust("the token is of another provider")
        if ours not in audience or claims.get("azp", ours) != ours:
            _distrust("the token is for somebody else than everyline")
        if len(audience) > 1 and "azp" not in claims:
            _distrust("the token is for several, and does not say whose it is")
        if (moment := _moment(ends)) is None or moment + _SKEW_S <= now:
            _distrust("the token is past its end")
        if (moment := _moment(begins)) is None or moment - _SKEW_S > now:
            _distrust("the token is not yet good")
        if claims.get("nonce") != nonce:
            _distrust("the token is of another sign-in")


def _fetched(address: str) -> dict[str, Any]:
    try:
        answer = httpx2.get(address, timeout=_PATIENCE_S).raise_for_status()
        found = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise Refused(502, "the provider can't be asked who you are", _ASK) from error
    return found if isinstance(found, dict) else {}


def _distrust(why: str) -> Never:
    raise Refused(502, why, _ASK)


def _moment(claim: object) -> Decimal | None:
    """Seconds since 1970, as tokens have them; None where it is no number."""
    is_number = isinstance(claim, Real) and not isinstance(claim, bool)
    return Decimal(str(claim)) if is_number else None
