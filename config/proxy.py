"""The address of the person, where a proxy stands in front."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse


class RealAddress:
    """Take the address from X-Real-IP, which the proxy overwrites. Without a proxy anyone could send it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.BEHIND_PROXY:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = request.headers.get("X-Real-IP")
        if address:
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)
