"""The reader of GitHub against a server that does wrong: rows H1 to H9, H13, H14, K1 and K2 of the faults."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import json
import logging
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from triage.errors import AccessRefused, AskedWrongly, NothingToJudge, TriageError, TryLater
from triage.github import client as subject
from triage.github import wire
from triage.github.access import Access, Token, find_host
from triage.github.client import AskForLess, Client, NoGraphQL

CANARY = "canary-9a8b7c6d5e4f"
NOW = datetime(2025, 9, 12, 14, 0, 30, tzinfo=UTC)
ISSUE = {"number": 529, "title": "An expired token is refused"}
QUERY = "query { viewer { login } }"


def reply(status=200, body=ISSUE, headers=None, *, at=NOW):
    """One answer as bytes. A header given as None is left out."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {
        "Date": format_datetime(at, usegmt=True) if at else None,
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(content)),
        "X-GitHub-Request-Id": "1A2B:3C4D",
        "Connection": "close",
        **(headers or {}),
    }
    lines = [f"{name}: {value}" for name, value in told.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode("latin-1") + content


class Server:
    """Answers each request with the next of `replies` (the last again and again), and ends the connection.

    A reply is bytes, or a function that is given the socket, or the head of the request and gives bytes.
    """

    def __init__(self, *replies, context=None, family=socket.AF_INET):
        self.replies = list(replies)
        self.asked: list[str] = []
        self.touched = 0
        self.context = context
        self.keep = False
        self.greeting = b""
        self.threads: list[threading.Thread] = []
        self.socket = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.port = self.socket.getsockname()[1]
        self.start(self.accept)

    def start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.touched += 1
                self.start(self.serve, connection)

    def serve(self, connection):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self.greeting:
                connection.sendall(self.greeting)
                connection.recv(65536)
                return
            if self.context is not None:
                connection = stack.enter_context(self.context.wrap_socket(connection, server_side=True))
            while True:
                head = self.read(connection)
                if not head:
                    return
                self.asked.append(head)
                answer = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if callable(answer):
                    answer = answer(connection if answer.__name__ != "from_head" else head)
                if answer is None:
                    return
                connection.sendall(answer)
                if not self.keep:
                    return

    @staticmethod
    def read(connection) -> str:
        got = b""
        while b"\r\n\r\n" not in got:
            block = connection.recv(65536)
            if not block:
                return ""
            got += block
        head, _, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += connection.recv(65536)
        return (head + b"\r\n\r\n" + body).decode("latin-1")

    def close(self):
        # A listening socket that is only closed keeps its accept() waiting.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self):
        self.now = NOW
        self.naps: list[float] = []

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += timedelta(seconds=seconds)

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def no_canary_anywhere(caplog, capfd, monkeypatch):
    """K1: whatever a test does, the token is in no log at DEBUG and on no stream."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    caplog.set_level(logging.DEBUG)
    for name in ("github", "github.Requester", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    out, err = capfd.readouterr()
    assert CANARY not in caplog.text + out + err
    assert not any(CANARY in repr(vars(record)) for record in caplog.records)


@pytest.fixture
def serve():
    servers = []

    def start(*replies, **more):
        servers.append(Server(*replies, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def ask(serve):
    """A client of a server with the given replies; `client.server`, `.clock` and `.said` tell what happened."""
    clients = []

    def make(*replies, server=None, token=CANARY, address=None, graphql=None, **more):
        server = server or serve(*replies)
        environment = {"GITHUB_API_URL": address or f"http://127.0.0.1:{server.port}"}
        if graphql:
            environment["GITHUB_GRAPHQL_URL"] = graphql.format(port=server.port)
        clock, said = Clock(), []
        access = Access(find_host(environment), Token(token, "GH_TOKEN") if token else None)
        more = {"timeout": 5, "say": said.append, "sleep": clock.sleep, "clock": clock, **more}
        client = Client(access, **more)
        client.server, client.clock, client.said = server, clock, said
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate and its key for a name; signed by itself, and by no one else."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str, *, days=1) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        subject_ = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(name)] if name != "127.0.0.1" else [x509.IPAddress(ipaddress.ip_address(name))]
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject_)
            .issuer_name(subject_)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=9))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        file = folder / f"{name}{days}.pem"
        pem = serialization.Encoding.PEM
        shape, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        file.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, shape, secret))
        return file

    return make


def context_of(file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextlib.contextmanager
def refused(kind, match=""):
    """The error of one kind: one line, a hint for what one can do, and nothing of the token or the libraries."""
    with pytest.raises(TriageError) as caught:
        yield caught
    fault = caught.value
    assert isinstance(fault, kind)
    assert re.search(match, fault.message), fault.message
    assert "\n" not in fault.message
    assert fault.message.isprintable()
    assert len(fault.message) < 700
    # The errors of requests carry the request, and with it the header.
    assert fault.__cause__ is None
    assert fault.__context__ is None
    frames = traceback.TracebackException.from_exception(fault, capture_locals=True).stack
    told = [frame.locals for frame in frames if "/triage/" in frame.filename]
    assert told
    assert CANARY not in f"{fault!r} {fault} {fault.hint} {vars(fault)} {told}"


# --- what works


def test_a_page_is_read_and_counted(ask):
    limits = {"X-RateLimit-Remaining": "4998", "X-RateLimit-Reset": "1757689200", "Link": '<http://x/2>; rel="next"'}
    client = ask(reply(headers=limits), graphql="http://127.0.0.1:{port}/elsewhere")
    found = client.rest("/repos/acme/apex/issues/529", {"per_page": 100, "page": None, "all": True})
    assert found.status == 200
    assert found.data == ISSUE
    assert found.at == NOW.replace(microsecond=0)
    assert found.headers["link"] == '<http://x/2>; rel="next"'
    head = client.server.asked[0]
    assert head.startswith("GET /repos/acme/apex/issues/529?all=true&per_page=100 HTTP/1.1\r\n")
    assert f"Authorization: token {CANARY}\r\n" in head
    assert "Accept: application/vnd.github+json\r\n" in head
    assert re.search(r"User-Agent: triage/[0-9.]+\r\n", head)
    assert (client.requests, client.points, client.remaining) == (1, 0, 4998)
    assert client.reset == datetime(2025, 9, 12, 15, 0, tzinfo=UTC)
    data = {
        "rateLimit": {"cost": 3, "remaining": 4990, "resetAt": "2025-09-12T15:00:00Z"},
        "viewer": {"login": "alice"},
    }
    client.server.replies = [reply(body={"data": data})]
    answer = client.graphql(QUERY, {"n": 1})
    assert answer.data == data
    assert answer.errors == ()
    assert client.server.asked[1].startswith("POST /elsewhere HTTP/1.1\r\n")
    assert json.loads(client.server.asked[1].partition("\r\n\r\n")[2]) == {"query": QUERY, "variables": {"n": 1}}
    client.note_points(2)
    assert (client.requests, client.points, client.remaining) == (2, 5, 4990)
    assert client.clock.naps == []


def test_connections_are_kept_and_threads_do_not_mix_their_questions(ask):
    def from_head(head):
        return reply(body={"path": head.split()[1]}, headers={"Connection": None})

    client = ask(from_head)
    client.server.keep = True
    mixed = set()

    def read(number):
        path = f"/repos/acme/apex/issues/{number}"
        mixed.update(found for found in [client.rest(path).data["path"] for _ in range(10)] if found != path)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mixed == set()
    assert client.requests == len(client.server.asked) == 80
    assert client.server.touched <= 16


def test_the_library_is_loaded_with_the_first_question():
    code = (
        "import sys, triage.github.client as c, triage.github.access as a\nc.Client(a.Access(a.find_host({}), None))\n"
    )
    code += (
        "print({name.partition('.')[0] for name in sys.modules} & {'github', 'requests', 'urllib3', 'cryptography'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("query", ["mutation { x }", "\n  mutation M($a: ID!) { x }", "subscription { x }"])
def test_what_is_sent_again_after_a_fault_does_not_write(ask, query):
    client = ask(reply())
    with pytest.raises(ValueError, match="write"):
        client.graphql(query, {})
    assert client.server.touched == 0


def test_IPv6_is_an_address_too(serve, ask):
    server = serve(reply(), family=socket.AF_INET6)
    client = ask(server=server, address=f"http://[::1]:{server.port}")
    assert client.rest("/x").data == ISSUE


# --- H1: time


def drip_body(connection):
    connection.sendall(reply(headers={"Content-Length": "100000"}, body=b"[" + b" " * 9))
    with contextlib.suppress(OSError):
        for _ in range(400):
            connection.sendall(b" ")
            time.sleep(0.01)


def drip_head(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError):
        for number in range(400):
            connection.sendall(f"X-{number}: 1\r\n".encode()[:1] if number % 2 else b"a")
            time.sleep(0.01)


def silent(connection):
    connection.recv(1)


@pytest.mark.parametrize("fault", [drip_body, drip_head, silent])
def test_H1_an_answer_that_does_not_end_is_asked_for_again_and_then_given_up(ask, fault):
    client = ask(fault, timeout=0.2)
    with refused(TryLater, r"GitHub at 127.0.0.1:\d+ did not answer within 0.2 s \(GET http://127.0.0.1:\d+/x\)"):
        client.rest("/x", {"q": "not shown"})
    assert client.requests == 3
    assert len(client.clock.naps) == 2
    assert 0.5 <= client.clock.naps[0] <= 0.75
    assert 1 <= client.clock.naps[1] <= 1.5
    assert len(client.said) == 2
    # What is lost on a host that does not answer is bounded, however much there is to ask.
    with refused(TryLater):
        client.rest("/y")
    assert client.requests == 3
    # Asked for a query, it is given up just the same: a smaller one would be as late.
    with refused(TryLater):
        client.graphql(QUERY, {})
    with refused(TryLater):
        client.graphql(QUERY, {})
    assert client.requests == 6


def test_H1_after_a_late_answer_the_next_is_taken(ask):
    client = ask(silent, reply(), timeout=0.2)
    assert client.rest("/x").data == ISSUE


def test_H1_a_host_that_is_not_there(serve, ask):
    server = serve(reply())
    server.close()
    client = ask(server=server)
    with refused(NothingToJudge, "refuses the connection"):
        client.rest("/x")
    assert client.requests == 3
    client = ask(server=server, address="https://no-such-host.invalid")
    with refused(NothingToJudge, "GitHub at no-such-host.invalid cannot be found"):
        client.rest("/x")


# --- H2: bodies


PAGE = json.dumps([{"number": n, "title": "Grün, 漢字, \U0001f9ea"} for n in range(3)], ensure_ascii=False).encode()


def chunked(body):
    cut = len(body) // 2
    parts = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (body[:cut], body[cut:]))
    return reply(headers={"Content-Length": None, "Transfer-Encoding": "chunked"}, body=parts + b"0\r\n\r\n")


def packed(body):
    return reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(body))


@pytest.mark.parametrize("shape", ["plain", "chunked", "gzip", "honest", "honest gzip", "no length"])
def test_H2_a_page_cut_at_any_byte_is_no_page(ask, monkeypatch, shape):
    monkeypatch.setattr(subject, "ATTEMPTS", 1)
    gzipped = gzip.compress(PAGE)
    whole = {"plain": reply(body=PAGE), "chunked": chunked(PAGE), "gzip": packed(PAGE)}.get(shape, b"")
    cuts = (
        {
            # The end mark and the trailer of gzip hold no data: what was unpacked until there is whole.
            "honest gzip": [
                (reply(headers={"Content-Encoding": "gzip"}, body=gzipped[:n])) for n in range(len(gzipped) - 10)
            ],
            "honest": [reply(body=PAGE[:n]) for n in range(len(PAGE))],
            "no length": [reply(headers={"Content-Length": None}, body=PAGE[:n]) for n in range(len(PAGE))],
            # After the zero of the last chunk nothing is missing but the end of a line.
        }.get(shape)
        or [whole[:n] for n in range(len(whole) - (4 if shape == "chunked" else 0))]
    )
    client = ask(*cuts)
    for cut in cuts:
        with pytest.raises((TryLater, NothingToJudge)) as caught:
            client.rest("/x")
        assert caught.value.message.startswith("GitHub at "), cut
    assert client.requests == len(cuts)
    client.server.replies = [whole or reply(body=PAGE)]
    assert client.rest("/x").data == json.loads(PAGE)


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (
            reply(body=b"<!DOCTYPE html><p>log in", headers={"Content-Type": "text/html"}),
            "200 with what is not JSON but text/html",
        ),
        (reply(body=b"null"), "not JSON"),
        (reply(body=b'"text"'), "not JSON"),
        (reply(body=b"12"), "not JSON"),
        (reply(body=b""), "not JSON"),
        (reply(body=b'{"a": NaN}'), "not JSON"),
        (reply(body=b'{"a": 1} x'), "not JSON"),
        (reply(body=b'\xef\xbb\xbf{"a": 1}'), "not JSON"),
        (reply(body=b"[" * 100000), "not JSON"),
        (reply(body=b'{"a": ' + b"1" * 5000 + b"}"), "not JSON"),
        (reply(body='{"a": "ä"}'.encode("latin-1")), "not UTF-8"),
        (reply(body='{"a": "ä"}'.encode("utf-16")), "not UTF-8"),
        (reply(headers={"Content-Length": "7"}), "not JSON"),
        (reply(headers={"Content-Length": "9999"}), "broke off in the middle"),
        (reply(headers={"Content-Encoding": "gzip"}), "unpacked"),
        (reply(status=304, body=b""), "304 with what is not JSON"),
        (
            reply(status=404, body=b"<p>gone", headers={"Content-Type": "text/html"}),
            "404 with what is not JSON but text/html",
        ),
        (reply(status=410, body=b"null"), "410 with what is not JSON"),
        (b"\x00\x01\x02 garbage\r\n\r\n", "broke the connection off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n[1]", "contradict|broke"),
        (b"", "broke the connection off"),
    ],
)
def test_H2_what_is_no_page_is_asked_for_again_and_never_taken(ask, answer, match):
    client = ask(answer)
    with refused(TryLater, match):
        client.rest("/x")
    assert client.requests == 3
    client.server.replies = [answer, reply()]
    assert client.rest("/x").data == ISSUE


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": null, "errors": []}',
        b'{"data": 1}',
        b'{"data": {}, "errors": {"a": 1}}',
        b'{"data": {}, "errors": ["x"]}',
        b"null",
    ],
)
def test_H2_what_is_no_answer_of_GraphQL(ask, body):
    client = ask(reply(body=body))
    with refused(TryLater, "not JSON"):
        client.graphql(QUERY, {})
    assert client.requests == 3


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_H2_a_body_without_measure_is_left(ask, monkeypatch, encoding):
    monkeypatch.setattr(wire, "LARGEST", 1 << 20)
    body = b"[" + b" " * (8 << 20) + b"]"
    body = gzip.compress(body) if encoding else body
    client = ask(reply(body=body, headers={"Content-Encoding": encoding}))
    with refused(TryLater, "more than 1 MB"):
        client.rest("/x")
    assert client.requests == 1
    with refused(AskForLess):
        client.graphql(QUERY, {})


def test_H2_half_of_a_pair_becomes_text_that_can_be_written(ask):
    client = ask(reply(body=b'{"a": "\\ud83e x", "b": "\\ud83e\\uddea", "c": "\\\\ud83e", "\\udc00": 1}'))
    data = client.rest("/x").data
    assert data == {"a": "\ufffd x", "b": "\U0001f9ea", "c": "\\ud83e", "\ufffd": 1}
    json.dumps(data, ensure_ascii=False).encode()


# --- H3: resets


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def test_H3_a_reset_after_the_question_only_repeats_the_question(ask):
    client = ask(reset, reset, reply())
    assert client.rest("/x").data == ISSUE
    assert client.requests == len(client.server.asked) == 3
    client.server.replies = [reset]
    with refused(TryLater, "broke the connection off"):
        client.graphql(QUERY, {})
    # Nothing below repeats by itself: each of the three that were counted came once.
    assert client.requests == len(client.server.asked) == 6


# --- H4: faults of the server


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_H4_faults_of_the_server_are_asked_again(ask, status):
    answer = reply(status=status, body=b"<html>", headers={"Content-Type": "text/html"})
    client = ask(answer, answer, reply())
    assert client.rest("/x").data == ISSUE
    client.server.replies = [answer]
    with refused(TryLater, rf"answered {status}, request 1A2B:3C4D \(GET http://.*/x\)"):
        client.rest("/x")
    assert client.requests == 6
    with refused(AskForLess if status in (502, 504) else TryLater):
        client.graphql(QUERY, {})


def test_H4_a_pause_that_the_server_asks_for_is_kept(ask):
    client = ask(reply(status=503, headers={"Retry-After": "7"}), reply())
    assert client.rest("/x").data == ISSUE
    assert client.clock.naps == [7]
    client.server.replies = [reply(status=503, headers={"Retry-After": "700"})]
    with refused(TryLater, "answered 503") as caught:
        client.rest("/x")
    assert caught.value.until == NOW.replace(microsecond=0) + timedelta(seconds=700)
    assert client.clock.naps == [7]


def test_H4_an_answer_that_is_still_computed_is_not_waited_for_without_end(ask, monkeypatch):
    # PyGithub itself would sleep this long and ask again, for ever.
    monkeypatch.setattr("github.Consts.PROCESSING_202_WAIT_TIME", None)
    client = ask(reply(status=202, body={}))
    with refused(TryLater, "still at work"):
        client.rest("/x")
    assert client.requests == 3
    client.server.replies = [reply(status=202, body={}), reply()]
    assert client.rest("/x").data == ISSUE


# --- H5: limits


EPOCH = NOW.timestamp()
PRIMARY = {"message": "API rate limit exceeded for user ID 1."}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


@pytest.mark.parametrize(
    ("headers", "body", "naps"),
    [
        ({"Retry-After": "7"}, {}, [7]),
        ({"Retry-After": " 7 "}, {}, [7]),
        ({"Retry-After": "7.5"}, {}, [7.5]),
        ({"Retry-After": "7", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}"}, PRIMARY, [7]),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=9), usegmt=True)}, {}, [9]),
        ({"Retry-After": format_datetime(NOW - timedelta(seconds=9), usegmt=True)}, {}, [1]),
        ({"Retry-After": "0"}, {}, [1]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}"}, PRIMARY, [20]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}.5"}, PRIMARY, [20.5]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}", "Retry-After": "soon"}, {}, [20]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}", "Retry-After": "-5"}, {}, [20]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH - 3600:.0f}"}, PRIMARY, [1]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}, PRIMARY, [1]),
        ({"X-RateLimit-Reset": f"{EPOCH + 20:.0f}"}, PRIMARY, [20]),
        ({}, SECONDARY, [60]),
        # Without a limit at zero the reset is that of another limit.
        ({"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}"}, SECONDARY, [60]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "garbage"}, PRIMARY, [60]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "-1", "X-RateLimit-Limit": "1e999"}, PRIMARY, [60]),
        ({"Retry-After": "garbage"}, {}, [60]),
        ({"Retry-After": "-1"}, {}, [60]),
        ({"Retry-After": "\u0663".encode().decode("latin-1")}, {}, [60]),
        ({"Retry-After": "Fri, 99 Foo 2025 00:00:00 GMT"}, {}, [60]),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_H5_a_limit_is_waited_for_as_it_wants(ask, status, headers, body, naps):
    client = ask(reply(status=status, body=body, headers=headers), reply(), wait=100)
    assert client.rest("/x").data == ISSUE
    assert client.clock.naps == pytest.approx(naps)
    assert client.said[0].startswith("GitHub's limit is reached until 14:0")


@pytest.mark.parametrize(
    ("headers", "until", "shown"),
    [
        ({"Retry-After": "270"}, NOW + timedelta(seconds=270), "until 14:05 UTC"),
        ({"Retry-After": "271"}, NOW + timedelta(seconds=271), "until 14:06 UTC"),
        ({"Retry-After": "86400"}, NOW + timedelta(days=1), "until 2025-09-13 14:01 UTC"),
        ({"Retry-After": "1000000000"}, NOW + timedelta(seconds=10**9), "until 2057-05-21 15:48 UTC"),
        ({"Retry-After": "9" * 14}, None, "$"),
        ({"Retry-After": "9" * 400}, NOW + timedelta(seconds=60), "until 14:02 UTC"),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 15}, None, "$"),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 3600:.0f}"},
            NOW + timedelta(hours=1),
            "until 15:01 UTC",
        ),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_H5_a_limit_that_lasts_is_not_waited_for(ask, status, headers, until, shown):
    client = ask(reply(status=status, body=PRIMARY, headers=headers))
    with refused(TryLater, f"GitHub's limit is reached ?{shown}") as caught:
        client.rest("/x")
    assert caught.value.until == until
    assert caught.value.hint == f"gh api rate_limit --hostname {client.access.host.name}"
    assert client.clock.naps == []
    # Who goes on asking meanwhile is shut out for longer.
    with refused(TryLater, "limit is reached"):
        client.rest("/y")
    assert client.requests == 1
    client.clock.now += timedelta(days=2)
    client.server.replies = [reply()]
    assert client.rest("/y").data == ISSUE


def test_H5_waits_grow_and_never_pass_the_cap(ask):
    client = ask(reply(status=429, body=SECONDARY), wait=500)
    with refused(TryLater, "limit is reached until"):
        client.rest("/x")
    assert client.clock.naps == [60, 120, 240]
    client = ask(reply(status=429, headers={"Retry-After": "0"}), wait=500)
    with refused(TryLater, "limit is reached until"):
        client.rest("/x")
    assert client.clock.naps == [1, 2, 4, 8, 16]
    client = ask(
        reply(status=429, headers={"Retry-After": "20"}),
        reply(),
        reply(status=429, headers={"Retry-After": "20"}),
        wait=30,
    )
    assert client.rest("/x").data == ISSUE
    with refused(TryLater, "limit is reached until"):
        client.rest("/y")
    assert client.clock.naps == [20]


@pytest.mark.parametrize(
    "error", [{"type": "RATE_LIMITED", "message": "x"}, {"type": "RATE_LIMIT", "message": "x"}, PRIMARY, SECONDARY]
)
def test_H5_a_limit_of_GraphQL_comes_with_200(ask, error):
    done = reply(body={"data": {"viewer": None}})
    limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{EPOCH + 20:.0f}"}
    for body in ({"data": None, "errors": [error]}, {"errors": [error]}, {"data": {"a": None}, "errors": [{}, error]}):
        client = ask(reply(body=body, headers=limits), done)
        assert client.graphql(QUERY, {}).data == {"viewer": None}
        assert client.clock.naps == [20]


def test_H5_without_a_token_the_hint_is_to_have_one(ask):
    client = ask(reply(status=403, body=PRIMARY, headers={"X-RateLimit-Remaining": "0"}), token=None)
    with refused(TryLater, "limit is reached") as caught:
        client.rest("/x")
    assert caught.value.hint.startswith("with a token GitHub allows more: export GH_")


# --- H6, H7: redirects


def places(port, other):
    return [
        f"http://127.0.0.1:{other}/x",
        f"http://localhost:{port}/x",
        f"https://127.0.0.1:{port}/x",
        f"//127.0.0.1:{other}/x",
        f"http://alice:secret@127.0.0.1:{port}/x",
        f"http://127.0.0.1:{port}@127.0.0.1:{other}/x",
        f"http://127.0.0.1:{port}\\@127.0.0.1:{other}/x",
        f"http://[::1]:{other}/x",
        "http://[::1/x",
        "http://127.0.0.1:99999/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://127.0.0.1/x",
        "",
        None,
    ]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("which", range(15))
def test_H6_H7_no_redirect_is_followed_to_another_place(ask, serve, status, which):
    other = serve(reply())
    client = ask(reply())
    place = places(client.server.port, other.port)[which]
    client.server.replies = [reply(status=status, headers={"Location": place})]
    with refused(NothingToJudge, f"answered {status}, which is not followed") as caught:
        client.rest("/y")
    assert "secret" not in caught.value.message
    with refused(NothingToJudge, f"answered {status}, which is not followed"):
        client.graphql(QUERY, {})
    assert client.requests == len(client.server.asked) == 2
    assert other.touched == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "place",
    [
        "/repositories/1/issues/2?a=1&b=%20",
        "http://127.0.0.1:{port}/repositories/1/issues/2?a=1&b=%20",
        "../repositories/1/issues/2?a=1&b=%20",
    ],
)
def test_H6_a_redirect_on_the_same_host_is_told_and_left_to_the_caller(ask, status, place):
    client = ask(reply())
    client.server.replies = [reply(status=status, headers={"Location": place.format(port=client.server.port)}), reply()]
    found = client.rest("/repos/acme")
    assert found.status == status
    assert found.headers["location"] == f"http://127.0.0.1:{client.server.port}/repositories/1/issues/2?a=1&b=%20"
    assert len(client.server.asked) == 1
    assert client.rest(found.headers["location"]).data == ISSUE
    assert client.server.asked[1].startswith("GET /repositories/1/issues/2?a=1&b=+ HTTP/1.1\r\n")


def test_H6_a_loop_is_one_answer_a_question(ask):
    client = ask(reply(status=301, headers={"Location": "/x"}))
    assert client.rest("/x").status == 301
    assert client.requests == len(client.server.asked) == 1


@pytest.mark.parametrize(
    "path",
    [
        "@127.0.0.1:{other}/x",
        "//127.0.0.1:{other}/x",
        "http://127.0.0.1:{other}/x",
        ".example.com/x",
        ":{other}/x",
        "x",
        "",
        "https://127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}@127.0.0.1:{other}/x",
    ],
)
def test_H6_no_path_leads_to_another_host(ask, serve, path):
    other = serve(reply())
    client = ask(reply())
    with refused(NothingToJudge, "points to another host"):
        client.rest(path.format(port=client.server.port, other=other.port))
    assert other.touched == client.server.touched == 0


# --- H8: TLS and proxies


@pytest.fixture
def secure(certificates, serve):
    file = certificates("localhost")
    return serve(reply(), context=context_of(file)), file


def test_H8_a_certificate_that_nobody_signed_is_refused(ask, secure):
    server, _ = secure
    client = ask(server=server, address=f"https://localhost:{server.port}")
    with refused(
        NothingToJudge, r"shows a certificate that is not trusted: self-signed certificate \(GET https://localhost:"
    ) as caught:
        client.rest("/x")
    assert caught.value.hint == "if your organisation signs it: export REQUESTS_CA_BUNDLE=/path/to/its/certificates.pem"
    assert client.requests == 1
    assert server.asked == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_H8_a_bundle_of_ones_own_is_trusted(ask, secure, monkeypatch, name):
    server, file = secure
    monkeypatch.setenv(name, str(file))
    client = ask(server=server, address=f"https://localhost:{server.port}")
    assert client.rest("/x").data == ISSUE
    assert f"Authorization: token {CANARY}" in server.asked[0]


def test_H8_the_bundle_of_requests_comes_before_that_of_openssl(ask, secure, certificates, monkeypatch):
    server, file = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates("other.localhost")))
    with refused(NothingToJudge, "certificate that is not trusted"):
        ask(server=server, address=f"https://localhost:{server.port}").rest("/x")


@pytest.mark.parametrize(
    ("name", "days", "why"), [("other.localhost", 1, "Hostname mismatch"), ("localhost", -1, "expired")]
)
def test_H8_a_certificate_of_another_host_or_time_is_refused(ask, serve, certificates, monkeypatch, name, days, why):
    file = certificates(name, days=days)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    server = serve(reply(), context=context_of(file))
    with refused(NothingToJudge, f"certificate that is not trusted: .*{why}"):
        ask(server=server, address=f"https://localhost:{server.port}").rest("/x")
    assert server.asked == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_H8_a_bundle_that_is_none_is_told_by_its_name(ask, secure, tmp_path, monkeypatch, content):
    server, _ = secure
    if content is not None:
        (tmp_path / "bundle.pem").write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    with refused(AskedWrongly, "REQUESTS_CA_BUNDLE names no readable certificates"):
        ask(server=server, address=f"https://localhost:{server.port}").rest("/x")
    assert server.asked == []


def test_H8_a_host_that_speaks_no_TLS_is_told_so(ask, serve):
    server = serve(reply())
    server.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with refused(NothingToJudge, "does not speak TLS"):
        ask(server=server, address=f"https://localhost:{server.port}").rest("/x")


def tunnel(target):
    """A proxy for CONNECT, as a reply of the server: what passes through is sealed."""

    def through(connection):
        with socket.create_connection(("127.0.0.1", target)) as far:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(far, connection), daemon=True)
            back.start()
            pump(connection, far)
            back.join(2)

    return through


def pump(source, target):
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def test_H8_a_proxy_is_used_and_sees_nothing_but_the_host(ask, serve, secure, monkeypatch):
    server, file = secure
    proxy = serve(tunnel(server.port))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    monkeypatch.setenv("HTTPS_PROXY", f"http://alice:secret@127.0.0.1:{proxy.port}")
    client = ask(server=server, address=f"https://localhost:{server.port}")
    assert client.rest("/x").data == ISSUE
    assert proxy.asked[0].startswith(f"CONNECT localhost:{server.port} ")
    assert CANARY not in "".join(proxy.asked)
    monkeypatch.setenv("NO_PROXY", "localhost")
    client = ask(server=server, address=f"https://localhost:{server.port}")
    assert client.rest("/x").data == ISSUE
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("proxy", "kind", "match"),
    [
        ("http://alice:secret@127.0.0.1:{port}", NothingToJudge, "cannot be reached through the proxy"),
        ("socks5://alice:secret@127.0.0.1:1", AskedWrongly, "the proxy's address cannot be used"),
        ("http://", AskedWrongly, "the proxy's address cannot be used"),
    ],
)
def test_H8_a_proxy_that_fails_is_told_without_its_password(ask, serve, secure, monkeypatch, proxy, kind, match):
    server, _ = secure
    refusing = serve(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(port=refusing.port))
    with refused(kind, match) as caught:
        ask(server=server, address=f"https://localhost:{server.port}").rest("/x")
    assert "secret" not in caught.value.message + str(caught.value.hint)
    assert server.asked == []


def test_H8_plain_http_on_this_machine_goes_through_no_proxy(ask, serve, monkeypatch):
    proxy = serve(reply())
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert ask(reply()).rest("/x").data == ISSUE
    assert proxy.touched == 0


# --- H9: refusals


BAD = reply(status=401, body={"message": "Bad credentials"})


def test_H9_a_token_that_is_refused_is_not_offered_again_and_again(ask):
    client = ask(reply(), BAD)
    assert client.rest("/repos/acme/apex").data == ISSUE
    for _ in range(4):
        with refused(AccessRefused, "^GitHub refuses the token from GH_TOKEN: Bad credentials$") as caught:
            client.rest("/x")
        assert caught.value.hint.endswith("/settings/tokens makes one: export GH_TOKEN=…")
    with refused(AccessRefused, "Bad credentials"):
        client.graphql(QUERY, {})
    assert client.requests == 3
    assert client.clock.naps == []


def test_H9_a_token_of_gh_is_renewed_by_gh(ask):
    client = ask(BAD)
    client.access = Access(client.access.host, Token(CANARY, "gh auth token"))
    with refused(AccessRefused, "the token from gh auth token") as caught:
        client.rest("/x")
    assert caught.value.hint == f"gh auth login --hostname {client.access.host.name}"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_H9_without_a_token_it_is_said_where_one_is_looked_for(ask, status):
    client = ask(reply(status=status, body={"message": "Not Found"}), token=None)
    with refused(
        AccessRefused,
        rf"answered {status}, and there is no token: none in .*GH_TOKEN, GITHUB_TOKEN, none from `gh auth token`",
    ):
        client.rest("/repos/acme/apex")
    assert "Authorization" not in client.server.asked[0]
    if status != 404:
        with refused(AccessRefused, "there is no token"):
            client.graphql(QUERY, {})


def test_H9_without_a_token_what_is_missing_in_a_readable_repository_is_missing(ask):
    client = ask(reply(), reply(status=404, body={"message": "Not Found"}), token=None)
    assert client.rest("/repos/acme/apex").status == 200
    assert client.rest("/repos/Acme/Apex/issues/9").status == 404
    with refused(AccessRefused):
        client.rest("/repos/acme/apex2")


@pytest.mark.parametrize(
    ("token", "headers", "message", "match", "hint"),
    [
        ("github_pat_", {"X-Accepted-GitHub-Permissions": "issues=read"}, "Resource not accessible by personal access token", "it wants the permission issues=read .Resource not", "settings/personal-access-tokens"),
        ("ghs_", {"X-Accepted-GitHub-Permissions": "checks=read"}, "Resource not accessible by integration", "permission checks=read", "in the workflow: permissions: {checks: read}"),
        ("ghp_", {"X-Accepted-OAuth-Scopes": "repo, admin:org", "X-OAuth-Scopes": "gist"}, "", "it wants the scope repo or admin:org, and has gist", "settings/tokens"),
        ("gho_", {"X-Accepted-OAuth-Scopes": "repo", "X-OAuth-Scopes": ""}, "", "it wants the scope repo, and has none", "gh auth refresh --hostname HOST --scopes repo"),
        ("ghp_", {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=A1"}, "Resource protected by organization SAML enforcement.", "single sign-on", "https://github.com/orgs/acme/sso?authorization_request=A1"),
        ("ghp_", {"X-GitHub-SSO": "required"}, "", "single sign-on", "authorise it at"),
        ("ghp_", {}, f"Must have \x1b[31madmin rights\n{CANARY}", r" .Must have \[31madmin rights \*\*\*", "settings/tokens"),
        ("ghp_", {}, "x" * 9000, "x…", "settings/tokens"),
    ],
)  # fmt: skip
def test_H9_a_right_that_is_missing_is_named(ask, token, headers, message, match, hint):
    client = ask(reply(status=403, body={"message": message}, headers=headers))
    for asked in (lambda: client.rest("/x"), lambda: client.graphql(QUERY, {})):
        client.access = Access(client.access.host, Prefixed(token))
        with refused(AccessRefused, f"the token from GH_TOKEN may not read this.*{match}") as caught:
            asked()
        assert hint.replace("HOST", client.access.host.name) in caught.value.hint
    assert client.requests == 2
    assert client.clock.naps == []


class Prefixed(Token):
    """A token whose prefix says its kind, and which the canary's tests still find."""

    __slots__ = ("_prefix",)

    def __init__(self, prefix):
        super().__init__(CANARY, "GH_TOKEN")
        self._prefix = prefix

    @property
    def kind(self):
        return Token(self._prefix, "").kind


def test_H9_scopes_that_GraphQL_wants_are_a_refusal(ask):
    error = {
        "type": "INSUFFICIENT_SCOPES",
        "message": "Your token has not been granted the required scopes: ['read:org']",
    }
    with refused(AccessRefused, "may not read this .*read:org"):
        ask(reply(body={"data": None, "errors": [error]})).graphql(QUERY, {})


@pytest.mark.parametrize(
    ("status", "match"),
    [
        (451, "for legal reasons"),
        (422, "answered 422: Only the first 10000"),
        (400, "answered 400"),
        (204, "answered 204"),
        (206, "answered 206"),
        (300, "answered 300"),
    ],
)
def test_H9_other_answers_are_faults_with_a_name(ask, status, match):
    client = ask(reply(status=status, body=b"" if status == 204 else {"message": "Only the first 10000"}))
    with refused(NothingToJudge, rf"{match}.*1A2B:3C4D"):
        client.rest("/x")
    assert client.requests == 1


def test_what_is_missing_gone_or_unchanged_is_an_answer(ask):
    client = ask(reply(status=404, body={"message": "Not Found"}))
    assert client.rest("/x")[:1] == (404,)
    client.server.replies = [reply(status=410, body={"message": "This issue was deleted"})]
    assert client.rest("/x").data == {"message": "This issue was deleted"}
    client.server.replies = [reply(status=304, body=b"", headers={"Content-Length": "4711"})]
    assert client.rest("/x", etag='W/"1"')[:1] == (304,)
    assert 'If-None-Match: W/"1"' in client.server.asked[-1]
    assert client.requests == 3


# --- H12: GraphQL that answers in part, or not at all


def test_a_404_at_the_address_of_GraphQL_means_that_there_is_none(ask):
    for body in (b"404 page not found", {"message": "Not Found"}):
        client = ask(reply(status=404, body=body))
        with refused(NoGraphQL, "has no GraphQL"):
            client.graphql(QUERY, {})
        assert client.requests == 1


def test_H12_partial_data_comes_with_its_errors(ask):
    errors = [{"type": "NOT_FOUND", "path": ["a"], "message": "Could not resolve to an Issue"}]
    client = ask(reply(body={"data": {"a": None, "b": 1}, "errors": errors}))
    assert client.graphql(QUERY, {})[:2] == ({"a": None, "b": 1}, tuple(errors))
    client.server.replies = [reply(body={"errors": [{"message": "Field 'x' doesn't exist"}]})]
    assert client.graphql(QUERY, {}).data is None
    client.server.replies = [reply(body={"data": {"a": None}, "errors": errors * 2})]
    assert len(client.graphql(QUERY, {}).errors) == 2


def test_H12_a_query_that_GitHub_gives_up_can_be_made_smaller(ask):
    told = "Something went wrong while executing your query on 2025-09-12. Please include `1A2B` when reporting this issue."
    client = ask(reply(body={"data": None, "errors": [{"message": told}]}))
    with refused(AskForLess, "gave up on a query"):
        client.graphql(QUERY, {})
    assert client.requests == 3


# --- H13: clocks


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_H13_the_clock_of_the_server_counts(ask, days):
    at = NOW + timedelta(days=days)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{at.timestamp() + 20:.0f}"}
    client = ask(reply(status=403, body=PRIMARY, headers=headers, at=at), reply(at=at))
    assert client.rest("/x").at == at
    assert client.clock.naps == [20]
    date = format_datetime(at + timedelta(seconds=400), usegmt=True)
    client.server.replies = [reply(status=429, headers={"Retry-After": date}, at=at)]
    with refused(TryLater) as caught:
        client.rest("/x")
    assert caught.value.until == at + timedelta(seconds=400)


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", "Fri, 12 Sep 99999 14:00:30 GMT", "Fri, 32 Sep 2025 14:00:30 GMT"]
)
def test_H13_without_a_date_our_own_clock_counts(ask, date):
    client = ask(reply(headers={"Date": date}))
    client.clock.now = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert client.rest("/x").at == client.clock.now


