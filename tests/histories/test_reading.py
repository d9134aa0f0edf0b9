"""Good lines: what a mapping makes of them."""

from __future__ import annotations

import gzip

import pytest

import past
from journeykit.errors import DefinitionError
from journeykit.histories import Source, load_mapping, read_mapping

HEADER = "who,when,order,total,items\n"


def only(folder, mapping, data, name="shop.csv"):
    """The single event of a history."""
    (event,) = past.read(folder, mapping, data, name).events
    return event


def test_a_line_becomes_an_event(tmp_path):
    """Its time is civil time of the zone that the mapping names, its money minor units beside the currency."""
    event = only(tmp_path, past.CSV_MAP, HEADER + "ann,2026-03-02T09:00:00,o1,12.50,2\n")

    assert (event.name, event.id, event.customer_id, event.source) == ("Order Completed", "o1", "ann", "shop.csv")
    assert event.occurred_at.isoformat() == "2026-03-02T08:00:00+00:00"
    assert event.properties == {"total": 1250, "items": 2, "currency": "EUR"}


def test_a_mark_of_byte_order_and_windows_lines_do_no_harm(tmp_path):
    """A file saved by a spreadsheet is read like any other."""
    event = only(tmp_path, past.CSV_MAP, ("\ufeff" + HEADER + "ann,2026-03-02,o1,1.00,2\n").replace("\n", "\r\n"))

    assert event.properties == {"total": 100, "items": 2, "currency": "EUR"}


def test_a_text_in_quotes_goes_over_several_lines(tmp_path):
    """Delimiters, doubled quotes and line ends within quotes belong to the text."""
    mapping = "customer: who\ntime: when\nid: order\nrows: [{event: Said, properties: {text: text}}]\nzone: UTC"

    found = past.read(tmp_path, mapping, 'who,when,order,text\nann,2026-03-02,o1,"one, ""two""\nthree"\nben,2026-03-03,o2,four\n')

    assert [event.properties["text"] for event in found.events] == ['one, "two"\nthree', "four"]
    assert found.rejects == []


def test_an_empty_field_is_missing(tmp_path):
    """It becomes no property."""
    assert only(tmp_path, past.CSV_MAP, HEADER + "ann,2026-03-02,o1,,2\n").properties == {"items": 2, "currency": "EUR"}


def test_columns_between_blanks(tmp_path):
    """A file without commas, and without names."""
    mapping = 'delimiter: whitespace\nheader: [who, day]\ncolumns: {day: "moment %Y%m%d"}\nzone: UTC\ncustomer: who\ntime: day\nid: "{file}:{line}"\nrows: {event: Came}'

    found = past.read(tmp_path, mapping, " 00001 19970101  \n 00002 19970112\n", "master.txt")

    assert [(event.customer_id, event.id, event.occurred_at.isoformat()) for event in found.events] == [
        ("00001", "master.txt:1", "1997-01-01T00:00:00+00:00"),
        ("00002", "master.txt:2", "1997-01-12T00:00:00+00:00"),
    ]


def test_tabs_and_gzip(tmp_path):
    """Packed or not is seen by the file itself, tabs by its name."""
    data = gzip.compress((HEADER + "ann,2026-03-02,o1,1.00,2\n").replace(",", "\t").encode())

    assert only(tmp_path, past.CSV_MAP, data, "shop.tsv.gz").id == "o1"


def test_a_row_makes_the_event_of_the_first_rule_that_wants_it(tmp_path):
    """Conditions are those of journeys, over the row; a row that nobody wants is passed over."""
    mapping = """
    columns: {items: whole}
    zone: UTC
    customer: who
    time: when
    id: order
    rows:
      - {event: Order Cancelled, where: row.items < 0, properties: {items: "{-row.items}"}}
      - {event: Order Completed, where: row.items > 0, properties: [items]}
    """

    found = past.read(tmp_path, mapping, HEADER + "ann,2026-03-01,o1,1,2\nann,2026-03-02,o2,1,-2\nann,2026-03-03,o3,1,0\n")

    assert [(event.name, event.properties) for event in found.events] == [
        ("Order Completed", {"items": 2}),
        ("Order Cancelled", {"items": 2}),
    ]
    assert (found.counts.rows, found.counts.passed, found.counts.rejected, found.counts.events) == (3, 1, 0, 2)


