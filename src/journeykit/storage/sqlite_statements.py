"""
The SQL of `journeykit.storage.sqlite`: migrations, and one named constant for each statement.

Statements that work on many rows take one JSON array and walk it first (``cross join`` keeps SQLite from turning that around);
``j.key`` is the place in the array. A test reads the query plan of every constant, so none may scan a table.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """create table journeykit_customers(
            id text primary key, revision integer not null, accepted_at integer not null, facts text not null, moments text, next_due integer
        ) without rowid""",
        "create index journeykit_customers_due on journeykit_customers(next_due) where next_due is not null",
        """create table journeykit_enrollments(
            customer text not null, journey text not null, key text not null, number integer not null, definition text not null,
            position integer not null, status text not null, step text not null, visit integer not null, entered_at integer not null,
            ended_at integer, next_due integer, body text not null, primary key(customer, journey, key)
        ) without rowid""",
        "create index journeykit_enrollments_due on journeykit_enrollments(next_due) where next_due is not null",
        """create table journeykit_events(
            customer text not null, id text not null, seq integer, accepted_at integer not null, occurred_at integer not null,
            name text not null, properties text not null, source text not null, state text not null, arrival integer not null,
            primary key(customer, id)
        ) without rowid""",
        "create index journeykit_events_mailbox on journeykit_events(customer, arrival) where state = 'pending'",
        "create index journeykit_events_waiting on journeykit_events(accepted_at) where state = 'pending'",
        """create table journeykit_history(
            customer text not null, seq integer not null, place integer not null, at integer not null, kind text not null,
            journey text not null, key text not null, number integer not null, source text, target text, cause text not null,
            reason text, timers text not null, primary key(customer, seq, place)
        ) without rowid""",
        """create table journeykit_outbox(
            id integer primary key, customer text not null, journey text not null, key text not null, number integer not null,
            seq integer not null, place integer not null, action text not null, parameters text not null, at integer not null,
            message text not null, expires_at integer, owner text, listens integer not null, due_at integer not null,
            state text not null, attempts integer not null default 0, reason text, token text
        )""",
        "create index journeykit_outbox_due on journeykit_outbox(due_at) where state = 'open'",
        "create index journeykit_outbox_customer on journeykit_outbox(customer)",
        "create index journeykit_outbox_ended on journeykit_outbox(state) where state in ('dead', 'dropped', 'imported')",
        "create table journeykit_definitions(hash text primary key, journey text not null, text text not null) without rowid",
        'create table journeykit_quotas(name text primary key, taken integer not null, "limit" integer) without rowid',
        "create table journeykit_aliases(id text primary key, customer text not null) without rowid",
    ),
    ("alter table journeykit_outbox add column answers text", "alter table journeykit_outbox add column begun integer"),
)
# What only grows is kept in the order in which it comes, its keys in an index beside it. Were it ordered by customer, like the first
# versions, each row of a batch would fall on a page of its own, to be written whole.
LOGS = (
    "alter table journeykit_events rename to journeykit_events_by_customer",
    """create table journeykit_events(
        customer text not null, id text not null, seq integer, accepted_at integer not null, occurred_at integer not null,
        name text not null, properties text not null, source text not null, state text not null, arrival integer not null,
        primary key(customer, id)
    )""",
    "insert into journeykit_events select * from journeykit_events_by_customer order by accepted_at",
    "drop table journeykit_events_by_customer",
    "create index journeykit_events_mailbox on journeykit_events(customer, arrival) where state = 'pending'",
    "create index journeykit_events_waiting on journeykit_events(accepted_at, customer) where state = 'pending'",
    "alter table journeykit_history rename to journeykit_history_by_customer",
    """create table journeykit_history(
        customer text not null, seq integer not null, place integer not null, at integer not null, kind text not null,
        journey text not null, key text not null, number integer not null, source text, target text, cause text not null,
        reason text, timers text not null, primary key(customer, seq, place)
    )""",
    "insert into journeykit_history select * from journeykit_history_by_customer order by at",
    "drop table journeykit_history_by_customer",
    "drop index journeykit_outbox_ended",  # to look for a state in a list costs each new message more than its row
    "create index journeykit_outbox_ended on journeykit_outbox(state) where state <> 'open' and state <> 'performed'",
)
# Whom a cap counts together, and what stands still.
PAUSES = (
    "alter table journeykit_outbox add column household text",
    "create index journeykit_outbox_household on journeykit_outbox(household) where household is not null",
    """create table journeykit_pauses(
        number integer primary key, journey text, step text, action text, still integer not null, begun_at integer not null, ended_at integer
    )""",
)
SCHEMA_TABLE = "create table if not exists journeykit_schema(version integer not null)"
SCHEMA_VERSION = "select max(version) from journeykit_schema"
SCHEMA_STEP = "insert into journeykit_schema values(?)"

# writing

INSERT_MAIL = """insert into journeykit_events(customer, id, accepted_at, occurred_at, name, properties, source, state, arrival)
    values(coalesce((select customer from journeykit_aliases where id = ?1), ?1), ?2, ?3, ?4, ?5, ?6, ?7, 'pending',
        (select coalesce(max(arrival), 0) + 1 from journeykit_events
            where customer = coalesce((select customer from journeykit_aliases where id = ?8), ?8) and state = 'pending'))
    on conflict do nothing"""
INSERT_CUSTOMER = """insert into journeykit_customers(id, revision, accepted_at, facts, moments, next_due)
    values(?, ?, ?, ?, ?, ?) on conflict do nothing"""
UPDATE_CUSTOMER = "update journeykit_customers set revision = ?, accepted_at = ? where id = ? and revision = ?"
UPDATE_FACTS = "update journeykit_customers set revision = ?, accepted_at = ?, facts = ? where id = ? and revision = ?"
UPDATE_MOMENTS = "update journeykit_customers set revision = ?, accepted_at = ?, moments = ?, next_due = ? where id = ? and revision = ?"
UPDATE_BOTH = """update journeykit_customers set revision = ?, accepted_at = ?, facts = ?, moments = ?, next_due = ?
    where id = ? and revision = ?"""
UPSERT_ENROLLMENT = """insert into journeykit_enrollments values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict(customer, journey, key) do update set number = excluded.number, definition = excluded.definition,
    position = excluded.position, status = excluded.status, step = excluded.step, visit = excluded.visit,
    entered_at = excluded.entered_at, ended_at = excluded.ended_at, next_due = excluded.next_due, body = excluded.body"""
UPDATE_ENROLLMENT = """update journeykit_enrollments set number = ?4, definition = ?5, position = ?6, status = ?7, step = ?8, visit = ?9,
    entered_at = ?10, ended_at = ?11, next_due = ?12, body = ?13 where customer = ?1 and journey = ?2 and key = ?3"""
UPDATE_INSIDE = """update journeykit_enrollments set number = ?4, definition = ?5, position = ?6, status = ?7, step = ?8, visit = ?9,
    entered_at = ?10, ended_at = null, next_due = ?11, body = ?12 where customer = ?1 and journey = ?2 and key = ?3"""
DELETE_ENROLLMENT = "delete from journeykit_enrollments where customer = ? and journey = ? and key = ?"
INSERT_EVENT = """insert into journeykit_events values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict(customer, id) do update set seq = excluded.seq, accepted_at = excluded.accepted_at, occurred_at = excluded.occurred_at,
    name = excluded.name, properties = excluded.properties, source = excluded.source, state = excluded.state, arrival = excluded.arrival
    where journeykit_events.state <> 'decided'"""
INSERT_FRESH_EVENT = "insert into journeykit_events values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
IS_PENDING = "select 1 from journeykit_events where customer = ? and id = ? and state = 'pending'"
INSERT_HISTORY = "insert into journeykit_history values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_MESSAGE = """insert into journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message,
    expires_at, owner, listens, household, origin, state, due_at) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_PLAIN_MESSAGE = """insert into journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message,
    expires_at, listens, state, due_at) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"""
