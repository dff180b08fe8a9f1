"""Fetching: a whole clone in the cache or none, one token that nobody else sees, faults that say what to do."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from repositories import Repository, run_git

from triage.errors import AccessRefused, AskedWrongly, NothingToJudge, TriageError, TryLater
from triage.git import open_history
from triage.git.fetching import _HELPER, _Heard, _reached_by, cached_clone
from triage.git.process import environment

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "canary-0123456789abcdef"  # noqa: S105 - a canary
DAY = timedelta(days=1)
NOW = timedelta(0)
BACKEND = run_git(ROOT, "--exec-path").decode().strip() + "/git-http-backend"


class Server(ThreadingHTTPServer):
    """A folder of repositories over HTTP, as its settings say: with a token, slowly, elsewhere, or not at all."""

    daemon_threads = True

    def __init__(self, root, token=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.token = token
        self.asked: list[tuple[str, str | None]] = []
        self.answer: tuple[int, str] | None = None
        self.elsewhere: dict[str, str] = {}
        self.stop_at = ""
        self.reached = threading.Event()
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def host(self):
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self):
        return f"http://{self.host}"

    def wait_at(self, what):
        """Keep who asks waiting there, until told to go on."""
        self.stop_at = what
        self.reached.clear()
        self.go_on.clear()

    def pass_on(self):
        self.stop_at = ""
        self.go_on.set()

    def pause(self, what):
        if what == self.stop_at:
            self.reached.set()
            self.go_on.wait(20)

    def shutdown_request(self, request):
        if isinstance(request, ssl.SSLSocket):
            with suppress(OSError):
                request.unwrap()
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Who was killed hangs up."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        """The tests ask `asked`."""

    def reply(self, code, body="", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        server = self.server
        authorization = self.headers.get("Authorization")
        server.asked.append((self.path, authorization))
        path, _, query = self.path.partition("?")
        path = path.lower()
        if server.answer is not None:
            return self.reply(server.answer[0], server.answer[1], Content_Type="text/plain")
        if server.token is not None:
            wanted = "Basic " + base64.b64encode(f"x-access-token:{server.token}".encode()).decode()
            if authorization != wanted:
                return self.reply(401, WWW_Authenticate='Basic realm="git"')
        for old, new in server.elsewhere.items():
            if path.startswith(old):
                return self.reply(301, Location=self.path.replace(old, new, 1))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        command = "fetch" if b"command=fetch" in body else "ls-refs" if b"command=ls-refs" in body else "info"
        server.pause(command)
        done = subprocess.run(
            [BACKEND],
            input=body,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/dev/null",
                "GIT_PROJECT_ROOT": str(server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_NOSYSTEM": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type") or "",
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
                "REMOTE_ADDR": "127.0.0.1",
            },
        ).stdout
        head, _, content = done.partition(b"\r\n\r\n")
        fields = [line.partition(": ")[::2] for line in head.decode().split("\r\n")]
        code = next((int(value[:3]) for name, value in fields if name == "Status"), 200)
        self.send_response(code)
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        server.pause(f"{command} half")
        self.wfile.write(content[half:])
        return None

    def do_POST(self):
        self.do_GET()


@pytest.fixture
def apex(tmp_path):
    """acme/apex with two branches, a tag, and a pull request whose head is on no branch."""
    repository = Repository(tmp_path / "served" / "acme" / "apex.git")
    repository.commit({"a.txt": "1"}, "one")
    repository.tag("v1", message="first")
    repository.branch("side")
    repository.commit({"b.txt": "2" * 1000}, "two")
    repository.branch("gone")
    repository.ref("refs/pull/7/head", repository.commit({"c.txt": "3"}, "of a pull request"))
    repository.checkout("main")
    repository.git("branch", "-D", "gone")
    return repository


@pytest.fixture
def server(tmp_path, apex):
    server = Server(tmp_path / "served", TOKEN)
    yield server
    server.pass_on()
    server.shutdown()
    server.server_close()


@pytest.fixture
def get(tmp_path, server):
    """Return the clone, with the token and in the cache of this test, unless told otherwise."""

    def get_(repository="acme/apex", **options):
        host, url = options.pop("host", server.host), options.pop("url", server.url)
        given = {"cache": tmp_path / "cache", "token": TOKEN, "max_age": NOW, "timeout": 20, **options}
        return cached_clone(repository, host, url, **given)

    return get_


def refs(folder):
    out = run_git(folder, "for-each-ref", "--format=%(refname) %(objectname)").decode()
    return dict(line.split(" ") for line in out.splitlines())


def files(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_clone_is_complete_and_judged_by_the_default_branch(tmp_path, apex, get, server):
    said = []
    apex.git("symbolic-ref", "HEAD", "refs/heads/side")
    clone = get("Acme/Apex", say=said.append)
    assert clone.path == tmp_path / "cache" / "clones" / server.host / "acme" / "apex.git"
    assert clone.fault is None
    assert said == ["cloning Acme/Apex …"]
    assert abs(clone.fetched - datetime.now(UTC)) < timedelta(seconds=20)
    history, stand = open_history(clone.path, repository="acme/apex")
    assert (stand.branch, stand.sha) == ("side", apex.head("side"))
    state = history.state
    assert (state.label, state.shallow, state.partial, state.blind, state.cure) == ("clone", False, False, None, None)
    assert abs(state.fetched - clone.fetched) < timedelta(seconds=1)
    assert history.refs["refs/pull/7/head"] == apex.head("refs/pull/7/head")
    assert history.refs["refs/tags/v1"] == apex.head("refs/tags/v1")
    assert open_history(clone.path, branch="main")[1].sha == apex.head("main")
    assert stat.S_IMODE((tmp_path / "cache" / "clones").stat().st_mode) == 0o700
    assert run_git(clone.path, "fsck", "--strict").decode() == ""
    assert not [path for path in files(tmp_path / "cache") if "hooks" in path.parts]


def test_the_age_decides_whether_the_server_is_asked(apex, get, server):
    first = get()
    sha = apex.commit({}, "new")
    asked = len(server.asked)
    assert get(max_age=DAY) == first
    assert open_history(first.path)[0].state.fetched <= first.fetched
    assert len(server.asked) == asked
    second = get()
    assert second.fetched > first.fetched
    assert open_history(second.path)[1].sha == sha
    assert abs(open_history(second.path)[0].state.fetched - second.fetched) < timedelta(seconds=1)
    os.utime(second.path / "FETCH_HEAD", (time.time() + 9000,) * 2)
    asked = len(server.asked)
    get(max_age=DAY)
    assert len(server.asked) > asked


def test_offline_asks_nobody(get, server):
    with pytest.raises(NothingToJudge, match="no clone of acme/apex yet") as caught:
        get(offline=True)
    assert "--offline" in caught.value.hint
    assert server.asked == []
    there = get()
    asked = len(server.asked)
    assert get(offline=True) == there
    assert len(server.asked) == asked


def test_what_was_forced_deleted_or_renamed_there_is_so_here(apex, get):
    path = get().path
    old = apex.head()
    apex.git("commit", "-q", "--amend", "--allow-empty", "-m", "other")
    apex.git("tag", "-f", "v1")
    apex.git("branch", "-m", "main", "trunk")
    apex.git("branch", "-D", "side")
    apex.git("branch", "side/way")
    assert get().fault is None
    assert refs(path) == {
        "refs/pull/7/head": apex.head("refs/pull/7/head"),
        "refs/remotes/origin/HEAD": apex.head(),
        "refs/remotes/origin/side/way": apex.head(),
        "refs/remotes/origin/trunk": apex.head(),
        "refs/tags/v1": apex.head(),
    }
    history, stand = open_history(path)
    assert (stand.branch, stand.sha) == ("trunk", apex.head())
    assert history.state.blind is None
    assert run_git(path, "cat-file", "-t", old).decode().strip() == "commit"


def test_a_branch_called_head_does_not_move_the_default_branch(apex, get):
    apex.ref("refs/heads/HEAD", apex.head("side"))
    path = get().path
    get()
    assert open_history(path)[1].sha == apex.head("main")
    assert refs(path)["refs/remotes/origin/main"] == apex.head("main")


def test_an_empty_repository_and_one_without_default_branch(tmp_path, apex, get):
    Repository(tmp_path / "served" / "acme" / "empty.git")
    with pytest.raises(NothingToJudge, match=r"acme/empty is empty: .* shows no commits"):
        get("acme/empty")
    assert not any(path.name == "empty.git" for path in (tmp_path / "cache").rglob("*"))
    apex.git("branch", "-m", "main", "one")
    apex.git("symbolic-ref", "HEAD", "refs/heads/nowhere")
    clone = get()
    with pytest.raises(NothingToJudge, match="HEAD names no commit") as caught:
        open_history(clone.path)
    assert caught.value.hint == "name one: one, side"
    assert open_history(clone.path, branch="one")[1].sha == apex.head("one")


def test_G10_long_ids(tmp_path, get):
    long = Repository(tmp_path / "served" / "acme" / "long.git", long_ids=True)
    for text in ("1", "2"):
        sha = long.commit({}, text)
        assert open_history(get("acme/long").path)[1].sha == sha


def test_many_packs_become_one_and_nothing_is_lost(apex, get, monkeypatch):
    monkeypatch.setattr("triage.git.fetching._MANY_PACKS", 1)
    path = get().path
    old = apex.commit({}, "old")
    get()
    apex.git("reset", "-q", "--hard", "HEAD^")
    apex.commit({}, "new")
    get()
    assert len(list(path.glob("objects/pack/*.pack"))) == 1
    assert run_git(path, "cat-file", "-t", old).decode().strip() == "commit"


def test_progress_is_told_to_who_asks(get):
    told = []
    get(progress=told.append)
    assert any(line.startswith("Receiving objects: 100%") for line in told)


def test_progress_is_not_kept_and_brings_no_escapes():
    told = []
    heard = _Heard(told.append)
    kept = heard.take(b"remote: Counting objects:  50% (1/2)   \rReceiving objects:  1")
    kept += heard.take(
        b"00% (2/2), done.\nFrom x\n * [new tag] v1 -> v1\nremote: Counting objects: \x1b[2J\nfatal: no\nlast"
    )
    assert told == ["Counting objects: 50% (1/2)", "Receiving objects: 100% (2/2), done"]
    assert kept == b"remote: Counting objects: \x1b[2J\nfatal: no\n"
    assert heard.rest() == "last"


# Secrets


def canary_in_processes(found, end):
    encoded = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    while not end.is_set():
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if TOKEN in line or encoded in line:
                found.append(line)
        found.append("")
        time.sleep(0.002)


def test_K1_K2_the_token_is_in_no_list_of_processes_file_or_message(tmp_path, apex, get, server):
    found, end, said = [], threading.Event(), []
    watch = threading.Thread(target=canary_in_processes, args=(found, end))
    watch.start()
    server.wait_at("fetch half")
    release = threading.Timer(0.3, server.pass_on)
    release.start()
    get(say=said.append, progress=said.append)
    server.token = TOKEN[::-1]
    fault = get().fault
    end.set()
    watch.join()
    assert len(found) > 10
    assert not any(found)
    assert isinstance(fault, AccessRefused)
    for text in (fault.message, str(fault.hint), *said):
        assert TOKEN not in text
    for path in files(tmp_path / "cache"):
        assert TOKEN.encode() not in path.read_bytes()
        assert TOKEN not in str(path)


def test_K5_only_git_at_the_server_has_the_token(get, monkeypatch, tmp_path):
    real, log = shutil.which("git"), tmp_path / "log"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} > {log}.$$\nexec {real} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    open_history(get().path)
    notes = [path.read_text() for path in tmp_path.glob("log.*")]
    knowing = [note for note in notes if TOKEN in note]
    assert len(notes) > len(knowing) >= 2
    assert all("ls-remote" in note.splitlines()[0] or " fetch " in note.splitlines()[0] for note in knowing)
    assert TOKEN not in str(environment())


@pytest.mark.parametrize("wanted_there", [True, False])
@pytest.mark.parametrize("wanted_here", [True, False])
def test_H6_another_host_does_not_get_the_token(tmp_path, server, get, wanted_here, wanted_there):
    # Another port is another server.
    other = Server(tmp_path / "served", TOKEN if wanted_there else None)
    server.token = TOKEN if wanted_here else None
    server.elsewhere["/acme/"] = f"{other.url}/acme/"
    if wanted_there:
        told = "refuses the token" if wanted_here else f"sends what asks for acme/apex on to {other.url}"
        with pytest.raises(AccessRefused, match=told) as caught:
            get()
        assert TOKEN not in str(caught.value)
    elif wanted_here:
        # Newer gits follow.
        with suppress(NothingToJudge):
            get()
    else:
        assert get().fault is None
    other.shutdown()
    other.server_close()
    assert other.asked
    assert all(authorization is None for _, authorization in other.asked)


def test_a_repository_that_was_renamed_is_found(server, get):
    server.elsewhere["/acme/old.git"] = f"{server.url}/acme/apex.git"
    try:
        assert get("acme/old").fault is None
    except NothingToJudge as error:
        # Older gits do not follow where they had to show the token first.
        assert "it was renamed or moved" in error.message  # noqa: PT017 - one of two is right
    server.token = None
    assert get("acme/old").fault is None


def test_no_token_is_sent_where_none_is_asked_for(server, get):
    server.token = None
    get()
    assert all(authorization is None for _, authorization in server.asked)


@pytest.mark.parametrize("token", ["a b", "a\nb", "", "tök"])
def test_a_token_that_can_be_none_is_refused(get, server, token):
    with pytest.raises(AccessRefused, match="the token holds characters"):
        get(token=token)
    assert server.asked == []


def test_the_helper_answers_only_who_asks(tmp_path):
    run = [f"{_HELPER[1:]} {operation}" for operation in ("get", "store", "erase")]
    answers = [
        subprocess.run(["sh", "-c", line], env={"TRIAGE_CLONE_TOKEN": "a%s\\b"}, capture_output=True, check=True).stdout
        for line in run
    ]
    assert answers == [b"username=x-access-token\npassword=a%s\\b\n", b"", b""]


# Where from and where to


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch canary'",
        "file:///srv",
        "ssh://git@github.com",
        "git://github.com",
        "http://github.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://alice:s3cret@github.com",
        "https://github.com/?x=",
        "https://github.com/..",
        "https://github.com\n",
        "https://-oProxyCommand=x",
        "--upload-pack=x",
        "/srv",
        "",
    ],
)
def test_G2_G3_only_servers_that_can_be_trusted_to_be_themselves(get, server, tmp_path, url):
    with pytest.raises(AskedWrongly, match="not the address of a server") as caught:
        get(url=url)
    assert "s3cret" not in caught.value.message
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("path", ["/acme/apex.git", "https://127.0.0.1:1/acme/apex.git"])
def test_G3_a_redirect_does_not_change_the_scheme(server, get, path, tmp_path):
    server.token = None
    server.elsewhere["/acme/"] = "file:///" if path.startswith("/") else "https://127.0.0.1:1/"
    with pytest.raises(TriageError):
        get()


@pytest.mark.parametrize(
    ("host", "repository"),
    [
        ("github.com", "acme/.."),
        ("github.com", "../apex"),
        ("github.com", "acme/."),
        ("github.com", "acme/apex/x"),
        ("github.com", "acme"),
        ("github.com", "acme/apex.git"),
        ("github.com", "acme/a\0b"),
        ("github.com", "-x/apex"),
        ("..", "acme/apex"),
        ("a/b", "acme/apex"),
        ("a..b", "acme/apex"),
        ("", "acme/apex"),
    ],
)
def test_no_name_leads_out_of_the_cache(get, server, host, repository):
    with pytest.raises(AskedWrongly, match="not a repository"):
        get(repository, host=host)
    assert server.asked == []


def test_names_that_only_look_odd(tmp_path, get):
    for name in (".github", "a.lock", "a.new"):
        Repository(tmp_path / "served" / "acme" / f"{name}.git").commit({}, "1")
        assert get(f"acme/{name}").path.name == f"{name}.git"


def test_proxies_and_authorities_are_those_of_the_environment(tmp_path):
    bundle = tmp_path / "ca.pem"
    given = {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "x", "REQUESTS_CA_BUNDLE": str(bundle), "HOME": "/h"}
    assert _reached_by(given) == {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "x", "GIT_SSL_CAINFO": str(bundle)}
    assert _reached_by({"SSL_CERT_FILE": str(tmp_path)}) == {"GIT_SSL_CAPATH": str(tmp_path)}
    assert _reached_by({"GIT_SSL_NO_VERIFY": "1", "http_proxy": "x"}) == {}


def test_no_setting_of_user_or_clone_is_obeyed(get, tmp_path, monkeypatch, apex):
    canary = tmp_path / "it-ran"
    home = tmp_path / "home"
    home.mkdir()
    lines = f'[core]\n\thooksPath = {home}\n[credential]\n\thelper = "!touch {canary}"\n[url "file:///"]\n\tinsteadOf = http\n'
    (home / ".gitconfig").write_text(lines)
    monkeypatch.setenv("HOME", str(home))
    path = get().path
    (path / "hooks").mkdir()
    for name in ("reference-transaction", "post-fetch", "pre-auto-gc"):
        (path / "hooks" / name).write_text(f"#!/bin/sh\ntouch {canary}\n")
        (path / "hooks" / name).chmod(0o755)
    (path / "config").write_text((path / "config").read_text() + lines)
    sha = apex.commit({}, "new")
    assert get().fault is None
    assert open_history(path)[1].sha == sha
    assert not canary.exists()


# Faults


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((401, "no"), AccessRefused, "refuses the token for acme/apex"),
        ((403, "single sign-on first"), AccessRefused, "refuses the token for acme/apex: single sign-on first"),
        ((403, f"you said {TOKEN}\x1b[2J"), AccessRefused, "you said …"),
        ((404, "Not Found"), NothingToJudge, "shows no repository acme/apex"),
        ((429, "slowly"), TryLater, "cannot be fetched from 127.0.0.1:[0-9]+ now"),
        ((500, "oh"), TryLater, "cannot be fetched"),
        ((503, ""), TryLater, "cannot be fetched"),
        ((200, "<html>\na proxy says hello\n"), TryLater, "cannot be fetched"),
    ],
)
def test_an_answer_says_what_to_do(tmp_path, get, server, answer, kind, words):
    server.answer = answer
    with pytest.raises(kind, match=words) as caught:
        get()
    fault = caught.value
    assert fault.hint
    assert "\n" not in fault.message
    assert TOKEN not in fault.message
    assert "\x1b" not in fault.message
    assert {path.suffix for path in files(tmp_path / "cache")} == {".lock"}


def test_no_token_where_one_is_needed(get):
    with pytest.raises(AccessRefused, match="wants a token for acme/apex") as caught:
        get(token=None)
    assert "GH_TOKEN" in caught.value.hint


def test_a_wrong_token_is_refused(get):
    with pytest.raises(AccessRefused, match="refuses the token"):
        get(token=TOKEN[::-1])


def test_a_server_that_is_not_there(server, get):
    with pytest.raises(TryLater, match=r"cannot be fetched from x now: .*onnect"):
        get(host="x", url="http://127.0.0.1:9")


def test_a_name_of_a_repository_is_no_reason(get):
    with pytest.raises(TryLater):
        get("acme/ssl", url="http://127.0.0.1:9")


def test_H8_a_server_without_tls_where_it_should_have_it(server, get):
    with pytest.raises((NothingToJudge, TryLater), match=r"not safe|cannot be fetched"):
        get(url=server.url.replace("http:", "https:"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing makes a certificate here")
def test_H8_only_a_certificate_that_is_trusted_will_do(tmp_path, server, get, monkeypatch, apex):
    pair = ("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "ca.pem"))
    kind = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    name = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(["openssl", *kind, *pair, *name], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"https://{server.host}"
    for name in ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    with pytest.raises(NothingToJudge, match="is not safe") as caught:
        get(url=url)
    assert "SSL_CERT_FILE" in caught.value.hint
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert get(url=url).fault is None
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(tmp_path / "ca.pem", home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (home / ".gitconfig").write_text("[http]\n\tsslVerify = false\n")
    assert "is not safe" in get(url=url).fault.message
    (home / ".gitconfig").write_text(f'[http "{url}"]\n\tsslCAInfo = ~/ca.pem\n')
    assert get(url=url).fault is None


def test_G12_a_server_that_says_nothing_is_left(get, server):
    server.wait_at("info")
    began = time.monotonic()
    with pytest.raises(TryLater):
        get(timeout=1)
    server.pass_on()
    assert get(timeout=20).fault is None
    server.wait_at("fetch half")
    clone = get(timeout=1)
    assert clone.fault is None or isinstance(clone.fault, TryLater)
    assert time.monotonic() - began < 12


def test_a_clone_that_cannot_be_fetched_is_still_a_clone(apex, get, server):
    first = get()
    apex.commit({}, "new")
    server.answer = (503, "later")
    clone = get()
    assert (clone.path, clone.fetched) == (first.path, first.fetched)
    assert isinstance(clone.fault, TryLater)
    assert open_history(clone.path)[0].state.fetched == open_history(first.path)[0].state.fetched
    server.answer = None
    assert get().fault is None


def test_a_server_that_suddenly_shows_nothing_takes_nothing_away(get, server):
    path = get().path
    before = refs(path)
    server.answer = (200, "")
    clone = get()
    assert "is empty" in clone.fault.message
    assert refs(path) == before


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Put a program called git before the real one; it has that in `$REAL`."""

    def make(text):
        program = tmp_path / "bin" / "git"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\nREAL={shutil.which('git', path=os.defpath)}\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return make


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ("fatal: write error: No space left on device", NothingToJudge, "the disk is full"),
        ("fatal: unable to access 'https://x/': server certificate verification failed.", NothingToJudge, "not safe"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", TryLater, "now: Could not resolve host"),
        ("error: inflate: data stream error", NothingToJudge, "missing or damaged"),
        ("fatal: something new", NothingToJudge, "something new"),
    ],
)
def test_what_git_says_is_named_by_what_helps(get, fake, told, kind, words):
    fake(f'case "$*" in *" fetch "*) echo "{told}" >&2; exit 128;; esac; exec "$REAL" "$@"')
    with pytest.raises(kind, match=words) as caught:
        get()
    assert not isinstance(caught.value, TryLater) or kind is TryLater