def test_rows_of_one_id_are_added_up(tmp_path):
    """The lines of an invoice are one order, at the time of the earliest, with the other properties of the first."""
    mapping = past.CSV_MAP.replace("properties: [total, items]", "properties: {first: items}, sum: {total: total, items: items}")

    found = past.read(tmp_path, mapping, HEADER + "ann,2026-03-02,o1,1.00,2\nben,2026-03-01,o1,5.00,1\nann,2026-03-01,o1,2.50,3\n")

    assert [(event.customer_id, event.occurred_at.isoformat(), event.properties) for event in found.events] == [
        ("ann", "2026-02-28T23:00:00+00:00", {"first": 2, "total": 350, "items": 5, "currency": "EUR"}),
        ("ben", "2026-02-28T23:00:00+00:00", {"first": 1, "total": 500, "items": 1, "currency": "EUR"}),
    ]


def test_a_list_is_taken_apart(tmp_path):
    """Each entry is a row with the columns of its line; a bad entry costs itself alone."""
    mapping = """
    explode: events
    columns: {ts: milliseconds}
    customer: session
    time: ts
    id: "{line}:{entry}"
    rows:
      - {event: Product Added, where: row.type == 'carts', properties: {product: aid}}
    """
    line = '{"session": 7, "events": [{"aid": 1, "ts": 1659304800025, "type": "carts"}, {"aid": 2, "ts": "soon", "type": "carts"}, {"aid": 3, "ts": 1659304900025, "type": "carts"}]}'

    found = past.read(tmp_path, mapping, line + '\n{"session": 8}\n', "shop.jsonl")

    assert [(event.customer_id, event.id, event.properties) for event in found.events] == [
        ("7", "1:1", {"product": 1}),
        ("7", "1:3", {"product": 3}),
    ]
    assert [(reject.line, reject.reason) for reject in found.rejects] == [
        (1, "events[1]: ts: 'soon' is no number"),
        (2, "events: no list of objects to take apart"),
    ]


def test_a_second_file_is_joined(tmp_path):
    """What a campaign is stands elsewhere; a row without a partner lacks those columns."""
    (tmp_path / "campaigns.csv").write_text("campaign,start\nc1,2026-03-01\n")
    mapping = "join: {file: campaigns.csv, by: campaign}\nzone: UTC\nrows: [{event: Contacted, customer: who, time: start, id: campaign, properties: [campaign]}]"

    found = past.read(tmp_path, mapping, "who,campaign\nann,c1\nben,c2\n", "contacts.csv")

    assert [(event.customer_id, event.occurred_at.isoformat()) for event in found.events] == [("ann", "2026-03-01T00:00:00+00:00")]
    assert [(reject.line, reject.reason) for reject in found.rejects] == [(3, "time: nothing stands there")]


def test_traits_and_consent(tmp_path):
    """A row may say something about the customer instead of telling an event."""
    mapping = """
    zone: UTC
    columns: {agreed: flag}
    rows: [{customer: who, time: "{'2026-01-01'}", id: "{'survey'}", traits: {age: age}, consent: {email: agreed}}]
    """

    event = only(tmp_path, mapping, "who,age,agreed\nann,25-34,yes\n")

    assert (event.name, event.id, event.properties) == ("$identify", "survey", {"traits": {"age": "25-34"}, "consent": {"email": True}})