# --- H14: fields


@pytest.mark.parametrize(
    "told",
    [
        None,
        7,
        [],
        {},
        {"cost": None},
        {"cost": "3"},
        {"cost": -1},
        {"cost": True},
        {"cost": 1.5, "remaining": "x", "resetAt": 5},
        {"cost": 0, "resetAt": "never"},
    ],
)
def test_H14_fields_that_are_missing_null_or_new_break_nothing(ask, told):
    data = {"rateLimit": told, "unknown": {"enum": "ADDED_LATER"}, "big": 2**63 + 1, "n": None}
    client = ask(reply(body={"data": data, "extensions": {"warnings": []}, "errors": None}))
    assert client.graphql(QUERY, {}).data == data
    assert client.points == 0


def test_H14_headers_that_are_no_numbers_break_nothing(ask):
    headers = {
        "X-RateLimit-Limit": "many",
        "X-RateLimit-Remaining": "1e999",
        "X-RateLimit-Reset": "nan",
        "X-OAuth-Scopes": "",
    }
    client = ask(reply(headers=headers))
    assert client.rest("/x").data == ISSUE
    assert client.remaining is client.reset is None


@pytest.mark.parametrize("body", [[], {"message": None}, {"message": {"a": 1}}, {"documentation_url": 1}])
def test_H14_a_refusal_of_any_shape_is_a_refusal(ask, body):
    for status, kind in ((401, AccessRefused), (403, AccessRefused), (422, NothingToJudge), (500, TryLater)):
        with refused(kind):
            ask(reply(status=status, body=body)).rest("/x")


