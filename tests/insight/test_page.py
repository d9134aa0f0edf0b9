"""The page of the map in a browser: choosing, clicking, keyboard, narrow screens, paper, and nothing that leaves it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from journeykit import Engine, MemoryStorage
from journeykit.insight import Insight
from journeykit.insight.map.page import page
from journeykit.insight.map.view import Choice, view
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.settings import Settings
from mapped import BITING, LONG, NARROW, WIDE, care, happened

ROOT = Path(__file__).parents[2]
APPROVED = Path(__file__).with_name("approved")

KPIS = (
    Kpi("average order value", True, 2_300, "sales", "monthly"),
    Kpi("repeat purchase rate", True, 0.3, "marketing", "monthly"),
    Kpi("churn rate", False, 0.2, "product", "quarterly"),
)


def made(*, name="after-order", kpis=KPIS, choice=None, **lives):
    """The page of a shop whose customers have lived half a year."""
    storage = MemoryStorage()
    happened(storage, name=name, **lives)
    insight = Insight.of(storage, Settings(currency="EUR", kpis={name: kpis} if kpis else {}))
    engine = Engine([], storage)
    return page(view(insight, at=insight.span.end, timeline=lambda customer: engine.explain(customer).entries, choice=choice))


@pytest.fixture(scope="module")
def shop():
    """The page that most tests look at."""
    return made()


def here(shown):
    """What stands on the first map that is shown: of each step how many are there."""
    return shown.evaluate(
        """() => Object.fromEntries([...document.querySelector('.chart:not([hidden])').querySelectorAll('g.step')]
            .map(g => [g.querySelector('title').textContent, g.querySelector('[data-here]').textContent]))"""
    )


# -- what it says -----------------------------------------------------------------------------------------------------------


def test_the_page_says_what_became_of_the_shops_customers(opened, shop):
    """Sixty ordered; the numbers on the map, in the table and on the cards are those of the history."""
    shown = opened(shop)

    assert shown.title() == "after-order: journey map"
    assert here(shown) == {
        "thanked": "0 here", "helped": "0 here", "asked": "0 here", "fan": "0 here", "quiet": "4 here", "reminded": "7 here", "gone": "0 here",
    }  # fmt: skip
    assert shown.locator(".kpi .name").all_inner_texts() == ["average order value", "repeat purchase rate", "churn rate"]
    assert "at least 23.00 EUR: ✓ met" in shown.locator(".kpi").first.inner_text()
    assert "(not designed)" in shown.locator("#table").inner_text()
    assert shown.locator(".chart:not([hidden]) g.way.undesigned:not(.unused) title").all_text_contents() == [
        "thanked to fan: 10, a way that nobody designed (Phone Rang)"
    ]


def test_map_and_table_say_the_same(opened, shop):
    """The table is for who cannot see the map: each step, and how many are there."""
    shown = opened(shop)
    rows = shown.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('#table tbody tr:not(.stage-row)')]
            .map(tr => [tr.querySelector('button').textContent, tr.cells[2].textContent + ' here']))"""
    )

    assert rows == here(shown)


def test_numbers_are_written_alike_by_python_and_by_the_page(opened, shop):
    """What the file shows before any script runs is what the script fills in: nothing jumps."""
    before = re.findall(r'data-(?:here|pace|number|lane)="\d+"[^>]*>([^<]*)<', shop.split("</figure>")[0])
    shown = opened(shop)
    after = shown.evaluate(
        "() => [...document.querySelector('.chart svg').querySelectorAll('[data-here],[data-pace],[data-number],[data-lane]')].map(t => t.textContent)"
    )

    assert sorted(filter(None, before)) == sorted(filter(None, after))
    assert len(after) > 20


# -- choosing and clicking --------------------------------------------------------------------------------------------------


def test_a_step_tells_of_the_chosen_month_who_was_there_and_who_was_lost(opened, shop):
    """When April ended four waited to be asked, and one had closed their account; now nobody is there. The panel says of which moment it speaks."""
    shown = opened(shop)
    panel = shown.locator("#panel")
    shown.locator("#table").get_by_role("button", name="asked").click()
    assert panel.get_by_role("heading", name="Who is there now").is_visible()
    assert "Nobody." in panel.inner_text()
    shown.keyboard.press("Escape")
    shown.select_option("select[name=period]", label="2026-04")
    shown.locator("#table").get_by_role("button", name="asked").click()

    assert panel.get_by_role("heading", name="Who was there when 2026-04 ended").is_visible()
    assert "The longest first." in panel.inner_text()
    assert panel.locator("tbody tr").count() == 4  # who ordered on days 44, 46, 50 and 52
    assert panel.get_by_role("heading", name="How customer 1 came here").is_visible()
    shown.keyboard.press("Escape")
    shown.locator("#table").get_by_role("button", name="thanked").click()
    assert panel.get_by_role("heading", name="Lost here in 2026-04, and what happened last").is_visible()
    assert "1 Account Closed, after " in panel.inner_text()
    shown.keyboard.press("Escape")


