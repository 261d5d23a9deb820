"""Why kith may differ from another server: each rule names its entry of docs/dialect.md.

A rule does not look away. It changes the other server's answer in exactly the way its entry
describes, asking that server again where it needs to know more; what is then still different is
not explained.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import dnsmsg
from harness import ROOT, Checks

DIALECT = ROOT / "docs/dialect.md"
NS, CNAME, SOA, DNAME, DS, RRSIG, ANY = (dnsmsg.TYPES[name] for name in ("NS", "CNAME", "SOA", "DNAME", "DS", "RRSIG", "ANY"))
ADDRESSES = (dnsmsg.TYPES["A"], dnsmsg.TYPES["AAAA"])
CHAIN_MAX = 20

# A record as Reply compares it: (owner in lower case, type, class, TTL, RDATA).
OWNER, TYPE, _CLASS, _TTL, RDATA = range(5)


@dataclass
class Answer:
    """An answer that rules may change."""
    rcode: str
    flags: frozenset
    answer: frozenset
    authority: frozenset
    additional: frozenset

    @staticmethod
    def of(reply: object) -> "Answer":
        return Answer(reply.rcode, reply.flags, *reply.sections)


@dataclass
class Context:
    question: object
    zone: object                     # the deepest one around the name; None: nobody here serves it
    apexes: list[tuple[bytes, ...]]  # of all zones, in lower case
    ask: Callable[[tuple[bytes, ...], str], object]  # asks the other server the same about another name
    entries: set[str] = field(default_factory=set)

    def apex_of(self, name: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
        inside = [apex for apex in self.apexes if is_under(name, apex)]
        return max(inside, key=len, default=None)


def is_under(name: tuple[bytes, ...], apex: tuple[bytes, ...]) -> bool:
    return not apex or name[-len(apex):] == apex


def target(record: tuple) -> tuple[bytes, ...]:
    """The name in the RDATA of NS, CNAME and DNAME, in lower case."""
    return tuple(label.lower() for label in dnsmsg.read_name(record[RDATA], 0)[0])


def explain(context: Context, mine: object, other: object) -> set[str] | None:
    """The entries that make `other` what kith said; None: they do not."""
    if mine.question != other.question or mine.has_edns != other.has_edns or mine.do != other.do:
        return None
    left, right = Answer.of(mine), Answer.of(other)
    for rule in (special_names, chains, any_type, signatures_asked_for, authority_of_positive_answers, ds_of_unsigned_zones,
                 addresses_of_other_zones):
        if left == right:
            break
        rule(context, left, right)
    return set(context.entries) if left == right else None


def special_names(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D20. names set aside by RFC 6761 are denied with authority, not refused."""
    if context.zone is not None or other.rcode != "REFUSED" or not is_under(lower(context.question.name), (b"test",)):
        return
    if mine.rcode in ("NXDOMAIN", "NOERROR") and "AA" in mine.flags and not mine.additional:
        shown = mine.answer | mine.authority
        if shown and all(is_under((b"test",), record[OWNER]) and record[TYPE] in (SOA, NS) for record in shown):
            other.rcode, other.flags, other.answer, other.authority = mine.rcode, mine.flags, mine.answer, mine.authority
            context.entries.add("D20")


