"""The tables of central. Plain columns and constraints that SQLite and PostgreSQL share.

Times end in ``_ms`` (milliseconds since 1970, UTC): the device's in ``wall_ms``, the gateway's in
``gateway_received_ms``, central's own in ``received_ms``. A rating that no device signed has in ``wall_ms`` when it was
given as its channel says. None is ever rewritten. Facts are only added; what changes is
``heads``, ``devices.window`` and the standing (``status``, ``case_no`` …) of a rating, all of which follow from the
facts, and where a ``handlings`` row stands in the loop, whose facts are its ``deeds``.
"""

from enum import StrEnum

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    true,
)

from central.core.audit_chain import Kind
from central.core.rating import Binding, Channel, Level, Origin, Status
from central.core.regions import OrgKind, Tier
from central.core.roles import Role, Scope
from central.database import append_only

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives an integer primary key its row id only if the type is exactly INTEGER
_Id = BigInteger().with_variant(Integer, "sqlite")


def _named(kind: type[StrEnum], name: str) -> Enum:
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


events = Table(
    "events",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("type", String(40), nullable=False),
    Column("content", String(64), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

conflicts = Table(
    "conflicts",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("content", String(64), primary_key=True),
    Column("type", String(40), nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("device", String(20), primary_key=True),
    Column("hall", String(20), nullable=False, index=True),
    Column("key", LargeBinary, nullable=False),
    Column("key_fingerprint", String(64), nullable=False),
    Column("window", String(64)),
    Column("pinned_ms", BigInteger, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("device", ForeignKey("devices.device"), nullable=False, index=True),
    Column("pem", Text, nullable=False),
    Column("window", String(64)),
    Column("received_ms", BigInteger, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("device", ForeignKey("devices.device"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("prev", LargeBinary(16), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("body", LargeBinary(512), nullable=False),
    Column("arrived", String(10), nullable=False),
    Column("gateway_received_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("device", "seq"),
    CheckConstraint("arrived in ('linked', 'early')", name="arrived"),
    # an id that was read is never given again, even after the record it named went into quarantine
    sqlite_autoincrement=True,
)

rotations = Table(
    "rotations",
    metadata,
    Column("device", ForeignKey("devices.device"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("key", String(24), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

heads = Table(
    "heads",
    metadata,
    Column("device", ForeignKey("devices.device"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(16)),
    Column("top", BigInteger, nullable=False),
)

losses = Table(
    "losses",
    metadata,
    Column("device", ForeignKey("devices.device"), primary_key=True),
    Column("declared_by", BigInteger, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("verdict", String(10), nullable=False),
    Column("device", ForeignKey("devices.device"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("body", LargeBinary(512), nullable=False),
    Column("event", LargeBinary),
    Column("gateway_received_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("device", "seq", "hash", "verdict"),
    CheckConstraint("verdict in ('broken', 'conflict')", name="verdict"),
)

cases = Table(
    "cases",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("case_no", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("item_code", String(64)),
    Column("item_name", String(200)),
    Column("status", String(20), nullable=False),
    Column("accepted_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("case_no", String(64), primary_key=True),
    Column("service_no", Integer, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("window", String(64)),
    Column("staff", String(64)),
    Column("called_ms", BigInteger),
    Column("served_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("status", String(20), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("applicant_kind", String(10)),
    Index("ix_services_staff", "hall", "staff", "window"),
)

# Who is to be called back after a service (spec 9.6), sealed; ``key`` None: by the business system, for somebody else.
# ``blob`` goes when its time is over (``erased_ms``); that there was a name stays.
identities = Table(
    "identities",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("case_no", String(64), primary_key=True),
    Column("service_no", Integer, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("has_phone", Boolean, nullable=False),
    Column("key", String(16)),
    Column("blob", LargeBinary),
    Column("received_ms", BigInteger, nullable=False),
    Column("erased_ms", BigInteger),
    CheckConstraint("(blob is null) = (erased_ms is not null)", name="erased"),
    Index("ix_identities_kept", "erased_ms", "received_ms"),
)

bindings = Table(
    "bindings",
    metadata,
    # no foreign key to the rating: a decision may come first
    Column("device", ForeignKey("devices.device"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("status", _named(Binding, "binding"), nullable=False),
    Column("case_no", String(64)),
    Column("service_no", Integer),
    Column("staff", String(64)),
    Column("window", String(64)),
    Column("rule", String(20), nullable=False),
    Column("error_ms", BigInteger),
    Column("candidates", JSON, nullable=False),
    Column("decided_ms", BigInteger, nullable=False),
    Column("content", String(64), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("evidence", JSON(none_as_null=True)),
)

# Without a device a rating has no place in a chain, and is named by its origin and a key of its own.
ratings = Table(
    "ratings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hall", String(20), nullable=False),
    Column("origin", _named(Origin, "origin"), nullable=False),
    Column("channel", _named(Channel, "channel"), nullable=False),
    Column("device", String(20)),
    Column("seq", BigInteger),
    Column("key", String(120)),
    Column("level", _named(Level, "level"), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("text", Text),
    Column("reason_missing", Boolean, nullable=False, server_default=false()),
    Column("indicators", BigInteger),
    Column("policy_version", BigInteger),
    Column("rater", String(64)),
    Column("token", LargeBinary(8)),
    Column("flags", Integer),
    Column("boot", BigInteger),
    Column("uptime_ms", BigInteger),
    Column("wall_ms", BigInteger),
    Column("error_ms", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
    Column("status", _named(Status, "status"), nullable=False),
    Column("binding_number", Integer),
    Column("case_no", String(64)),
    Column("service_no", Integer),
    Column("counted_ms", BigInteger),
    Column("adopted", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("device", "seq"),
    UniqueConstraint("hall", "origin", "key"),
    ForeignKeyConstraint(["device", "seq"], ["records.device", "records.seq"]),
    CheckConstraint("(status = 'counted') = (counted_ms is not null)", name="counted"),
    CheckConstraint(
        "(origin = 'citizen_device') = (device is not null) and (device is null) = (seq is null) "
        "and (device is null) = (key is not null)",
        name="named",
    ),
    Index("ix_ratings_service", "hall", "case_no", "service_no"),
    # the origin stands last: the newest that count are read without the defaults among them
    Index("ix_ratings_standing", "hall", "status", "counted_ms", "origin"),
    Index("ix_ratings_rater", "rater"),
    sqlite_autoincrement=True,
)

# One citizen, one service, one counted rating: the database itself refuses a second, whoever races.
_one = (ratings.c.status == Status.COUNTED) & (ratings.c.origin != Origin.DEFAULT)
Index(
    "uq_ratings_counted",
    ratings.c.hall,
    ratings.c.case_no,
    ratings.c.service_no,
    unique=True,
    sqlite_where=_one,
    postgresql_where=_one,
)

# And silence counts once, whatever becomes of it.
_silence = ratings.c.origin == Origin.DEFAULT
Index(
    "uq_ratings_default",
    ratings.c.hall,
    ratings.c.case_no,
    ratings.c.service_no,
    unique=True,
    sqlite_where=_silence,
    postgresql_where=_silence,
)

# What flows down to halls (spec 9.4). A number is given once, its content never changes; no hall means all.
corrections = Table(
    "corrections",
    metadata,
    Column("number", _Id, primary_key=True),
    Column("hall", String(20), index=True),
    Column("kind", String(20), nullable=False),
    Column("data", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hall", String(20), nullable=False),
    Column("about", String(200), nullable=False),
    Column("code", String(64), nullable=False),
    Column("origin", String(10), nullable=False),
    Column("device", Text),
    Column("seq", BigInteger),
    Column("at_ms", BigInteger),
    Column("detail", Text, nullable=False),
    Column("body", LargeBinary(512)),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("hall", "about", "code"),
)

# The policies that were ever in force here, whole: a bad rating is handled to its end by the rules it came under.
policies = Table(
    "policies",
    metadata,
    Column("version", String(16), primary_key=True),
    Column("policy", String(40), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("handed_down", BigInteger, nullable=False),
    Column("content", JSON, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

# A bad rating in the loop 差评处置件. ``body`` is the whole of it (`core.handling_json`); the columns repeat what lists
# are sorted and searched by. No foreign key to the rating: one that turns out to be forged is taken out, this stays.
handlings = Table(
    "handlings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("rating", BigInteger, nullable=False, unique=True),
    Column("hall", String(20), nullable=False),
    Column("case_no", String(64)),
    Column("service_no", Integer),
    Column("window", String(64)),
    Column("org", String(64), nullable=False),
    Column("staff", String(64)),
    Column("policy_version", ForeignKey("policies.version"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("owner", String(20)),
    Column("due_ms", BigInteger),
    Column("due_timer", String(60)),
    Column("opened_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("told_ms", BigInteger),
    Column("confirmed_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("adopted", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_handlings_queue", "org", "state", "due_ms"),
    Index("ix_handlings_due", "state", "due_ms"),
    Index("ix_handlings_service", "hall", "case_no"),
    Index("ix_handlings_staff", "hall", "staff", "confirmed_ms"),
    sqlite_autoincrement=True,
)

# Who is rated, or had a part in the 办件, or was ever thought to: from these the handling stays hidden for ever.
kept_out = Table(
    "kept_out",
    metadata,
    Column("handling", ForeignKey("handlings.id"), primary_key=True),
    Column("person", String(100), primary_key=True),
)

# A limit that was started. One that was stopped keeps its row: it explains what was owed when.
timers = Table(
    "timers",
    metadata,
    Column("handling", ForeignKey("handlings.id"), primary_key=True),
    Column("timer", String(60), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("due_ms", BigInteger, nullable=False),
    Column("fires", String(20), nullable=False),
    Column("deadline", JSON(none_as_null=True)),
    Column("provisional", Boolean, nullable=False),
    Column("fired_ms", BigInteger),
    Column("stopped_ms", BigInteger),
    Index("ix_timers_due", "stopped_ms", "fired_ms", "due_ms"),
)

# What was done, by whom, in which words; ``said`` is the content of the deed. ``request`` names an attempt: the same
# one again is answered, not done again.
deeds = Table(
    "deeds",
    metadata,
    Column("handling", ForeignKey("handlings.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("action", String(20), nullable=False),
    Column("party", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("org", String(64), nullable=False),
    Column("before", String(20)),
    Column("after", String(20), nullable=False),
    Column("words", Text, nullable=False),
    Column("said", JSON, nullable=False),
    Column("request", String(64)),
    UniqueConstraint("handling", "request"),
)

# Who is to be told what. Its text is made when it is sent; none says which star it was.
notices = Table(
    "notices",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("handling", ForeignKey("handlings.id"), nullable=False, index=True),
    Column("party", String(20), nullable=False),
    Column("about", String(20), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    sqlite_autoincrement=True,
)

# Who had an identity opened, or was refused, and why: written before anything opens, never edited.
reveals = Table(
    "reveals",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("handling", ForeignKey("handlings.id"), nullable=False, index=True),
    Column("account", String(64), nullable=False),
    Column("org", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_reveals_account", "account", "at_ms"),
    sqlite_autoincrement=True,
)

# That a citizen agreed to have the identity given to somebody else (未经当事人同意不得提供给第三方).
consents = Table(
    "consents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hall", String(20), nullable=False),
    Column("case_no", String(64), nullable=False),
    Column("service_no", Integer, nullable=False),
    Column("recipient", String(200), nullable=False),
    Column("scope", JSON, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("given_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("withdrawn_ms", BigInteger),
    Index("ix_consents_service", "hall", "case_no", "service_no"),
    sqlite_autoincrement=True,
)

# Who there is: the tree of regions, institutions with their windows, those who serve there and those who sign in here.
regions = Table(
    "regions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("parent", ForeignKey("regions.id"), index=True),
    Column("tier", _named(Tier, "tier"), nullable=False),
)

# ``contact``, ``leader`` and ``collector``: the persons that MOT 第六条, JX 四(一) and JX 三(一) ask for, by name.
orgs = Table(
    "orgs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("kind", _named(OrgKind, "kind"), nullable=False),
    Column("region", ForeignKey("regions.id"), nullable=False, index=True),
    Column("contact", String(100)),
    Column("leader", String(100)),
    Column("collector", String(100)),
    Column("active", Boolean, nullable=False),
)

# Where a hall of ``halls.toml`` stands, and which institution runs it.
places = Table(
    "places",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("region", ForeignKey("regions.id"), nullable=False, index=True),
    Column("org", ForeignKey("orgs.id"), nullable=False),
)

# A window of an institution in another's hall (驻厅部门). Without a row it is of the institution that runs the hall.
windows = Table(
    "windows",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("window", String(64), primary_key=True),
    Column("org", ForeignKey("orgs.id"), nullable=False),
    Column("active", Boolean, nullable=False),
)

# ``secret``: the password as `passwords` keeps it. ``must_change``: it was given by somebody else. Rows stay for ever.
accounts = Table(
    "accounts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("org", String(40), nullable=False, index=True),
    Column("secret", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

# Who stands behind a 工号. No account: the person does not sign in here.
staff = Table(
    "staff",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("staff", String(64), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("account", ForeignKey("accounts.id"), index=True),
)

# A role for a part. It ends at ``until_ms``; a row is never taken away.
grants = Table(
    "grants",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("role", _named(Role, "role"), nullable=False),
    Column("scope", _named(Scope, "scope"), nullable=False),
    Column("part", String(40), nullable=False),
    Column("granted_by", String(100), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Index("ix_grants_part", "role", "part"),
    sqlite_autoincrement=True,
)

# Only the hash of a session's token is here.
sessions = Table(
    "sessions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

# Failed sign-ins since the last good one. ``subject``: the hash of an account's name or an address.
failures = Table(
    "failures",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)

# The audit: one chain of everything that was written and every sealed thing that was read (`core.audit_chain`).
audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("kind", _named(Kind, "kind"), nullable=False),
    Column("about", String(200), nullable=False),
    Column("words", Text, nullable=False),
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
)
for _statement, _dialect in append_only("audit"):
    event.listen(audit, "after_create", DDL(_statement).execute_if(dialect=_dialect))

# What a citizen added to a rating 追评: once for a rating, beside it, and the rating stays as it was. No foreign key:
# a rating that turns out to be forged is taken out, this stays.
supplements = Table(
    "supplements",
    metadata,
    Column("rating", BigInteger, primary_key=True, autoincrement=False),
    Column("hall", String(20), nullable=False),
    Column("key", String(120), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("text", Text),
    Column("given_ms", BigInteger, nullable=False),
    UniqueConstraint("hall", "key"),
)

# A paper form 书面评价表格 as one person typed it from its scan, and what another found who looked at both.
paper_forms = Table(
    "paper_forms",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hall", String(20), nullable=False),
    Column("form_no", String(64), nullable=False),
    Column("case_no", String(64), nullable=False),
    Column("service_no", Integer, nullable=False),
    Column("level", _named(Level, "level"), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("text", Text),
    Column("filled_in_ms", BigInteger, nullable=False),
    Column("scan", String(64), nullable=False),
    Column("entered_by", String(64), nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("checked_by", String(64)),
    Column("checked_ms", BigInteger),
    Column("remark", Text),
    Column("rating", BigInteger),
    CheckConstraint("state in ('entered', 'accepted', 'rejected')", name="state"),
    CheckConstraint("(state = 'entered') = (checked_by is null)", name="checked"),
    CheckConstraint("checked_by is null or checked_by <> entered_by", name="two_people"),
    CheckConstraint("(state = 'accepted') = (rating is not null)", name="rated"),
    sqlite_autoincrement=True,
)

# One form is entered once; a new attempt after a rejection is another row.
_standing = paper_forms.c.state != "rejected"
Index(
    "uq_paper_forms_standing",
    paper_forms.c.hall,
    paper_forms.c.form_no,
    unique=True,
    sqlite_where=_standing,
    postgresql_where=_standing,
)

# Services that wait to be rated by default. It follows from the facts and is brought in line with them (`defaults`).
default_terms = Table(
    "default_terms",
    metadata,
    Column("hall", String(20), primary_key=True),
    Column("case_no", String(64), primary_key=True),
    Column("service_no", Integer, primary_key=True),
    Column("start_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("deadline", JSON, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("awaited", Boolean, nullable=False),
    Index("ix_default_terms_due", "awaited", "due_ms"),
)

# The hall as a whole 总体建设管理: one a day for a person, who is a keyed hash here. Never among the ratings.
centre_ratings = Table(
    "centre_ratings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hall", String(20), nullable=False),
    Column("rater", String(64), nullable=False),
    Column("day", String(10), nullable=False),
    Column("key", String(120), nullable=False),
    Column("channel", _named(Channel, "channel"), nullable=False),
    Column("level", _named(Level, "level"), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("text", Text),
    Column("policy_version", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("hall", "rater", "day"),
    UniqueConstraint("hall", "key"),
    sqlite_autoincrement=True,
)

# Comprehensive feedback 综合评价 from opinion box, hotline, e-mail and so on: about no service, in no rate.
feedback = Table(
    "feedback",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hall", String(20), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("key", String(120), nullable=False),
    Column("level", _named(Level, "level")),
    Column("text", Text, nullable=False),
    Column("given_ms", BigInteger, nullable=False),
    Column("entered_by", String(64), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("hall", "channel", "key"),
    sqlite_autoincrement=True,
)

# 恶意评价人员信息库 (`core.malicious`). ``body`` is the whole entry; the columns are what ratings are looked up by.
rater_entries = Table(
    "rater_entries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("rater", String(64), nullable=False, index=True),
    Column("from_ms", BigInteger),
    Column("until_ms", BigInteger, nullable=False),
    Column("removed_ms", BigInteger),
    Column("body", JSON, nullable=False),
    sqlite_autoincrement=True,
)

# Every step of an entry, never edited.
rater_steps = Table(
    "rater_steps",
    metadata,
    Column("entry", ForeignKey("rater_entries.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("person", String(64), nullable=False),
    Column("step", String(20), nullable=False),
    Column("words", Text, nullable=False),
)