def test_a_step_tells_of_the_chosen_version_who_is_there(opened, shop):
    """Of the fifteen who are there when June ends the eight who came first are listed; of each version all seven, and all eight."""
    shown = opened(shop)
    panel = shown.locator("#panel")
    shown.select_option("select[name=period]", label="2026-06")
    told = []
    for choice in range(3):
        shown.select_option("select[name=filter]", index=choice)
        shown.locator("#table").get_by_role("button", name="quiet").click()
        told.append((panel.locator("tbody tr").count(), panel.locator("h3 + .sub").all_inner_texts()))
        assert panel.get_by_role("heading", name=re.compile("How customer .* came here")).is_visible()
        shown.keyboard.press("Escape")

    assert told == [(8, ["The 8 who have been there longest, of 15."]), (7, ["The longest first."]), (8, ["The longest first."])]
    assert "Who was there when 2026-06 ended, version since 2 March 2026" in panel.text_content()


def test_only_signs_that_stand_on_the_map_are_explained(opened, shop):
    """In March nobody orders again; in August somebody does, and nobody goes a way that nobody designed any more."""
    shown = opened(shop)
    legend = shown.locator(".legend")

    shown.select_option("select[name=period]", label="2026-03")
    assert ("taken, nobody designed it" in legend.inner_text(), "leads back" in legend.inner_text()) == (True, False)
    shown.select_option("select[name=period]", label="2026-08")
    assert ("taken, nobody designed it" in legend.inner_text(), "leads back" in legend.inner_text()) == (False, True)


def test_a_month_is_chosen_and_another_set_beside_it(opened, shop):
    """Figures, widths and heading follow; the second month stands below or beside with a map of its own."""
    shown = opened(shop)
    all_time = here(shown)
    widths = "() => [...document.querySelectorAll('.chart:not([hidden]) .flow')].map(p => p.getAttribute('stroke-width')).join()"
    before = shown.evaluate(widths)

    shown.select_option("[name=period]", label="2026-05")
    assert here(shown) != all_time
    assert shown.evaluate(widths) != before
    assert "1 to 31 May 2026" in shown.inner_text("#about")

    shown.select_option("[name=other]", label="2026-04")
    assert shown.locator(".chart:not([hidden]) figcaption").all_inner_texts() == ["2026-05", "2026-04"]
    assert "2026-04" in shown.locator(".kpi .was").first.inner_text()
    shown.select_option("[name=other]", label="nothing")
    assert shown.locator(".chart:not([hidden])").count() == 1


def test_a_version_is_chosen_and_drawn_as_it_was(opened, shop):
    """On the first version the call was designed, so its way is no longer bold."""
    shown = opened(shop)
    names = shown.locator("[name=filter] option").all_inner_texts()
    assert [name.split(" (")[0] for name in names] == ["everybody", "version since 17 May 2026", "version since 2 March 2026"]

    shown.select_option("[name=filter]", index=2)
    assert shown.locator(".chart:not([hidden]) g.way.undesigned:not(.unused)").count() == 0
    assert "version since 2 March" in shown.inner_text("#about")


def test_a_click_on_a_step_shows_who_is_there(opened, shop):
    """For how long, what they last did, how one of them came there; by numbers, not by names."""
    shown = opened(shop)
    shown.locator(".chart:not([hidden]) g.step", has_text="reminded").first.click()
    panel = shown.locator("#panel")

    assert panel.get_by_role("heading", name="reminded").is_visible()
    assert "customer 1" in panel.inner_text()
    assert "How customer 1 came here" in panel.inner_text()
    assert "after-order: entered thanked" in panel.inner_text()
    assert re.search(r"\bc0\d\d\b", panel.inner_text()) is None
    assert "total=" not in panel.inner_text()
    shown.keyboard.press("Escape")
    assert panel.is_hidden()


def test_everything_can_be_done_with_the_keyboard(opened, shop):
    """Steps are reached with Tab and opened with Enter; Escape brings back to where one was."""
    shown = opened(shop)
    reached = []
    for _ in range(24):
        shown.keyboard.press("Tab")
        reached.append(
            shown.evaluate("() => document.activeElement.dataset.step || document.activeElement.name || document.activeElement.id")
        )
        assert shown.evaluate(
            "() => getComputedStyle(document.activeElement).outlineStyle !== 'none' || document.activeElement.matches('g.step')"
        )
    assert [one for one in reached if one in {"filter", "period", "other", "theme"}] == ["filter", "period", "other", "theme"]
    assert {"0", "1", "2", "3", "4", "5", "6"} <= set(reached)

    shown.locator(".chart:not([hidden]) g.step").nth(2).focus()
    shown.keyboard.press("Enter")
    assert shown.evaluate("() => document.activeElement.textContent") == "Close"
    shown.keyboard.press("Escape")
    assert shown.evaluate("() => document.activeElement.dataset.step") == "2"


