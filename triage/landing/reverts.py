"""Which commits take a landed one back: by its name, with the merge that brought it, or by its subject."""

from __future__ import annotations

import re
from posixpath import basename
from typing import TYPE_CHECKING, NamedTuple

from triage.errors import CouldNotLook
from triage.landing.subjects import (
    EVERY_REVERT,
    REVERT_BRANCH,
    REVERTING,
    Manner,
    manner,
    of_another_pull,
    plain,
    pulls,
    typeless,
)
from triage.landing.survival import THIRD, survival
from triage.model import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from triage.model import Commit, Survey
    from triage.ports import History

_WHOLE = (40, 64)
_MERGE = 2
_LEAST_CUT = 12
_BY_CHANCE = 5
"""So many lines do not come back by chance; fewer may."""
_SHORTEST = 7
_TYPED = re.compile(r"(?P<type>[a-z]+)(?P<scope>\([^()]*\))?!?:\s+(?P<rest>\S.*)", re.IGNORECASE)
_BULLET = re.compile(r"^[*-] ", re.MULTILINE)
_MAINLINE = re.compile(r"reversing\s+changes\s+made\s+to\s+([0-9a-f]{7,64})", re.IGNORECASE)
_SHA = r"[0-9a-f]{7,64}\b"
_UNDOES = re.compile(
    r"\bthis\s+(?P<some>(?:partially|partly)\s+)?reverts\s+(?P<part>parts?\s+of\s+)?(?:the\s+)?(?:merge\s+)?commits?:?"
    rf"[\s`*-]{{1,9}}(?P<names>{_SHA}(?:(?:[\s,;&`*-]|\band\b|\([^()]{{0,200}}\)){{1,20}}{_SHA})*)"
    r"(?P<rest>[`\s,]{0,3}(?:in\s+part|partially|partly|except)\b)?",
    re.IGNORECASE,
)
_NAME = re.compile(rf"\b{_SHA}", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)")
_UNDOES_PULL = re.compile(
    r"^ {0,3}(?:This\s+)?reverts:?\s+(?:pull\s+request\s+|PR\s+)?"
    r"(?:(?P<of>[\w.-]+/[\w.-]+)?#|https?://\S{1,200}?/(?P<at>[\w.-]+/[\w.-]+)/pull/)(?P<number>\d{1,9})\b(?![\w-])",
    re.IGNORECASE | re.MULTILINE,
)
_UNDOES_SHORTLY = re.compile(
    r"^ {0,3}Reverts:?\s+(?:commit\s+)?`?((?=[0-9a-f]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64})\b",
    re.IGNORECASE | re.MULTILINE,
)
_UNDOES_IN_TITLE = re.compile(
    r"\W{0,3}(?:[a-z]+(?:\([^()]*\))?!?:\s*)?(?:revert(?:s|ed|ing)?|undo(?:es|ing)?|back(?:s|ed|ing)?[\s-]?out|"
    r"roll(?:s|ed|ing)?[\s-]?back)\b:?\s+(?:the\s+)?(?:(?:pull\s+request|PR|MR)\s*#?|#)(?P<number>\d{1,9})\b(?![\w-])",
    re.IGNORECASE,
)
_HEAD = re.compile(
    rf"\W{{0,3}}(?P<type>[a-z]+(?:\([^()]*\))?!?:\s*)?(?P<verb>{REVERTING})(?P<scope>\([^()]*\))?!?(?P<colon>:)?\s*"
    r"(?:(?:the\s+)?(?:commit|changeset)s?\s+)?(?P<rest>\S.*)",
    re.IGNORECASE,
)
_QUOTE = re.compile("[`'“”‘’]")
_CUT = re.compile(r"(?:…|\.\.\.)[\"\s.]*$")
_HEX = re.compile(r"[0-9a-f]{7,64}")
_PULL_MERGE = re.compile(r"Merge pull request #(\d+)\b")


