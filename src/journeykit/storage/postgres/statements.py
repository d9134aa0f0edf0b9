"""
The SQL of `journeykit.storage.postgres`, one named constant for each statement or part of one.

A `Part` reads its rows from ``{v}``, whose columns are ``{columns}``. Everything goes by index from there, row by row.
"""

from __future__ import annotations

from journeykit.model.records import MAILBOX
from journeykit.storage.postgres.arguments import Part

CHANNEL = "journeykit"
#: Earlier than any moment. It stands in the indexes that are ordered by moments, to keep them out of sight of the planner where one
#: customer's rows are looked for: a million others may be due.
EARLIEST = -(2**63) + 1
#: Asked in the statement that writes: it costs a look at a table of a few rows, and nothing where nobody sleeps.
NOTIFY = f"(select pg_notify('{CHANNEL}', '') from journeykit_sleepers where asleep limit 1)"
#: In a host's transaction, of which nobody knows who will sleep when it commits.
NOTIFY_SURELY = f"(select pg_notify('{CHANNEL}', ''))"

# writing: the parts of the one statement of a commit

_CUSTOMER = "id text, base int8, revision int8, accepted_at int8, facts text, moments text, next_due int8"
CREATE_CUSTOMERS = Part(_CUSTOMER, """created as (insert into journeykit_customers(id, revision, accepted_at, facts, moments, next_due)
    select v.id, v.revision, v.accepted_at, coalesce(v.facts, '[1]'), v.moments, v.next_due from {v} order by v.id
    on conflict do nothing returning 1)""")  # fmt: skip
_MOVE = """moved as (update journeykit_customers c set revision = v.revision, accepted_at = v.accepted_at,
    facts = coalesce(v.facts, c.facts), moments = coalesce(v.moments, c.moments),
    next_due = case when v.moments is null then c.next_due else v.next_due end
    from {from} where c.id = v.id and c.revision = v.base returning 1)"""
MOVE_CUSTOMER = Part(_CUSTOMER, _MOVE.replace("{from}", "{v}"))
#: Whoever is held by another transaction is left out, which ends in a conflict that names them: a batch waits for nobody.
MOVE_CUSTOMERS = Part(_CUSTOMER, _MOVE.replace("{from}", """(
    select v.* from {v} join journeykit_customers h on h.id = v.id order by h.id for no key update of h skip locked) v"""))  # fmt: skip
ENROLLED = """on conflict(customer, journey, key) do update set number = excluded.number, definition = excluded.definition,
    position = excluded.position, status = excluded.status, step = excluded.step, visit = excluded.visit,
    entered_at = excluded.entered_at, ended_at = excluded.ended_at, next_due = excluded.next_due, body = excluded.body"""
WRITE_ENROLLMENTS = Part(
    "customer text, journey text, key text, number int8, definition text, position int8, status text, step text, visit int8, "
    "entered_at int8, ended_at int8, next_due int8, body text",
    f"enrolled as (insert into journeykit_enrollments({{columns}}) select {{columns}} from {{v}} {ENROLLED})",
)
DELETE_ENROLLMENTS = Part("customer text, journey text, key text", """removed as (delete from journeykit_enrollments e using {v}
    where e.customer = v.customer and e.journey = v.journey and e.key = v.key)""")  # fmt: skip
_EVENT = "customer, id, seq, accepted_at, occurred_at, name, properties, source, state, arrival"
_EVENT_TYPES = "customer text, id text, seq int8, accepted_at int8, occurred_at int8, name text, properties text, source text, state text, arrival int8"
WRITE_EVENTS = Part(
    _EVENT_TYPES,
    """logged as (insert into journeykit_events as e({columns}) select {columns} from {v} order by v.customer, v.id
    on conflict(customer, id) do update set seq = excluded.seq, accepted_at = excluded.accepted_at, occurred_at = excluded.occurred_at,
    name = excluded.name, properties = excluded.properties, source = excluded.source, state = excluded.state, arrival = excluded.arrival
    where e.state <> 'decided' returning 1)""",
)
#: What another customer has sent is decided where it stands: were its sender erased meanwhile, it would have another id, and nothing is found.
WRITE_STARTED = Part(_EVENT_TYPES, """started as (update journeykit_events e set seq = v.seq, accepted_at = v.accepted_at,
    occurred_at = v.occurred_at, properties = v.properties, state = v.state, arrival = v.arrival
    from {v} where e.customer = v.customer and e.id = v.id and e.state = 'pending' returning 1)""")  # fmt: skip