# --- K: secrets


def test_K1_a_server_that_repeats_the_token_brings_it_nowhere(ask):
    def from_head(head):
        return reply(body={"head": head}, headers={"X-Echo": CANARY})

    client = ask(from_head)
    found = client.rest("/x")
    assert "Authorization: token ***" in found.data["head"]
    assert CANARY not in repr(found)
    assert CANARY not in repr(client) + repr(vars(client))


def test_K1_PyGithub_does_log_at_debug_and_hides_the_token(ask, caplog):
    ask(reply()).rest("/x")
    lines = [record.getMessage() for record in caplog.records if record.name == "github.Requester"]
    assert any("token (oauth token removed)" in line for line in lines)


def test_K1_a_netrc_does_not_replace_the_token(ask, tmp_path, secure, monkeypatch):
    server, file = secure
    (tmp_path / "netrc").write_text("machine localhost login alice password secret\n", "utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    for token in (CANARY, None):
        ask(server=server, token=token, address=f"https://localhost:{server.port}").rest("/x")
        assert "Basic" not in server.asked[-1]
    assert f"Authorization: token {CANARY}" in server.asked[0]
    assert "Authorization" not in server.asked[1]


def test_K1_no_cookie_is_kept(ask):
    client = ask(reply(headers={"Set-Cookie": "session=1; Path=/"}))
    client.rest("/x")
    client.rest("/y")
    assert "cookie" not in client.server.asked[1].lower()


def test_K2_the_token_is_in_no_command_line(ask):
    seen = []

    def from_head(head):
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                seen.append(file.read_bytes())
        return reply()

    ask(from_head).rest("/x")
    assert seen
    assert not any(CANARY.encode() in line for line in seen)