def undone_in(body: str) -> list[str]:
    """Return what the text of a commit says that it reverts: SHAs and pull requests, `#12` or `acme/apex#12`.

    All in lower case.
    """
    names = [name for said in _UNDOES.finditer(body) for name in _names(said["names"])]
    names += [said[1].lower() for said in _UNDOES_SHORTLY.finditer(body)]
    numbers = [f"{said['of'] or said['at'] or ''}#{said['number']}".casefold() for said in _UNDOES_PULL.finditer(body)]
    return list(dict.fromkeys([*names, *numbers]))


def undone_by_title(subject: str) -> list[str]:
    """Return the pull request that a subject says it reverts by its number alone, as `#12`."""
    said = _UNDOES_IN_TITLE.match(subject)
    return [f"#{said['number']}"] if said is not None else []


def _names(text: str) -> list[str]:
    return [name.lower() for name in _NAME.findall(_ASIDE.sub(" ", text))]


def _plainly(body: str, sha: str) -> bool:
    """Whether a text says outright that it reverts a commit: neither in part, nor only in a quotation."""
    for said in _UNDOES.finditer(body):
        if said["some"] or said["part"] or said["rest"] or not any(sha.startswith(n) for n in _names(said["names"])):
            continue
        before = body[body.rfind("\n", 0, said.start()) + 1 : said.start()]
        if not before.startswith(("    ", "\t")) and not before.lstrip().startswith((">", "|")):
            return True
    return any(sha.startswith(said[1].lower()) for said in _UNDOES_SHORTLY.finditer(body))


def _reverting(commit: Commit) -> bool:
    """Whether a commit is a revert by its subject, or merges a pull request that is one by its title."""
    if _HEAD.match(commit.subject) or REVERT_BRANCH.match(commit.subject):
        return True
    title = commit.body.lstrip().partition("\n")[0]
    return _PULL_MERGE.match(commit.subject) is not None and _HEAD.match(title) is not None


class Pulled(NamedTuple):
    """The pull request that a commit was the merge of: how a revert may name it, and what it changed.

    `repositories` are the names of its repository in lower case, `brought` the commits that it brought or may have
    brought, `before` those that may be the last one before it, and `paths` what it changed as GitHub lists it.
    """

    number: int
    title: str
    repositories: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    paths: tuple[str, ...] | None = None


class Undone(NamedTuple):
    """The commit that takes another back; not `sure` where it may have meant something else.

    `still` is a path that is as the other one left it, whatever the message says. `whole` says that it is the pull
    request which is taken back, with this `effect`, or that a message outright says so (`told`).
    """

    by: Commit
    sure: bool
    still: str | None = None
    whole: bool = False
    told: bool = False
    effect: tuple[Change, ...] = ()
    of: str = ""
    """The SHA of the one that is taken back."""


class _Title(NamedTuple):
    """What a revert's subject says that it reverts; `scope` is None where it is not of the form `revert(scope):`."""

    text: str
    exact: bool
    cut: bool = False
    scope: str | None = None


def _folded(subject: str) -> str:
    """A subject as it is compared: one kind of quote, one case, no dot at its end."""
    text = " ".join(_QUOTE.sub('"', subject).split()).casefold()
    return text.rstrip(".").rstrip() or text


def _titles(subject: str) -> list[_Title]:
    """What a subject names as taken back; not `exact` where it is not written as tools write it."""
    head = _HEAD.fullmatch(" ".join(subject.split()))
    if head is None:
        return []
    verb = head["verb"].casefold()
    again = verb.startswith(("reapply", "reland", "re-land"))
    exact = (verb in {"revert", "reverts", "reverted"} or again) and not head["type"]
    rest = _QUOTE.sub('"', plain(head["rest"].strip()))
    if not rest.startswith('"'):
        exact = exact and head["colon"] is not None
        scope = (head["scope"] or "").casefold() if head["colon"] else None
        cut = _CUT.search(rest) is not None
        found = [_Title(_CUT.sub("", rest), exact and not cut, cut, scope)]
        found += [_Title(inner, exact=False) for inner in _apart(rest)]
    else:
        end = rest.rfind('"')
        inside, after = (rest[1:end], rest[end + 1 :]) if end > 0 else (rest[1:], "")
        cut = end <= 0 or _CUT.search(inside) is not None or _CUT.search(after) is not None
        whole = not after.strip(" .")
        found = [_Title(_CUT.sub("", inside).strip(), exact and whole and not cut, cut)]
        found += [_Title(inner, exact=False) for inner in _apart(rest) if inner != inside]
    if again:
        return [item._replace(text=f'Revert "{item.text}"') for item in found if not item.cut]
    return [item for item in found if item.text]