def test_S4_a_cache_that_cannot_be_written(tmp_path, get):
    (tmp_path / "file").write_text("")
    with pytest.raises(NothingToJudge, match="a clone cannot be kept in"):
        get(cache=tmp_path / "file")


def test_a_damaged_clone_is_made_anew(get, apex):
    path = get().path
    (path / "HEAD").write_text("")
    shutil.rmtree(path / "refs")
    assert get().fault is None
    assert open_history(path)[1].sha == apex.head()


# Several processes, and the end of one

CODE = """
import sys
from datetime import timedelta
from pathlib import Path
from triage.git import fetching
{before}
cache, host, url, age = sys.argv[1:]
clone = fetching.cached_clone("acme/apex", host, url, cache=Path(cache), token="{token}",
    max_age=timedelta(seconds=float(age)), say=print)
print(clone.fault)
"""


@contextmanager
def another(tmp_path, server, before="", age=0):
    """Another process that asks for the clone."""
    command = [sys.executable, "-c", CODE.format(before=before, token=TOKEN)]
    with subprocess.Popen(
        [*command, str(tmp_path / "cache"), server.host, server.url, str(age)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def still_running(tmp_path):
    """The gits whose repository is in the cache."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if str(tmp_path / "cache").encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes())
        except OSError:
            continue
    return [line for line in found if line]


def nothing_left(tmp_path):
    for _ in range(100):
        if not still_running(tmp_path):
            break
        time.sleep(0.02)
    assert still_running(tmp_path) == []


def is_whole(tmp_path, server):
    path = tmp_path / "cache" / "clones" / server.host / "acme" / "apex.git"
    if not path.exists():
        return False
    history, stand = open_history(path)
    assert history.state.blind is None
    assert stand.branch == "main"
    run_git(path, "rev-list", "--objects", "--all")
    run_git(path, "fsck", "--connectivity-only")
    return True


@pytest.mark.parametrize("moment", ["info", "ls-refs", "fetch", "fetch half"])
def test_G12_killed_while_the_server_answers(tmp_path, apex, server, get, moment):
    for there in (False, True):
        server.wait_at(moment)
        with another(tmp_path, server) as process:
            assert server.reached.wait(10)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            # With the server still silent: the git that was asking has ended with its caller.
            nothing_left(tmp_path)
        assert is_whole(tmp_path, server) is there
        server.pass_on()
        began = time.monotonic()
        assert get().fault is None
        assert time.monotonic() - began < 5
        assert is_whole(tmp_path, server)
        apex.commit({}, "new")
    left = {path.name for path in (tmp_path / "cache").rglob("*") if path.name.startswith("tmp_")}
    assert left == set()
    assert {path.name for path in (tmp_path / "cache" / "clones" / server.host / "acme").iterdir()} == {
        "apex.git",
        "apex.lock",
    }


DIES = """
import os
from pathlib import Path
def die(*_, **__): os.kill(os.getpid(), 9)
{what} = die
"""


@pytest.mark.parametrize(
    "what", ["fetching._Visit._fetch", "fetching._Visit._follow", "fetching._write", "Path.rename", "fetching._clear"]
)
def test_G12_killed_between_two_steps(tmp_path, apex, server, get, what):
    for there in (False, True):
        with another(tmp_path, server, DIES.format(what=what)) as process:
            process.wait()
        if process.returncode == 0:
            # It did not come by that place.
            continue
        assert process.returncode == -signal.SIGKILL
        assert is_whole(tmp_path, server) is there
        assert get().fault is None
        assert is_whole(tmp_path, server)
        apex.commit({}, "new")


def test_what_a_killed_git_left_is_removed(get, apex):
    path = get().path
    left = ["packed-refs.lock", "refs/remotes/origin/main.lock", "objects/pack/tmp_pack_x", "config.lock"]
    for name in left:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("x")
    (path / "objects" / "tmp_objdir-incoming-x" / "pack").mkdir(parents=True)
    (path.with_suffix(".new") / "objects").mkdir(parents=True)
    sha = apex.commit({}, "new")
    assert get().fault is None
    assert open_history(path)[1].sha == sha
    assert not any((path / name).exists() for name in [*left, "objects/tmp_objdir-incoming-x"])
    assert path.with_suffix(".new").exists() is False


def test_two_at_once_make_one_clone(tmp_path, server):
    server.wait_at("fetch")
    with another(tmp_path, server) as one:
        assert server.reached.wait(10)
        with another(tmp_path, server) as two, another(tmp_path, server, age=60) as three:
            assert "waiting" in two.stdout.readline()
            assert "waiting" in three.stdout.readline()
            server.pass_on()
            said = [process.communicate(timeout=20)[0] for process in (one, two, three)]
    assert said == ["cloning acme/apex …\nNone\n", "None\n", "None\n"]
    assert len({path for path, _ in server.asked if "info/refs" in path}) == 1
    assert sum("git-upload-pack" in path and "info" not in path for path, _ in server.asked) <= 4
    assert is_whole(tmp_path, server)


def test_who_has_a_clone_does_not_wait_for_long(tmp_path, server, get):
    first = get()
    server.wait_at("info")
    with another(tmp_path, server):
        assert server.reached.wait(10)
        clone = get(timeout=0.3)
    assert (clone.path, clone.fetched) == first[:2]
    assert "another process has been fetching" in clone.fault.message
    server.pass_on()