INSERT_LASTING_MESSAGE = """insert into journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message,
    listens, state, due_at) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"""
INSERT_DEFINITION = "insert into journeykit_definitions values(?, ?, ?) on conflict do nothing"
SELECT_QUOTA = "select taken from journeykit_quotas where name = ?"
TAKE_QUOTA = """insert into journeykit_quotas(name, taken, "limit") values(?, ?, ?)
    on conflict(name) do update set "limit" = excluded."limit", taken = taken + excluded.taken"""

# loading

_ENROLLMENT = "e.journey, e.key, e.number, e.definition, e.position, e.status, e.step, e.visit, e.entered_at, e.ended_at, e.body"
_EVENT = "e.customer, e.id, e.seq, e.accepted_at, e.occurred_at, e.name, e.properties, e.source, e.state, e.arrival"
_NOTHING = "null, null, null, null, null, null"  #: as many columns as an event has fewer
LOAD_CUSTOMERS = """select j.key, c.revision, c.accepted_at, c.facts, c.moments, c.next_due
    from json_each(?) j cross join journeykit_customers c on c.id = j.value"""
LOAD_CLOCK = f"""select j.key, c.revision, c.accepted_at, c.facts, c.moments, c.next_due, {_ENROLLMENT}
    from json_each(?) j cross join journeykit_customers c on c.id = j.value
    left join journeykit_enrollments e on e.customer = c.id and +e.next_due < ?"""