def _apart(text: str) -> list[str]:
    """Each of several quoted titles of a subject; none where a title is itself a revert's, with quotes in it."""
    parts = re.findall(r'(?<!\S)"([^"\s][^"]*)"(?=[\s,;.:]|$)', text)
    return parts if len(parts) * 2 == text.count('"') else []


class _Index:
    """The reverts of a history by what their subjects name."""

    def __init__(self, reverts: Iterable[Commit]) -> None:
        self.by_title: dict[str, list[tuple[_Title, Commit]]] = {}
        self.by_stem: dict[str, list[tuple[str, Commit]]] = {}
        self.by_digits: dict[str, list[tuple[str, Commit]]] = {}
        self.titles: dict[str, list[Commit]] = {}
        for revert in reverts:
            for title in _titles(revert.subject):
                text = _folded(title.text)
                if _HEX.fullmatch(text):
                    self.by_digits.setdefault(text[:_SHORTEST], []).append((text, revert))
                if title.cut and len(text) >= _LEAST_CUT:
                    self.by_stem.setdefault(text[:_LEAST_CUT], []).append((text, revert))
                elif not title.cut:
                    self.by_title.setdefault(_folded(plain(title.text)), []).append((title, revert))
                self.titles.setdefault(f"{title.text}…" if title.cut else title.text, []).append(revert)

    def of(self, commit: Commit) -> Iterator[tuple[Commit, str | None]]:
        """Yield the reverts whose subject names a commit, with the title if it does so exactly."""
        subject = commit.subject
        names = dict.fromkeys(_folded(name) for name in (plain(subject), typeless(plain(subject))))
        typed = _TYPED.fullmatch(subject)
        scope = (typed["scope"] or "").casefold() if typed is not None else ""
        for position, name in enumerate(names):
            for title, revert in self.by_title.get(name, ()):
                if of_another_pull(title.text, subject):
                    continue
                dropped = position > 0 and title.scope != scope  # `revert(net): X` of `fix(net): X` is exact
                unlike = bool(pulls(title.text)) and not pulls(subject)
                yield revert, None if dropped or unlike or not title.exact else title.text
            for stem, revert in self.by_stem.get(name[:_LEAST_CUT], ()):
                if name.startswith(stem):
                    yield revert, None
        full = _folded(subject)
        for stem, revert in self.by_stem.get(full[:_LEAST_CUT], ()):
            if full.startswith(stem):
                yield revert, None
        for digits, revert in self.by_digits.get(commit.sha[:_SHORTEST], ()):
            if commit.sha.startswith(digits):
                yield revert, None