_HISTORY = "customer, seq, place, at, kind, journey, key, number, source, target, cause, reason, timers"
WRITE_HISTORY = Part(
    "customer text, seq int8, place int8, at int8, kind text, journey text, key text, number int8, source text, target text, cause text, "
    "reason text, timers text",
    "history as (insert into journeykit_history({columns}) select {columns} from {v})",
)
WRITE_MESSAGES = Part(
    "customer text, journey text, key text, number int8, seq int8, place int8, action text, parameters text, at int8, message text, "
    "expires_at int8, owner text, listens int8, household text, origin text, state text, due_at int8",
    "messages as (insert into journeykit_outbox({columns}) select {columns} from {v} order by v.ord)",
)
#: No unique index: to wait for another transaction because it uses the same definition first would be absurd.
WRITE_DEFINITIONS = Part("hash text, journey text, text text", """defined as (insert into journeykit_definitions({columns})
    select {columns} from {v} where not exists (select from journeykit_definitions d where d.hash = v.hash))""")  # fmt: skip
TAKE_QUOTAS = Part("name text, taken int8, most int8", """taken as (insert into journeykit_quotas as q(name, taken, "limit")
    select v.name, v.taken, v.most from {v} where v.most is null or v.taken <= v.most order by v.name
    on conflict(name) do update set "limit" = excluded."limit", taken = q.taken + excluded.taken
    where excluded."limit" is null or q.taken + excluded.taken <= excluded."limit" returning 1)""")  # fmt: skip
#: Of those who are named, what stands in the six arrays behind them stays.
FORGET_WAITS = Part("customer text, journey text, key text", """forgotten as (delete from journeykit_waiting w using {v}
    where w.customer = v.customer and w.journey = v.journey and w.key = v.key and not exists (
        select from unnest(%s::text[], %s::text[], %s::int8[], %s::text[], %s::text[], %s::text[])
            n(event, object, entered_at, customer, journey, key)
        where (n.event, n.object, n.entered_at) = (w.event, w.object, w.entered_at)
        and (n.customer, n.journey, n.key) = (w.customer, w.journey, w.key)))""")  # fmt: skip
WRITE_WAITS = Part(
    "event text, object text, entered_at int8, customer text, journey text, key text, since int8",
    "waits as (insert into journeykit_waiting({columns}) select {columns} from {v} order by v.event, v.object, v.ord on conflict do nothing)",
)
_MAIL = "customer text, id text, accepted_at int8, occurred_at int8, name text, properties text, source text"
#: Mail for an id that has become another is the other's. Known mail is left out; new mail stands behind what waits, in the order in
#: which it is given.
_SEND = """meant as (select coalesce(a.customer, v.customer) as customer, v.id, v.accepted_at, v.occurred_at, v.name, v.properties, v.source, v.ord
        from {v} left join journeykit_aliases a on a.id = v.customer),
    fresh as (select m.*, row_number() over (partition by m.customer order by m.ord) as nth from meant m
        where not exists (select from journeykit_events e where e.customer = m.customer and e.id = m.id){new}),
    mail as (insert into journeykit_events({columns}, state, arrival)
    select f.customer, f.id, f.accepted_at, f.occurred_at, f.name, f.properties, f.source, 'pending', f.nth + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = f.customer and e.state = 'pending'{but}), 0)
    from fresh f order by f.customer, f.id, f.ord on conflict do nothing returning customer, id)"""
