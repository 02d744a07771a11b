"""Real HTTP clients with their instrumentations: who is told what."""

from __future__ import annotations

import pytest
from played import play

SCRIPT = """
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
heard = {}
class Other(BaseHTTPRequestHandler):
    # It stands for every host: as a server on loopback, and as the proxy on the way to all others.
    def do_GET(self):
        told = {name: self.headers[name] for name in ("traceparent", "x-request-id", "baggage")}
        heard[self.path.partition("?")[0].rpartition("/")[2]] = told
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"
hosts = {
    "loopback": here, "named": "http://api.partner.example", "sibling": "http://stock.shop-of-mine.com",
    "cluster": "http://inventory", "stranger": "http://api.stranger.com", "address": "http://8.8.8.8",
    "trick": "http://api.shop-of-mine.com.stranger.org", "user": "http://inventory@api.stranger.net",
}
CLIENT
@app.get("/call")
async def call() -> None:
    for name, host in hosts.items():
        await fetch(f"{host}/{name}?token=hunter2hunter2", None if name == "loopback" else here)
traced = Traced(
    everywhere=True, instrument=True, propagate_to=["api.partner.example"], own_hosts=["api.shop-of-mine.com"],
)
traced.around(app)
real = ask
async def ask(headers):
    answers = await real("/call", headers=headers)
    mine = dict(answers[0]["headers"])[b"x-request-id"].decode()
    clients = [span for span in traced.spans if span.kind == 3]
    parents = {f"00-{span.trace_id}-{span.span_id}-03" for span in clients}
    assert len(clients) == len(hosts), [(span.name, span.attributes) for span in clients]
    assert {told["traceparent"] for told in heard.values()} == parents
    assert {told["baggage"] for told in heard.values()} == {"tenant=acme"}
    knows = {name: told["x-request-id"] for name, told in heard.items()}
    ours = ("loopback", "named", "sibling", "cluster")
    assert knows == {name: mine if name in ours else None for name in hosts}, knows
"""

CLIENTS = {
    "httpx": """
import httpx
async def fetch(url, proxy):
    async with httpx.AsyncClient(proxy=proxy) as client:
        await client.get(url)
""",
    "httpx in a thread": """
import httpx
def get(url, proxy):
    with httpx.Client(proxy=proxy) as client:
        client.get(url)
async def fetch(url, proxy):
    await asyncio.to_thread(get, url, proxy)
""",
    "requests": """
import requests
async def fetch(url, proxy):
    requests.get(url, proxies={"http": proxy} if proxy else None, timeout=5)
""",
    "aiohttp": """
import aiohttp
async def fetch(url, proxy):
    async with aiohttp.ClientSession() as session, session.get(url, proxy=proxy):
        pass
""",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_trace_goes_everywhere_and_the_request_id_to_our_own(client: str) -> None:
    """Named hosts, siblings, private addresses and bare names learn the id; public strangers never do."""
    headers = '((b"baggage", b"tenant=acme"),)'
    outcome = play(SCRIPT.replace("CLIENT", CLIENTS[client]), headers=headers)
    assert [name for name, kind, _ in outcome["ours"] if kind == 2] == ["GET /call"]
