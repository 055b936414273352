import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse

from config.proxy import RealAddress


def answer_address(request):
    return HttpResponse(request.META["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("headers", "expected"), [({"X-Real-IP": "10.1.2.3"}, "10.1.2.3"), ({}, "127.0.0.1")], ids=["given", "absent"]
)
def test_behind_a_proxy_the_address_is(headers, expected, settings, rf):
    settings.BEHIND_PROXY = True
    response = RealAddress(answer_address)(rf.get("/", headers=headers))
    assert response.content.decode() == expected


def test_without_a_proxy_the_header_is_not_believed(settings):
    settings.BEHIND_PROXY = False
    with pytest.raises(MiddlewareNotUsed):
        RealAddress(answer_address)