_SEND_ALL = _SEND.replace("{new}", "").replace("{but}", "")
SEND_MAIL = Part(_MAIL, _SEND_ALL)
#: What is decided in the same statement stands in a list of its own before the rows.
SEND_MAIL_BUT = Part(_MAIL, "decided as (select * from unnest(%s::text[], %s::text[]) d(customer, id)), " + _SEND.replace("{but}", """
        and not exists (select from decided d where d.customer = e.customer and d.id = e.id)""").replace("{new}", """
        and not exists (select from decided d where d.customer = m.customer and d.id = m.id)"""))  # fmt: skip
_SEND_ONE = """meant as (select coalesce((select a.customer from journeykit_aliases a where a.id = v.customer), v.customer) as customer,
        v.id, v.accepted_at, v.occurred_at, v.name, v.properties, v.source from {v}),
    mail as (insert into journeykit_events({columns}, state, arrival)
    select {columns}, 'pending', 1 + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = m.customer and e.state = 'pending'), 0) from meant m
    on conflict do nothing returning customer, id)"""
#: Which of the given rows were written: by their place, for the customer may have been another.
_ACCEPTED = "select distinct on (customer, id) f.ord, {notify} from mail join fresh f using (customer, id) order by customer, id, f.ord"
_ACCEPTED_ONE = "select 1, {notify} from mail"
ACCEPT, ACCEPT_SURELY = (Part(_MAIL, f"with {_SEND_ALL} {_ACCEPTED.format(notify=notify)}") for notify in (NOTIFY, NOTIFY_SURELY))
ACCEPT_ONE, ACCEPT_ONE_SURELY = (
    Part(_MAIL, f"with {_SEND_ONE} {_ACCEPTED_ONE.format(notify=notify)}") for notify in (NOTIFY, NOTIFY_SURELY)
)
#: A statement can take back what it wrote only by an error: counts that are not as they must be divide by nought.
DEMAND = "select 1 / (({counts})::int)"
COUNT = "(select count(*) from {part}) = %s::int8"
COPY_HISTORY = f"copy journeykit_history({_HISTORY}) from stdin"
COPY_MESSAGES = """copy journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner,
    listens, household, origin, state, due_at) from stdin"""

REVISIONS = Part(
    "id text", "select c.id, c.revision from {v} join journeykit_customers c on c.id = v.id for no key update of c skip locked"
)
FIND_DECIDED = Part("customer text, id text", """select v.customer from {v}
    join journeykit_events e on e.customer = v.customer and e.id = v.id where e.state = 'decided'""")  # fmt: skip
SELECT_QUOTAS = "select name, taken from journeykit_quotas where name = any($1::text[])"
SELECT_QUOTA = "select taken from journeykit_quotas where name = $1"
KEEP = "insert into journeykit_kept values($1, $2) on conflict do nothing"
READ_KEPT = "select value from journeykit_kept where name = $1"

# loading: each part answers with its number, the place in what was asked for, five integers and six texts
#
# ``offset 0`` keeps each row's look into its table by itself. Joined otherwise, a table that was empty when it was last analyzed would be
# read whole, by a plan that is kept while it fills.

_ROWS = "{v} cross join lateral (select * from {table} r where {where} offset 0) e"
_ENROLLMENT = (
    "select 1, v.place, e.number, e.position, e.visit, e.entered_at, e.ended_at, e.journey, e.key, e.definition, e.status, e.step, e.body"
)


def _enrollments(columns: str, where: str) -> Part:
    rows = _ROWS.replace("{table}", "journeykit_enrollments").replace("{where}", f"r.customer = v.customer{where}")
    return Part(f"place int8, customer text{columns}", f"{_ENROLLMENT} from {rows}")


