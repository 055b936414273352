from typing import Any

from django.test import Client


def queries_of(client: Client, queries: Any, address: str) -> int:
    """How many queries a page takes. The first visit does not count: it also writes the session."""
    client.get(address)
    with queries() as asked:
        assert client.get(address).status_code == 200
    return len(asked)