def test_events_come_in_order_of_time(tmp_path):
    """However the files are sorted; events of one instant stay in the order in which they were read."""
    mapping = read_mapping("zone: UTC\ncustomer: who\ntime: when\nid: order\nrows: {event: Came}")
    (tmp_path / "a.csv").write_text("who,when,order\nann,2026-03-03,a1\nann,2026-03-01,a2\nann,2026-03-02,a3\n")
    (tmp_path / "b.csv").write_text("who,when,order\nben,2026-03-02,b1\nben,2026-03-01,b2\n")

    found = past.read_all(tmp_path, [Source(str(tmp_path / name), mapping) for name in ("a.csv", "b.csv")])

    assert [event.id for event in found.events] == ["a2", "b2", "a3", "b1", "a1"]


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("text", "007", "007"),
        ("number", "1.50", 1.5),
        ("number", "3.0", 3),
        ("number", "-1e3", -1000),
        ("whole", "3.0", 3),
        ("flag", "Yes", True),
        ("flag", "0", False),
        ("money EUR", "12.5", 1250),
        ("money EUR", "-0.01", -1),
        ("money JPY", "1200", 1200),
        ("money KWD", "1.234", 1234),
        ("moment", "2026-07-01T12:00:00", "2026-07-01T10:00:00+00:00"),
        ("moment", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00+00:00"),
        ("moment %d/%m/%Y %H:%M", "01/07/2026 12:30", "2026-07-01T10:30:00+00:00"),
        ("seconds", "1772442000", "2026-03-02T09:00:00+00:00"),
        ("milliseconds", "1772442000500", "2026-03-02T09:00:00.500000+00:00"),
        ("microseconds", "1772442000000001", "2026-03-02T09:00:00.000001+00:00"),
    ],
)
def test_what_a_column_holds(kind, written, value, tmp_path):
    """Each kind of column, and the JSON value that its text becomes."""
    mapping = f"zone: Europe/Berlin\ncolumns: {{x: {kind!r}}}\nrows: [{{event: Came, customer: who, time: \"{{'2026-01-01'}}\", id: who, properties: [x]}}]"

    found = only(tmp_path, mapping, f"who,x\nann,{written}\n").properties["x"]

    assert found == value
    assert type(found) is type(value)


def test_a_time_without_zone_is_set_aside_where_none_is_declared(tmp_path):
    """Guessing a zone would shift everything by hours."""
    found = past.read(
        tmp_path, past.CSV_MAP.replace("zone: Europe/Berlin", ""), HEADER + "ann,2026-03-02T09:00,o1,1,1\nann,2026-03-02T09:00Z,o2,1,1\n"
    )

    assert [event.id for event in found.events] == ["o2"]
    assert [reject.reason for reject in found.rejects] == [
        "when: '2026-03-02T09:00' has no offset; say the zone of such times in the mapping: zone: Europe/Berlin"
    ]


def test_ids_of_several_columns_must_all_be_there(tmp_path):
    """A part that is missing would make different things one."""
    mapping = past.CSV_MAP.replace("id: order", "id: [order, items]")

    found = past.read(tmp_path, mapping, HEADER + "ann,2026-03-02,o/1,1,1\nann,2026-03-02,o2,1,\n")

    assert [event.id for event in found.events] == ["o%2F1/1"]
    assert [reject.reason for reject in found.rejects] == ["id: nothing stands there"]