LOAD_CUSTOMERS = Part("id text", f"""select 0, v.ord, e.revision, e.accepted_at, e.next_due, null::int8, null::int8,
    e.facts, e.moments, null::text, null::text, null::text, null::text
    from {_ROWS.replace("{table}", "journeykit_customers").replace("{where}", "r.id = v.id")}""")  # fmt: skip
LOAD_ALL = _enrollments("", "")
LOAD_JOURNEY = _enrollments(", journey text", " and r.journey = v.journey")
LOAD_ACTIVE = _enrollments(", journey text", " and r.journey = v.journey and (r.ended_at is null or r.next_due is not null)")
LOAD_KEY = _enrollments(", journey text, key text", " and r.journey = v.journey and r.key = v.key")
LOAD_DUE = _enrollments(", until int8", " and r.next_due < v.until")
_PENDING = _ROWS.replace("{table}", "journeykit_events").replace("{where}", "r.customer = v.id and r.state = 'pending' order by r.arrival")
_PENDING = _PENDING.replace("offset 0", f"limit {MAILBOX}")
LOAD_PENDING = Part("id text", f"""select 2, v.ord, e.seq, e.accepted_at, e.occurred_at, e.arrival, null,
    e.id, e.name, e.properties, e.source, e.state, null from {_PENDING}""")  # fmt: skip
_SEEN = _ROWS.replace("{table}", "journeykit_events").replace("{where}", "r.customer = v.customer and r.id = v.id").replace("*", "r.id", 1)
LOAD_SEEN = Part("place int8, customer text, id text", f"""select 3, v.place, null, null, null, null, null,
    e.id, null, null, null, null, null from {_SEEN}""")  # fmt: skip
#: Whether anybody was ever erased: whoever is not known may be one of them.
LOAD_ERASED = """(select 4, 0, null::int8, null::int8, null::int8, null::int8, null::int8, null, null, null, null, null, null
    from journeykit_erased limit 1)"""

# what is due

WAITING = f"state = 'pending' and accepted_at > {EARLIEST}"  #: as the index says it
DUE = f"next_due > {EARLIEST}"

# the outbox

_MESSAGE = "customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens, household, origin"
_MINE = ", ".join(f"o.{name}" for name in _MESSAGE.split(", "))
_LEASE = f"""update journeykit_outbox o set token = $1, due_at = $2, attempts = o.attempts + 1 from chosen c where o.id = c.id
    returning c.nth, c.lapsed, o.id, o.attempts - 1, {_MINE}, o.begun"""
_OF_LINE = "state = 'open' and journey = l.journey and action = l.action and due_at <= $3 order by due_at, id"
#: Each journey and action has its turn: how many of each is counted first, and then so many are taken that nobody else has taken.
#: The longest due, but nothing from the first one on whose lease ran out; or that one alone.
#: More than the limit are never found: said once more, so that on a host's connection the planner does not reckon with the whole outbox.
CLAIM = f"""with recursive lines as (
        (select journey, action from journeykit_outbox where state = 'open' order by journey, action limit 1)
        union all
        select n.journey, n.action from lines l cross join lateral (
            select journey, action from journeykit_outbox where state = 'open' and (journey, action) > (l.journey, l.action)
            order by journey, action limit 1) n),
    turns as (select l.journey, l.action from lines l cross join lateral (
            select row_number() over (order by due_at, id) as turn from (
                select due_at, id from journeykit_outbox where {_OF_LINE} limit $4) q) t
        where l.action <> all($5::text[]) order by t.turn, l.journey, l.action limit $4),
    due as materialized (select d.* from (select journey, action, count(*) as many from turns group by journey, action) l
        cross join lateral (select id, due_at, token is not null as lapsed from journeykit_outbox
            where {_OF_LINE} limit l.many for no key update skip locked) d limit $4),
    chosen as (select id, nth, lapsed from (
        select id, lapsed, row_number() over w as nth, count(*) filter (where lapsed) over w as before from due
        window w as (order by due_at, id)) d where nth = 1 or before = 0)
    {_LEASE}"""