def test_a_screen_reader_hears_the_map(opened, shop):
    """Landmarks, headings, and steps as buttons that say their figure."""
    shown = opened(shop)

    assert shown.get_by_role("button", name="quiet: 4 here").count() == 1
    assert shown.get_by_role("heading", level=2).all_inner_texts() == [
        "The journey", "Step by step", "Touchpoints by channel", "How customers felt",
    ]  # fmt: skip
    unnamed = shown.evaluate(
        """() => [...document.querySelectorAll('button, select, [role=button], [role=img], [tabindex="0"]')]
            .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []


# -- how it looks -----------------------------------------------------------------------------------------------------------

CONTRAST = """() => {
  const channel = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const read = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const ground = e => { for (; e; e = e.parentElement) {
    if (e.matches?.('svg.map .step *')) return read(getComputedStyle(document.querySelector('svg.map .box')).fill);
    if (e.matches?.('svg.map .lane text')) return read(getComputedStyle(e.parentElement.querySelector('.ground')).fill);
    const c = read(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || ['SCRIPT', 'STYLE', 'OPTION', 'title'].includes(e.tagName)) continue;
    const style = getComputedStyle(e), ink = read(e instanceof SVGElement ? style.fill : style.color), paper = ground(e);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) bad.push([e.textContent.trim().slice(0, 30), ((a + .05) / (b + .05)).toFixed(2), ink.join(), paper.join()]);
  }
  return bad;
}"""


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
def test_everything_can_be_read(opened, shop, viewport, colours):
    """Every text stands out from its ground by 4.5 to 1 at least, in both lights and at both widths; so does the panel."""
    shown = opened(shop, viewport, colours)
    shown.evaluate("() => { document.getElementById('unused').open = true; }")
    assert shown.evaluate(CONTRAST) == []

    shown.locator("[data-open='5']").click()
    assert shown.evaluate(CONTRAST) == []


def test_light_and_dark_can_be_switched(opened, shop):
    """The button wins over the machine's preference."""
    shown = opened(shop, colours="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = shown.evaluate(ground)

    shown.click("#theme")
    assert shown.evaluate(ground) != dark
    assert shown.evaluate("() => getComputedStyle(document.querySelector('svg.map .box')).fill") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("which", ["shop", "biting", "long", "one", "nobody"])
def test_nothing_is_wider_than_the_screen_and_no_text_lies_on_another(opened, shop, which, viewport):
    """For usual names, for names that bite, for very long ones, for a single customer and for none."""
    texts = {
        "shop": lambda: shop,
        "biting": lambda: made(said=BITING, biting=True, customers=12),
        "long": lambda: made(name=LONG, reminded=LONG, said=LONG, customers=12),
        "one": lambda: made(customers=1, kpis=()),
        "nobody": lambda: page(view(Insight.of(MemoryStorage()), at=1, journeys=[care()])),
    }
    shown = opened(texts[which](), viewport)

    assert shown.evaluate("() => document.documentElement.scrollWidth") <= viewport["width"]
    if viewport is NARROW:
        shown.click("#as-map")
        assert shown.evaluate("() => document.documentElement.scrollWidth") <= viewport["width"]
    overlapping = shown.evaluate(
        """() => {
          const found = [...document.querySelectorAll('.chart:not([hidden]) svg.map text')].filter(t => t.textContent.trim());
          const boxes = found.map(t => [t.textContent, t.getBoundingClientRect()]), bad = [];
          boxes.forEach(([a, r], i) => boxes.slice(i + 1).forEach(([b, s]) => {
            if (r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 4 && s.top < r.bottom - 4) bad.push([a, b]); }));
          for (const step of document.querySelectorAll('.chart:not([hidden]) g.step')) {
            const box = step.querySelector('.box').getBoundingClientRect();
            for (const t of step.querySelectorAll('text')) { const r = t.getBoundingClientRect(); if (r.width && (r.left < box.left || r.right > box.right + 1 || r.bottom > box.bottom + 1)) bad.push([t.textContent, 'out of its box']); } }
          return bad; }"""
    )
    assert overlapping == []


def test_it_is_printed_on_one_sheet(opened, shop):
    """A4 across: the map, its figures above, touchpoints below; no controls, light even where the screen is dark."""
    shown = opened(shop, colours="dark")
    sheet = shown.pdf(prefer_css_page_size=True)
    shown.emulate_media(media="print", color_scheme="dark")

    assert len(re.findall(rb"/Type /Page\b", sheet)) == 1
    assert shown.locator("#choices").is_hidden()
    assert shown.evaluate("() => getComputedStyle(document.querySelector('svg.map .box')).fill") == "rgb(255, 255, 255)"


SMALL = """async shot => {
  const image = new Image(); image.src = 'data:image/png;base64,' + shot; await image.decode();
  const canvas = new OffscreenCanvas(96, 72), pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0, 96, 72);
  return [...pen.getImageData(0, 0, 96, 72).data].filter((_, n) => n % 4 < 3);
}"""


@pytest.mark.parametrize(
    ("name", "viewport", "colours"), [("wide-light", WIDE, "light"), ("wide-dark", WIDE, "dark"), ("narrow-light", NARROW, "light")]
)
def test_it_looks_as_approved(opened, browser, shop, name, viewport, colours):
    """Made small, so that another font's letters make no difference, it differs by less than a twentieth from the picture that was looked at."""
    shot = base64.b64encode(opened(shop, viewport, colours).screenshot()).decode()
    blank = browser.new_page()
    seen = blank.evaluate(SMALL, shot)
    blank.close()
    approved = APPROVED / f"page-{name}.json"
    if not approved.exists():
        approved.write_text(json.dumps(base64.b64encode(bytes(seen)).decode()), "utf-8")
        pytest.fail(f"{approved.name} was not there; it is now: look at the page, and keep it if it is right")
    kept = base64.b64decode(json.loads(approved.read_text("utf-8")))

    assert sum(abs(one - other) for one, other in zip(seen, kept, strict=True)) / len(kept) / 255 < 0.05


# -- what it must not do ----------------------------------------------------------------------------------------------------


def test_names_that_are_markup_stay_names(opened):
    """An event, customers and properties called ``</script><script>alert(1)</script>``: all of it is text."""
    text = made(said=BITING, biting=True, choice=Choice(personal=True))
    shown = opened(text)

    assert "<script>alert" not in text
    assert f"goal: {BITING}" in shown.inner_text("#about")
    shown.locator(".chart:not([hidden]) g.step", has_text="reminded").first.click()
    assert f"{BITING}4" in shown.inner_text("#panel")
    assert shown.evaluate("() => document.scripts.length") == 2
    assert shown.locator("#panel script, #charts script, #table script").count() == 0


def test_nobodys_data_is_in_the_page_unless_asked_for(shop):
    """No id, no property; with ids and timelines where the shop says so."""
    named = made(choice=Choice(personal=True))

    assert re.search(r"\bc0\d\d\b", shop) is None
    assert "order_id" not in shop
    assert "total=" not in shop
    assert re.search(r"\bc0\d\d\b", named)
    assert "order_id='o" in named


def test_the_policy_permits_this_style_and_this_script_only(browser, shop, tmp_path):
    """By their hashes; a script that somebody slips in does not run, and a picture from elsewhere is not asked for."""
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', shop)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy

    slipped = tmp_path / "slipped.html"
    slipped.write_text(
        shop.replace("<noscript>", "<script>document.title = 'slipped in'</script><img src='https://example.com/x.png'><noscript>")
    )
    shown, refused, asked = browser.new_page(), [], []
    shown.on("console", lambda message: refused.append(message.text))
    shown.on("requestfinished", lambda request: asked.append(request.url))
    shown.goto(slipped.as_uri())
    assert shown.title() == "after-order: journey map"
    for _ in range(3_000):  # the browser tells it when it comes to it
        if len(refused) >= 2 and asked:
            break
        shown.wait_for_timeout(20)
    assert len([one for one in refused if "Content Security Policy" in one]) == 2
    assert asked == [slipped.as_uri()]
    shown.close()


def test_it_is_small(shop):
    """A journey of seven steps over half a year, with two versions: far below what a mail can carry."""
    assert len(shop.encode()) < 150_000


def test_a_shop_without_a_journey_is_told_so(opened):
    """An empty history makes a page that says that there is nothing, and no error."""
    shown = opened(page(view(Insight.of(MemoryStorage()), at=0)))

    assert "No customer has entered a journey" in shown.inner_text("#about")
    assert shown.locator("#maps").is_hidden()


def test_without_kpis_the_page_says_what_came_in_and_went(opened):
    """Four counts, and where KPIs are declared."""
    shown = opened(made(kpis=()))

    assert shown.locator(".kpi .name").all_inner_texts() == ["entered", "here at the end", "completed", "left before the end"]
    assert shown.locator(".kpi .value").first.inner_text() == "61"
    assert "insight.yaml" in shown.inner_text("#foot")


def test_what_the_page_is_made_of_is_in_the_wheel(tmp_path):
    """Styles, scripts and template come along with the package."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if "/insight/map/web/" in name}

    assert packed == {path.name for path in (ROOT / "src" / "journeykit" / "insight" / "map" / "web").iterdir()}
    assert {"page.html", "page.css", "map.css", "app.js"} <= packed