class Reverts:
    """The reverts of a history, asked for one commit at a time.

    `repositories` are the names of the one that the history is of, in lower case: a revert of the pull request of
    another one says nothing here.
    """

    def __init__(self, history: History, survey: Survey, repositories: Collection[str] = ()) -> None:
        self._history = history
        self._reverts = survey.reverts
        self._repositories = repositories
        self._numbers: dict[str, list[tuple[Commit, bool]]] | None = None
        self._known: Mapping[str, Commit] | None = None
        self._index: _Index | None = None
        self._merges: list[tuple[Commit, Commit, bool]] | None = None
        self._named: dict[str, list[Commit]] | None = None
        self._telling: dict[str, set[str]] | None = None
        self._numbered: dict[str, set[str]] | None = None
        self._landed: dict[str, str] = {}
        self._at: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def of(self, commit: Commit, tip: str, pulled: Pulled | None = None, since: Commit | None = None) -> Undone | None:
        """Return what takes `commit` back on the way to `tip`, or None; a revert that was itself reverted does not.

        `pulled` is the pull request that it is the merge commit of: what takes that back takes the commit back.
        `since` is the commit of the branch that it landed as, where it is not itself there.
        """
        self._landed = {commit.sha: since.sha} if since is not None else {}
        outcome: dict[str, Undone | None] = {}
        found: dict[str, list[Undone]] = {}
        waiting = {commit.sha: commit}
        while waiting:
            current = next(reversed(waiting.values()))
            if current.sha not in found:
                whole = self._of_whole(commit, pulled, tip) if current.sha == commit.sha and pulled is not None else ()
                found[current.sha] = [*whole, *self._by(current, tip)]
            reverts = (item.by for item in found[current.sha])
            deeper = next((by for by in reverts if by.sha not in outcome and by.sha not in waiting), None)
            if deeper is not None:
                waiting[deeper.sha] = deeper
                continue
            outcome[current.sha] = _strongest(found[current.sha], outcome)
            del waiting[current.sha]
        undone = outcome[commit.sha]
        if undone is not None and undone.sure:
            still = self._still(undone.effect or self._effect(commit), tip)
            if still is None and not undone.effect:
                still = self._mostly(commit, tip)
            undone = undone if still is None else undone._replace(sure=False, still=still)
        return None if undone is None else undone._replace(of=commit.sha)

    def _mostly(self, commit: Commit, tip: str) -> str | None:
        """A path of a commit of which enough is at `tip`, however it was edited since, or None."""
        try:
            if 0 < self._history.lines_changed(commit.sha)[0] < _BY_CHANCE:
                return None
            left = survival(self._history, commit, tip)
        except CouldNotLook:
            return None
        return next((change.path for change in self._effect(commit)), None) if left.share >= THIRD else None

    def _after(self, revert: Commit, commit: Commit) -> bool:
        """Whether a revert came after a commit, or after what that landed as."""
        return bool(self._history.reachable(revert.sha, [self._landed.get(commit.sha, commit.sha)]))

    def taken_back(self, commit: Commit, tip: str) -> bool:
        """Whether every path that a commit changed is at `tip` again as it was before, and not just gone."""
        changes = self._effect(commit)
        if not any(change.before for change in changes):
            return bool(changes) and self._gone(changes, tip)
        there = self._there(tip)
        return there is not None and all(there.get(change.path) == change.before for change in changes)

    def _gone(self, changes: Sequence[Change], tip: str) -> bool:
        """Whether every file that a commit added is nowhere at `tip`, under no other name either."""
        try:
            there = self._history.tree(tip)
        except CouldNotLook:
            return False
        if any(change.path in there for change in changes):
            return False
        names, blobs = self._known_at(tip)
        return not any(change.after in blobs or basename(change.path) in names for change in changes)

    def _known_at(self, tip: str) -> tuple[frozenset[str], frozenset[str]]:
        """The names and the blobs of all files of a commit."""
        if tip not in self._at:
            there = self._history.tree(tip)
            self._at[tip] = frozenset(map(basename, there)), frozenset(entry.blob for entry in there.values())
        return self._at[tip]

    def _effect(self, commit: Commit) -> list[Change]:
        """The changes of a commit that its blobs tell: neither of submodules nor of modes."""
        changes = self._history.changes([commit.sha]).get(commit.sha, ())
        return [change for change in changes if change.before != change.after]

    def _there(self, tip: str) -> _Blobs | None:
        try:
            return _Blobs(self._history, tip)
        except CouldNotLook:
            return None

    def _still(self, changes: Sequence[Change], tip: str) -> str | None:
        """A path that is at `tip` as some changes left it, or None."""
        there = self._there(tip) if changes else None
        if there is None:
            return None
        return next((change.path for change in changes if there.get(change.path) == change.after), None)

    def _by(self, commit: Commit, tip: str) -> list[Undone]:
        """Return the commits up to `tip` that take this one back, whatever became of them."""
        all_of_them = [
            *self._by_name(commit),
            *self._by_merge(commit, tip),
            *self._by_subject(commit, tip),
            *self._by_pull(commit),
            *self._by_likeness(commit, tip),
        ]
        there = self._history.reachable(tip, {item.by.sha for item in all_of_them})
        return [item for item in all_of_them if item.by.sha in there and item.by.sha != commit.sha]

    def _by_name(self, commit: Commit) -> Iterator[Undone]:
        for cited, commits in self._reverts.items():
            if commit.sha.startswith(cited):
                yield from self._judged(commits, commit)

    def _judged(self, commits: Iterable[Commit], commit: Commit) -> Iterator[Undone]:
        """A line in the list that a squash merge makes of its commits speaks of one of them, not of their sum."""
        for revert in commits:
            if _HEAD.match(revert.subject) or not _BULLET.search(revert.body):
                yield Undone(revert, sure=_plainly(revert.body, commit.sha))
                continue
            if self._may_touch(revert, commit):
                yield Undone(revert, sure=False)

    def _may_touch(self, revert: Commit, commit: Commit) -> bool:
        """Whether two commits change a path in common, or that cannot be seen."""
        changes = self._history.changes([revert.sha, commit.sha])
        paths = [{change.path for change in listed} for listed in changes.values()]
        return len(paths) < len({revert.sha, commit.sha}) or not paths[0].isdisjoint(paths[-1])

    def _by_merge(self, commit: Commit, tip: str) -> Iterator[Undone]:
        for sha, merge in self._cited().items():
            if len(merge.parents) < _MERGE or sha == commit.sha:
                continue
            for revert in self._reverts[sha]:
                told = _MAINLINE.search(revert.body)
                mainline = next((p for p in merge.parents if told and p.startswith(told[1].lower())), merge.parents[0])
                if self._brought(merge, mainline, commit):
                    yield Undone(revert, sure=_plainly(revert.body, sha))
        for merge, revert, numbered in self._merges_by_subject():
            if self._means_another(revert, merge, tip):
                continue
            if merge.sha == commit.sha:
                yield Undone(revert, sure=numbered and _reverting(revert))
            elif self._brought(merge, merge.parents[0], commit):
                yield Undone(revert, sure=False)

    def _brought(self, merge: Commit, mainline: str, commit: Commit) -> bool:
        if mainline not in self._history.commits([mainline]):
            return False
        brought = self._history.reachable(merge.sha, [commit.sha])
        return bool(brought) and not self._history.reachable(mainline, [commit.sha])

    def _merges_by_subject(self) -> list[tuple[Commit, Commit, bool]]:
        """The merges that a revert names by their subject or by their pull request (True), each with that revert."""
        if self._merges is not None:
            return self._merges
        wanted: dict[str, list[Commit]] = {name: list(reverts) for name, reverts in self._titles().titles.items()}
        for key, naming in self._by_number().items():
            reverts = [revert for revert, certain in naming if certain or _reverting(revert)]
            wanted.setdefault(f"Merge pull request {key}…", []).extend(reverts)
            wanted.setdefault(f"Merge pull request {key}", []).extend(reverts)
        named = {sha: {r.sha for r in self._reverts[sha]} for sha in self._cited()}
        found: dict[tuple[str, str], tuple[Commit, Commit, bool]] = {}
        for name, carriers in self._history.survey(wanted).subjects.items() if wanted else ():
            number = _PULL_MERGE.match(name)
            for merge in carriers:
                if len(merge.parents) < _MERGE:
                    continue
                actual = _PULL_MERGE.match(merge.subject)
                if number is not None and (actual is None or actual[1] != number[1]):
                    continue
                for revert in wanted[name]:
                    if revert.sha not in named.get(merge.sha, ()):  # which may say towards which side
                        by_number = number is not None and revert in self._naming(f"#{number[1]}")
                        found[merge.sha, revert.sha] = (merge, revert, by_number)
        self._merges = list(found.values())
        return self._merges

    def _titles(self) -> _Index:
        if self._index is None:
            self._index = _Index(self._every_revert())
        return self._index

    def _by_subject(self, commit: Commit, tip: str) -> Iterator[Undone]:
        for revert, title in self._titles().of(commit):
            if self._means_another(revert, commit, tip) or not self._after(revert, commit):
                continue
            if self._names_another(revert, pulls(commit.subject)):
                if self._may_touch(revert, commit):
                    yield Undone(revert, sure=False)
            elif title is None:
                yield Undone(revert, sure=False)
            elif not self._twins(commit, revert, title):
                yield Undone(revert, sure=True)
            elif self._may_touch(revert, commit):
                yield Undone(revert, sure=False)

    def _means_another(self, revert: Commit, commit: Commit, tip: str) -> bool:
        """Whether a revert names another commit by a SHA that is on the way to `tip`: then it is that one."""
        if self._telling is None:
            self._telling = {}
            for sha in self._cited():
                for teller in self._reverts[sha]:
                    self._telling.setdefault(teller.sha, set()).add(sha)
        told = self._telling.get(revert.sha, set())
        return commit.sha in told or bool(self._history.reachable(tip, told))

    def _by_pull(self, commit: Commit) -> Iterator[Undone]:
        for number in pulls(commit.subject):
            for revert, certain in self._by_number().get(number, ()):
                if revert.sha == commit.sha or not self._after(revert, commit):
                    continue
                if certain or self._may_touch(revert, commit):
                    yield Undone(revert, sure=_HEAD.match(revert.subject) is not None)

    def _by_number(self) -> Mapping[str, list[tuple[Commit, bool]]]:
        """The commits that say they revert a pull request, by its number; False: it may be of another repository."""
        if self._numbers is None:
            self._numbers = {}
            for key, reverts in self._reverts.items():
                repository, mark, number = key.partition("#")
                if not mark or (repository and self._repositories and repository not in self._repositories):
                    continue
                certain = not repository or bool(self._repositories)
                self._numbers.setdefault(f"#{number}", []).extend((revert, certain) for revert in reverts)
        return self._numbers

    def _naming(self, number: str) -> list[Commit]:
        return [revert for revert, _ in self._by_number().get(number, ())]

    def _of_whole(self, commit: Commit, pulled: Pulled, tip: str) -> Iterator[Undone]:
        """Yield what takes back the pull request that a commit is the merge of.

        Only what it changed tells how much of it a commit takes back that names no commit: where each path is again
        as it was before, or gone, there.
        """
        number = f"#{pulled.number}"
        told = {revert.sha: (revert, _reverting(revert)) for revert in self._naming(number)}
        for merge in self._every_revert():
            branch = REVERT_BRANCH.match(merge.subject)
            if branch is not None and branch[1] == str(pulled.number):
                told.setdefault(merge.sha, (merge, True))
        for title in (pulled.title, f"{plain(pulled.title)} ({number})"):
            for revert, exact in self._titles().of(commit._replace(subject=title)):
                if not self._names_another(revert, {number}) and not self._means_another(revert, commit, tip):
                    told.setdefault(revert.sha, (revert, exact is not None))
        there = self._history.reachable(tip, told)
        own = {commit.sha, *pulled.brought}
        paths = self._paths_of(commit, pulled) if told.keys() & there else None
        for revert, outright in told.values():
            if revert.sha in own or revert.sha not in there or not self._after(revert, commit):
                continue
            if paths is not None and not self._meets(revert, paths):
                continue
            effect = self._taken_away(revert, commit, pulled, paths or ())
            yield Undone(revert, sure=outright and bool(effect), whole=True, told=outright, effect=effect)

    def _names_another(self, revert: Commit, numbers: Collection[str]) -> bool:
        """Whether a revert says by its number that it is of another pull request than these."""
        if self._numbered is None:
            self._numbered = {}
            for key, naming in self._by_number().items():
                for teller, _ in naming:
                    self._numbered.setdefault(teller.sha, set()).add(key)
        told = self._numbered.get(revert.sha, set())
        return bool(told) and bool(numbers) and told.isdisjoint(numbers)

    def _paths_of(self, commit: Commit, pulled: Pulled) -> tuple[str, ...] | None:
        """The paths that a pull request changed, as far as that is known; None where its changes cannot be seen."""
        if pulled.paths is not None:
            return pulled.paths
        shas = {commit.sha, *(() if len(commit.parents) > 1 else pulled.brought)}
        changes = self._history.changes(shas)
        if len(changes) < len(shas):
            return None
        return tuple(dict.fromkeys(change.path for listed in changes.values() for change in listed))

    def _meets(self, revert: Commit, paths: Collection[str]) -> bool:
        """Whether a commit changes one of the paths, or that cannot be seen."""
        changes = self._history.changes([revert.sha]).get(revert.sha)
        return changes is None or any(change.path in paths for change in changes)

    def _taken_away(self, revert: Commit, commit: Commit, pulled: Pulled, paths: Collection[str]) -> tuple[Change, ...]:
        """What a pull request changed, if all of that is in a revert as it was before, or gone; else nothing."""
        after, then = self._there(commit.sha), self._there(revert.sha)
        for base in pulled.before:
            before = self._there(base)
            if before is None or after is None or then is None:
                continue
            effect = [Change(path, before.get(path), after.get(path)) for path in paths]
            # Where one of its paths did not change since, it began before that.
            if effect and all(
                change.before != change.after
                and (then.get(change.path) == change.before or (then.get(change.path) is None and change.after))
                for change in effect
            ):
                return tuple(effect)
        return ()

    def _every_revert(self) -> Sequence[Commit]:
        return self._history.survey([EVERY_REVERT]).subjects.get(EVERY_REVERT, ())

    def _by_likeness(self, commit: Commit, tip: str) -> Iterator[Undone]:
        """A revert that names a commit of another branch with this one's subject: of what was picked or squashed."""
        if self._named is None:
            self._named = {}
            for cited in self._cited().values():
                self._named.setdefault(_folded(plain(cited.subject)), []).append(cited)
        for cited in self._named.get(_folded(plain(commit.subject)), ()):
            if cited.sha == commit.sha or of_another_pull(cited.subject, commit.subject):
                continue
            if not self._history.reachable(tip, [cited.sha]):
                for item in self._judged(self._reverts[cited.sha], commit):
                    if self._after(item.by, commit) and self._may_touch(item.by, commit):
                        yield Undone(item.by, sure=False)

    def _twins(self, commit: Commit, revert: Commit, title: str) -> Collection[str]:
        """The other commits before a revert that its title names as well as this one."""
        own = manner(title, commit.subject) or Manner.DECORATED
        same = {
            other.sha
            for other in self._history.survey([title]).subjects.get(title, ())
            if other.sha != commit.sha and (manner(title, other.subject) or Manner.CUT) <= own
        }
        return self._history.reachable(revert.sha, same)

    def _cited(self) -> Mapping[str, Commit]:
        """The commits that some revert names by a SHA which is here."""
        if self._known is None:
            self._known = self._history.commits([sha for sha in self._reverts if len(sha) in _WHOLE])
        return self._known


class _Blobs:
    """The blobs of a revision by their paths."""

    def __init__(self, history: History, tip: str) -> None:
        self._tree = history.tree(tip)

    def get(self, path: str) -> str | None:
        entry = self._tree.get(path)
        return entry.blob if entry is not None else None


def _strongest(found: Iterable[Undone], outcome: Mapping[str, Undone | None]) -> Undone | None:
    live = []
    for item in found:
        undone = outcome.get(item.by.sha, item)  # one that waits for this very answer goes round in a circle
        if undone is None:
            live.append(item)
        elif not undone.sure:
            live.append(item._replace(sure=False))
    return next((item for item in live if item.sure), live[0] if live else None)