#: All that one event by itself needs, in one statement, which is a transaction by itself: the customer with enrollments, mail, the event.
LOAD_ONE = f"""select 0, c.revision, c.accepted_at, c.facts, c.moments, c.next_due, {_ENROLLMENT}
    from journeykit_customers c left join journeykit_enrollments e on e.customer = c.id
        and ((e.journey = ?2 and (e.ended_at is null or e.next_due is not null)) or +e.next_due < ?3)
    where c.id = ?1
    union all select 1, {_EVENT}, {_NOTHING} from journeykit_events e indexed by journeykit_events_mailbox where e.customer = ?1
    and e.state = 'pending'
    and e.arrival < ?5 + (select min(m.arrival) from journeykit_events m where m.customer = ?1 and m.state = 'pending')
    union all select 2, {_EVENT}, {_NOTHING} from journeykit_events e where e.customer = ?1 and e.id = ?4"""
LOAD_DUE = f"""select j.key, {_ENROLLMENT}, e.next_due
    from json_each(?) j cross join journeykit_enrollments e on e.customer = j.value and +e.next_due < ?"""
LOAD_ALL = f"select j.key, {_ENROLLMENT} from json_each(?) j cross join journeykit_enrollments e on e.customer = j.value"
LOAD_ACTIVE = f"""select j.key, {_ENROLLMENT} from json_each(?) j
    cross join journeykit_enrollments e on e.customer = j.value->>0 and e.journey = j.value->>1 and (e.ended_at is null or e.next_due is not null)"""
LOAD_JOURNEY = f"""select j.key, {_ENROLLMENT} from json_each(?) j
    cross join journeykit_enrollments e on e.customer = j.value->>0 and e.journey = j.value->>1"""
LOAD_KEY = f"""select j.key, {_ENROLLMENT} from json_each(?) j
    cross join journeykit_enrollments e on e.customer = j.value->>0 and e.journey = j.value->>1 and e.key = j.value->>2"""
LOAD_PENDING = f"""select j.key, {_EVENT} from json_each(?) j
    cross join journeykit_events e indexed by journeykit_events_mailbox on e.customer = j.value and e.state = 'pending'
    and e.arrival < ? + (select min(m.arrival) from journeykit_events m where m.customer = j.value and m.state = 'pending')"""
ANY_PENDING = "select 1 from journeykit_events indexed by journeykit_events_waiting where state = 'pending' and accepted_at > -9223372036854775807 limit 1"
LOAD_SEEN = """select j.key, e.id from json_each(?) j
    cross join journeykit_events e on e.customer = j.value->>0 and e.id = j.value->>1"""
FIND_DECIDED = LOAD_SEEN + " and e.state = 'decided'"

# what is due

NEXT_DUE = """select
    (select min(next_due) + 1 from journeykit_customers where next_due is not null),
    (select min(accepted_at) from journeykit_events where state = 'pending')"""

# pauses

INSERT_PAUSE = "insert into journeykit_pauses(journey, step, action, still, begun_at, ended_at) values(?, ?, ?, ?, ?, ?)"
END_PAUSE = "update journeykit_pauses set ended_at = ? where number = ? and ended_at is null"
READ_PAUSE = "select number, journey, step, action, still, begun_at, ended_at from journeykit_pauses where number = ?"
READ_PAUSES = "select number, journey, step, action, still, begun_at, ended_at from journeykit_pauses order by number"
BRING_UP_MESSAGES = """update journeykit_outbox indexed by journeykit_outbox_line set due_at = ?
    where state = 'open' and due_at > ? and token is null and reason = ?"""

# the outbox

