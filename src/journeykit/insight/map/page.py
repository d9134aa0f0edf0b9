"""The map of journeys as one file that opens in a browser without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files

from journeykit.insight.map.view import View

_STYLES = ("map.css", "page.css")
_SCRIPTS = ("words.js", "map.js", "figures.js", "panel.js", "csv.js", "app.js")  #: in the order in which they need each other
_PLACE = re.compile(r"\{(policy|title|style|maps|data|script)\}")


def page(view: View) -> str:
    """
    Write the page.

    It is one file: its styles and scripts stand in it, and its Content-Security-Policy permits these and nothing else, by their hashes; no
    request leaves it. What customers and journeys are called is escaped, whatever it holds.

    Args:
        view: what it shows.

    Returns:
        The text of the HTML file, to be written as UTF-8.
    """
    style = "\n".join(_asset(name) for name in _STYLES)
    script = "\n".join(['(() => {"use strict";', *(_asset(name) for name in _SCRIPTS), "})();"])
    names = [journey["name"] for journey in view.data["journeys"]]
    parts = {
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
        "title": escape(f"{names[0]}: journey map" if names else "Journey map"),
        "style": style,
        "maps": "".join(_chart(j, m, svg) for j, maps in enumerate(view.maps) for m, svg in enumerate(maps)),
        "data": _json(view.data),
        "script": script,
    }
    return _filled(_asset("page.html"), parts)


def _filled(template: str, parts: dict[str, str]) -> str:
    """*template* with its parts; what stands in one part is never taken for the place of another."""
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(_PLACE.split(template)))


def _chart(journey: int, number: int, svg: str) -> str:
    hidden = "" if (journey, number) == (0, 0) else " hidden"
    return (
        f'<figure class="chart" data-journey="{journey}" data-map="{number}"{hidden}><figcaption></figcaption>'
        f'<div class="frame-scroll" tabindex="0" role="region" aria-label="The map; scroll it sideways where it is wider than the screen">{svg}</div></figure>'
    )


def _json(data: object) -> str:
    """JSON that can stand in a script element: no ``<`` can end it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _asset(name: str) -> str:
    return files("journeykit.insight.map").joinpath("web", name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