def lower(name: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(label.lower() for label in name)


def chain_end(name: tuple[bytes, ...], records: frozenset) -> tuple[bytes, ...] | None:
    """Where the CNAMEs among `records` lead from `name`; None when they lead nowhere new or in a circle."""
    aliases = {record[OWNER]: target(record) for record in records if record[TYPE] == CNAME}
    seen = set()
    while name in aliases:
        if name in seen:
            return None
        seen.add(name)
        name = aliases[name]
    return name if seen else None


def chains(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D21. chains are followed into every zone served here, up to 16 steps. Others stop at
    the zone's end or after fewer steps; then they are asked for the rest, as a resolver would."""
    if context.question.rtype in ("CNAME", "ANY"):
        return
    for _ in range(CHAIN_MAX):
        end = chain_end(lower(context.question.name), other.answer)
        if end is None or not other.answer < mine.answer and (other.rcode, other.authority) == (mine.rcode, mine.authority):
            return
        if any(record[OWNER] == end for record in other.answer) or context.apex_of(end) is None:
            return
        rest = context.ask(end, context.question.rtype)
        if rest is None or rest.rcode == "REFUSED":
            return
        if (rest.sections[0] | other.answer, rest.rcode, rest.sections[1]) == (other.answer, other.rcode, other.authority):
            return
        other.answer |= rest.sections[0]
        other.rcode, other.authority = rest.rcode, rest.sections[1]
        other.additional = rest.sections[2]
        context.entries.add("D21")


def any_type(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D22. one of the sets at the name, and no additional data (RFC 8482 §4.1)."""
    if context.question.rtype != "ANY" or not mine.answer or not other.answer:
        return
    mine_sets = {(record[OWNER], record[TYPE]) for record in mine.answer}
    other_sets = {(record[OWNER], record[TYPE]) for record in other.answer}
    plain = [item for item in mine_sets if item[1] not in (CNAME, DNAME, RRSIG)]
    if len(plain) > 1 or mine.additional:
        return
    if not mine.answer <= other.answer:
        # The other server gives one set too, but another one: let it show ours.
        name = next(iter(mine_sets))[0]
        for owner, rtype in plain:
            shown = context.ask(owner, dnsmsg.TYPE_NAMES.get(rtype, rtype))
            if shown is None or {record for record in shown.sections[0] if record[TYPE] == rtype} != {
                    record for record in mine.answer if record[TYPE] == rtype}:
                return
        if len(other_sets) > 1 and name:
            return
    other.answer, other.additional = mine.answer, mine.additional
    context.entries.add("D22")


def signatures_asked_for(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D62. asked for RRSIG, all signatures of a name are given, not one of them."""
    missing = mine.answer - other.answer
    owners = {record[OWNER] for record in other.answer if record[TYPE] == RRSIG}
    if context.question.rtype != "RRSIG" or not missing or not other.answer <= mine.answer:
        return
    if all(record[TYPE] == RRSIG and record[OWNER] in owners for record in missing):
        other.answer = mine.answer
        context.entries.add("D62")


def authority_of_positive_answers(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D23. the zone's NS set is not added to answers that do not need it."""
    extra = frozenset(record for record in other.authority - mine.authority
                      if record[TYPE] in (NS, RRSIG) and record[OWNER] in context.apexes)
    if not extra or not other.answer:
        return
    hosts = {target(record) for record in extra if record[TYPE] == NS}
    addresses = {record for record in other.additional - mine.additional if record[OWNER] in hosts and record[TYPE] in (*ADDRESSES, RRSIG)}
    other.authority -= extra
    other.additional -= addresses
    context.entries.add("D23")


def ds_of_unsigned_zones(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D24. a referral to a client that sets DO has the DS set, in zones that are not signed too."""
    extra = mine.authority - other.authority
    cuts = {record[OWNER] for record in other.authority if record[TYPE] == NS}
    if not extra or not context.question.do or any(record[TYPE] != DS or record[OWNER] not in cuts for record in extra):
        return
    shown = context.ask(next(iter(extra))[OWNER], "DS")
    if shown is not None and shown.sections[0] == extra:
        other.authority |= extra
        context.entries.add("D24")


def addresses_of_other_zones(context: Context, mine: Answer, other: Answer) -> None:
    """dialect: D25. hosts that an answer names have their addresses added from every zone served
    here, not only from the zone of the question."""
    zone = context.apex_of(lower(context.question.name))
    for record in mine.additional - other.additional:
        if record[TYPE] not in ADDRESSES or context.apex_of(record[OWNER]) in (zone, None):
            continue
        shown = context.ask(record[OWNER], record[TYPE])
        if shown is not None and record in shown.sections[0]:
            other.additional |= {record}
            context.entries.add("D25")


def documented() -> set[str]:
    text = DIALECT.read_text() if DIALECT.exists() else ""
    return set(re.findall(r"^### (D\d+) ", text, re.M))


def check_documented(checks: Checks, used: set[str]) -> None:
    """Every entry that a rule names stands in docs/dialect.md."""
    named = set(re.findall(r'entries\.add\("(D\d+)"\)', (ROOT / "tests/interop/rules.py").read_text()))
    for entry in sorted(named | used):
        checks.check(f"docs/dialect.md has the entry {entry}", entry in documented())