_MESSAGE = "customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens, household, origin"
_LINE = "from journeykit_outbox indexed by journeykit_outbox_line where state = 'open'"
NEXT_LINE = f"select journey, action {_LINE} and (journey, action) > (?, ?) order by journey, action limit 1"
FIRST_OF_LINE = f"select min(due_at) {_LINE} and journey = ? and action = ?"
CLAIM_LINE = f"select due_at, token is not null, id, attempts, {_MESSAGE}, begun {_LINE} and journey = ? and action = ? and due_at <= ? order by due_at, id limit ?"
COUNT_LINE = f"select count(*), min(due_at) {_LINE} and journey = ? and action = ? and due_at <= ?"
LEASE_MESSAGE = "update journeykit_outbox set token = ?, due_at = ?, attempts = attempts + 1 where id = ?"
_OF_CUSTOMERS = "from json_each(?) j cross join journeykit_outbox o indexed by journeykit_outbox_customer on o.customer = j.value"
_OF_HOUSEHOLDS = "from json_each(?) j cross join journeykit_outbox o indexed by journeykit_outbox_household on o.household = j.value"
_COMPANIONS = f"""select o.token is not null, o.id, o.attempts, {", ".join(f"o.{name}" for name in _MESSAGE.split(", "))}, o.begun
    %s where o.state = 'open' and o.message = 'marketing' and o.token is null and o.due_at <= ? order by j.key, o.due_at, o.id"""
READ_COMPANIONS = _COMPANIONS % _OF_CUSTOMERS
READ_HOUSEMATES = _COMPANIONS % _OF_HOUSEHOLDS
_SENT = """select o.customer, o.household, o.id, o.action,
        case json_type(o.parameters, '$.topic') when 'text' then o.parameters->>'$.topic' end,
        case o.state when 'open' then null else o.due_at end
    %s where o.message = 'marketing' and ((o.state = 'open' and (o.begun is not null or (o.token is not null and o.due_at > ?)))
        or (o.due_at > ? and (o.state in ('performed', 'imported') or (o.state <> 'open' and o.begun is not null))))
    order by o.id"""
READ_SENT = _SENT % _OF_CUSTOMERS
READ_SENT_TO_HOUSEHOLDS = _SENT % _OF_HOUSEHOLDS
BEGIN_MESSAGE = "update journeykit_outbox set begun = ? where id = ? and token = ? and due_at > ?"
SETTLE_MESSAGE = """update journeykit_outbox set state = ?, reason = ?, due_at = ?, attempts = attempts - ?, token = null,
    begun = case when ? then null else begun end where id = ? and token = ?"""
KEEP_ANSWER = "update journeykit_outbox set answers = json_insert(coalesce(answers, '[]'), '$[#]', json(?)) where id = ?"
REOPEN_MESSAGE = "update journeykit_outbox set state = 'open', due_at = ?, attempts = 0, reason = null where id = ? and state = 'dead'"
DROP_MESSAGE = "update journeykit_outbox set state = 'dropped', due_at = ? where id = ? and state = 'dead'"
_READ_MESSAGES = f"select id, state, attempts, due_at, reason, answers, {_MESSAGE} from journeykit_outbox"
READ_OUTBOX = f"{_READ_MESSAGES} order by id limit ?"
READ_OUTBOX_ENDED = f"{_READ_MESSAGES} where state <> 'open' and state <> 'performed' and state = ? order by id limit ?"
READ_OUTBOX_STATE = f"{_READ_MESSAGES} where state = ? order by id limit ?"
READ_OUTBOX_CUSTOMER = f"{_READ_MESSAGES} indexed by journeykit_outbox_customer where customer = ? order by id limit ?"
READ_OUTBOX_CUSTOMER_STATE = f"{_READ_MESSAGES} indexed by journeykit_outbox_customer where customer = ? and state = ? order by id limit ?"

# reading

READ_CUSTOMERS = """
select id from journeykit_customers where id > ? and revision >= 0 union select customer from journeykit_events where state = 'pending' and customer > ?
order by 1 limit ?
"""
READ_HISTORY = "select * from journeykit_history where customer = ? order by seq, place"
READ_EVENTS = f"select {_EVENT} from journeykit_events e where e.customer = ? and (e.state <> 'decided' or e.seq > ?)"
READ_DEFINITIONS = "select hash, journey, text from journeykit_definitions order by hash"
OCCUPIED = """select journey, definition, step, count(*) from journeykit_enrollments where status = 'active'
    group by journey, definition, step order by journey, definition, step"""
INSIDE = """select distinct customer from journeykit_enrollments
    where customer > ? and journey = ? and definition = ? and status = 'active' order by customer limit ?"""