MISTAKES = {
    "": 'no mapping; begin with "rows:", a list of what becomes of rows',
    "rows: []": "rows: no rule; say which rows make which event: rows: [{event: Order Completed}]",
    "rows: [{event: Came}]": 'rows[0]: "customer" is missing; say which column is the customer\nrows[0]: "time" is missing; say which column is the time\n'
    "rows[0]: \"id\" is missing; say which column is the id, or write id: '{file}:{line}'",
    "rows: [{customer: a, time: b, id: c}]": "rows[0]: give either the name of an event, or traits and consent",
    "rows: [{event: $identify, customer: a, time: b, id: c}]": 'rows[0]: "$identify" is one of the library\'s own; names of your events do not begin with "$"',
    "rows: [{traits: {id: x}, customer: a, time: b, id: c}]": 'rows[0]: traits: "id" is not yours to set; call it something else',
    "rows: [{event: Came, customer: a, time: b, id: c, were: d}]": 'rows[0]: unknown key "were"; did you mean "where"?',
    "row: []": 'unknown key "row"; did you mean "rows"?',
    "zone: Berlin\nrows: []": 'zone: \'Berlin\' is no time zone; write an IANA name, for example "Europe/Berlin"; did you mean "Europe/Berlin"?',
    "columns: {a: integer}\nrows: []": "columns.a: 'integer' is no kind of column; write text, number, whole, flag, moment, seconds, milliseconds, microseconds or money EUR",
    "columns: {a: money}\nrows: []": 'columns.a: "money" needs a currency; write for example "money EUR"',
    "columns: {a: moment tomorrow}\nrows: []": 'columns.a: "moment tomorrow": "tomorrow" is no pattern; write for example "moment %d/%m/%Y %H:%M"',
    "format: xml\nrows: []": "format: 'xml' is not known; write csv, jsonl, segment",
    "delimiter: '::'\nrows: []": 'delimiter: \'::\' is no delimiter; write one character, "tab" or "whitespace"',
    "encoding: utf-16\nrows: []": 'encoding: "utf-16" is no encoding that lines can be read in; write for example "utf-8", "latin-1" or "cp1252"',
    "header: [a, a]\nrows: []": "header: different names belong here, not ['a', 'a']; write [NAME, NAME]",
    "join: {file: a.csv}\nrows: []": "join: write {file: FILE, by: COLUMN}",
    "rows: {}\n---\nrows: {}": "2 documents in one mapping; write one",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_mapping(text):
    """Every problem with its place, and the way out."""
    with pytest.raises(DefinitionError) as error:
        read_mapping(text, "shop.map.yaml")

    assert str(error.value) == "\n".join(f"shop.map.yaml: {line}" for line in MISTAKES[text].split("\n"))


BESIDE = {
    "customer: whom": 'rows[0].customer: there is no column "whom"; did you mean "who"?',
    "id: [order, number]": 'rows[0].id: there is no column "number"; there are who, when, order, total, items',
    'id: "{row.order"': 'rows[0].id: "{row.order": column 1: "{" is never closed; write "{{" for a plain brace',
    'id: "{event.order}"': 'rows[0].id: "event.order": column 1: "event" is not known; did you mean "entry"?',
    'id: "{row}"': 'rows[0].id: "row": column 1: "row" needs a name behind it; write for example row.total',
    "columns: {sum: money EUR}": 'columns: there is no column "sum"; there are who, when, order, total, items',
    "explode: items": "explode: the columns of a CSV file hold no lists; take it out",
    "columns: {total: money EUR, items: money USD}": "rows[0].properties: amounts in EUR and USD; make an event of each, or name the currency as a property",
}


@pytest.mark.parametrize("text", BESIDE)
def test_a_mapping_that_does_not_fit_its_file(text, tmp_path):
    """Columns that are not there are told before the first line is read."""
    key = text.partition(":")[0]
    lines = [line for line in past.CSV_MAP.strip().splitlines() if not line.startswith(f"{key}:")]

    with pytest.raises(DefinitionError) as error:
        past.read(tmp_path, "\n".join([text, *lines]), HEADER + "ann,2026-03-02,o1,1,1\n")

    assert str(error.value) == f"shop.map.yaml: {BESIDE[text]}"


def test_a_file_without_mapping_needs_one(tmp_path):
    """What its rows mean cannot be guessed."""
    with pytest.raises(DefinitionError) as error:
        past.read(tmp_path, None, HEADER)

    assert str(error.value) == "shop.csv: what its rows mean is not said; give a mapping with --map, or --format segment"


def test_the_format_is_told_by_the_name_or_must_be_said(tmp_path):
    """Nobody looks into a file to guess what it might be."""
    with pytest.raises(
        DefinitionError, match=r"shop.dat: of which format it is cannot be told from its name; say --format csv, jsonl or segment"
    ):
        past.read(tmp_path, past.CSV_MAP, HEADER, "shop.dat")

    assert past.read(tmp_path, past.CSV_MAP, HEADER + "ann,2026-03-02,o1,1,1\n", "shop.dat", form="csv").counts.events == 1


def test_a_mapping_file_that_is_not_there(tmp_path):
    """The name and the way out are told."""
    with pytest.raises(DefinitionError, match=r"none.map.yaml: cannot be read: No such file or directory; give a mapping file"):
        load_mapping(tmp_path / "none.map.yaml")