#: Claims under a cap are made one after another, so that of two one is the first, also of two for one household.
CLAIM_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit claims', 0))"
#: By whom it is for, not by what is open or due (what is added keeps the planner off those indexes): of others a million may be.
_COMPANIONS = f"""with mine as materialized (
        select o.id, o.due_at, v.ord from unnest($4::text[]) with ordinality as v(id, ord) cross join lateral (
            select id, due_at from journeykit_outbox r where r.{{column}} = v.id and r.state || '' = 'open' and r.message = 'marketing'
            and r.token is null and r.due_at + 0 <= $3 offset 0 for no key update skip locked) o),
    chosen as (select id, row_number() over (order by ord, due_at, id) as nth, false as lapsed from mine)
    {_LEASE}"""
CLAIM_COMPANIONS, CLAIM_HOUSEMATES = (_COMPANIONS.format(column=column) for column in ("customer", "household"))
#: In no order: the planner would walk the whole outbox in that of its ids rather than sort.
_SENT = """select o.customer, o.household, o.id, o.action, o.parameters, case when o.state = 'open' then null else o.due_at end
    from unnest($1::text[]) as v(id) cross join lateral (select * from journeykit_outbox r where r.{column} = v.id offset 0) o
    where o.message = 'marketing' and ((o.state = 'open' and (o.begun is not null or (o.token is not null and o.due_at > $2)))
        or (o.due_at > $3 and (o.state in ('performed', 'imported') or (o.state <> 'open' and o.begun is not null))))"""
READ_SENT, READ_SENT_TO_HOUSEHOLDS = (_SENT.format(column=column) for column in ("customer", "household"))
BEGIN_MESSAGE = "update journeykit_outbox set begun = $3 where id = $1 and token = $2 and due_at > $3"
SETTLE = Part(
    "id int8, token text, state text, reason text, due_at int8, back int8, undone int8, answered text",
    """update journeykit_outbox o set state = v.state, reason = v.reason, due_at = v.due_at, attempts = o.attempts - v.back,
    token = null, begun = case when v.undone = 1 then null else o.begun end,
    answers = case when v.answered is null then o.answers else left(coalesce(o.answers, '[]'), -1)
        || case when coalesce(o.answers, '[]') = '[]' then '' else ',' end || v.answered || ']' end
    from {v} where o.id = v.id and o.token = v.token returning o.id, v.token""",
)
REOPEN_MESSAGES = """update journeykit_outbox set state = 'open', due_at = $2, attempts = 0, reason = null
    where id = any($1::int8[]) and state = 'dead'"""
DROP_MESSAGES = "update journeykit_outbox set state = 'dropped', due_at = $2 where id = any($1::int8[]) and state = 'dead'"
READ_OUTBOX = (
    f"select id, state, attempts, due_at, reason, answers, {_MESSAGE} from journeykit_outbox where true{{where}} order by id limit %s"
)

# reading

READ_CUSTOMERS = """(select id from journeykit_customers where id > $1 and revision >= 0 order by id limit $2)
    union (select distinct customer from journeykit_events where state = 'pending' and customer > $1 order by customer limit $2)
    order by 1 limit $2"""
READ_HISTORY = f"select {_HISTORY} from journeykit_history where customer = $1 order by seq, place"
READ_EVENTS = f"select {_EVENT} from journeykit_events where customer = $1 and (state <> 'decided' or seq > $2)"
READ_DEFINITIONS = "select distinct on (hash) hash, journey, text from journeykit_definitions order by hash"
OCCUPIED = """select journey, definition, step, count(*) from journeykit_enrollments where status = 'active'
    group by journey, definition, step order by journey, definition collate "C", step collate "C\""""
INSIDE = """select distinct customer from journeykit_enrollments
    where customer > $1 and journey = $2 and definition = $3 and status = 'active' order by customer limit $4"""
