"""SVG as text: elements, with everything that stands in them escaped."""

from __future__ import annotations

from html import escape

from journeykit.insight.map.lettering import plain


def element(name: str, *inside: str, **attributes: float | str | None) -> str:
    """
    One element.

    Args:
        name: what it is called.
        inside: SVG that stands in it, as it is.
        attributes: its attributes; an underscore stands for a hyphen, one at the end is dropped, None leaves it out.
    """
    words = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{words}>{''.join(inside)}</{name}>" if inside else f"<{name}{words}/>"


def text(said: str, x: float, y: float, **attributes: float | str | None) -> str:
    """Text that begins (or ends, see ``text_anchor``) at a point; it may hold anything."""
    return element("text", written(said), x=x, y=y, **attributes)


def written(said: str) -> str:
    """*said* as SVG, whatever it holds."""
    return escape(plain(said), quote=True)


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return written(value)
    return f"{value:.1f}".removesuffix(".0")
