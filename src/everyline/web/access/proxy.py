"""A reverse proxy says who asks, in headers that count from its addresses only."""

from collections.abc import Collection
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from everyline.config.serve import Proxy
from everyline.web.access.gate import only
from everyline.web.access.roles import Roles
from everyline.web.asked import Refused
from everyline.web.visible import Viewer


class ByProxy:
    """The gate behind a reverse proxy."""

    secret: Collection[str] = ()

    def __init__(self, proxy: Proxy, roles: Roles) -> None:
        self._proxy = proxy
        self._roles = roles

    def admit(self, request: Request) -> Viewer:
        """Who asks, as the proxy has it.

        Raises:
            Refused: somebody else than the proxy asks, or it does not say who asks, or says two.
        """
        if not self._is_listed(request.client.host if request.client else ""):
            hint = "whoever serves lists the proxy's addresses under `peers`"
            raise Refused(403, "only the proxy gets an answer here", hint)
        user = only(request.headers.getlist(self._proxy.user), self._proxy.user)
        if user is None:
            hint = f"the proxy has to send the header `{self._proxy.user}`"
            raise Refused(401, "nobody says who asks", hint)
        if "," in user:
            # A proxy that appends to what a browser has sent makes this of it.
            raise Refused(400, f"the header `{self._proxy.user}` names more than one")
        return self._roles.viewer(user, self._groups(request))

    def _groups(self, request: Request) -> frozenset[str]:
        name = self._proxy.groups
        text = None if name is None else only(request.headers.getlist(name), name)
        return frozenset(one.strip() for one in (text or "").split(",") if one.strip())

    def _is_listed(self, peer: str) -> bool:
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._proxy.peers)
