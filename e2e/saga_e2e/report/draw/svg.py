"""Small helpers to write SVG as text: elements with everything escaped, text that fits its place, arrow heads.

Colours come from the page's style sheet by class names, so that a drawing follows light, dark and print by itself.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

_WIDE = 0.56  # average width of a letter in the system font, as a part of its size
_FITS = 1280
"""A drawing up to this width may be shrunk to the page; a wider one is scrolled in its box."""
_WIDE_CODE = 0.61  # the same for the font of code


def element(name: str, attributes: dict[str, object] | None = None, *children: str) -> Markup:
    """Write one element; children that are not `Markup` are escaped, attributes that are None are left out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key, _number(value)) for key, value in (attributes or {}).items() if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, inside)


def text(
    x: float, y: float, content: str, css: str, *, anchor: str = "start", size: float = 13, room: float | None = None
) -> Markup:
    """Write one line of text, cut to its room; what was cut off is told by a title."""
    shown = content if room is None else fitting(content, room, size, code="code" in css.split())
    title = element("title", None, content) if shown != content else Markup("")
    return element("text", {"x": x, "y": y, "class": css, "text-anchor": anchor, "font-size": size}, title, shown)


def fitting(content: str, room: float, size: float, *, code: bool = False) -> str:
    """Cut a text so that it fits the room (both in pixels)."""
    most = max(1, int(room / (size * (_WIDE_CODE if code else _WIDE))))
    return content if len(content) <= most else content[: most - 1].rstrip() + "…"


def width_of(content: str, size: float, *, code: bool = False) -> float:
    """Estimate how wide a text is, in pixels."""
    return len(content) * size * (_WIDE_CODE if code else _WIDE)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """Write a straight line."""
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": css})


def arrow_head(x: float, y: float, css: str, *, left: bool = False) -> Markup:
    """Write an arrow head whose point is at (x, y)."""
    back = x + 9 if left else x - 9
    points = " ".join(f"{_number(px)},{_number(py)}" for px, py in ((x, y), (back, y - 4.5), (back, y + 4.5)))
    return element("polygon", {"points": points, "class": css})


def drawing(
    name: str, width: float, height: float, title: str, description: str, parts: Iterable[str], *, links: bool = False
) -> Markup:
    """Write a whole drawing that tells by itself what it shows.

    Args:
        name: The start of the ids in it, unique in the page.
        width: In pixels.
        height: In pixels.
        title: What it is.
        description: What it shows, in words.
        parts: The elements.
        links: Does it hold links? Then a screen reader must be able to enter it.
    """
    attributes: dict[str, object] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "id": name,
        "class": "drawing fits" if width <= _FITS else "drawing",
        "role": "group" if links else "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "viewBox": f"0 0 {_number(width)} {_number(height)}",
        "width": width,
        "height": height,
    }
    told = (element("title", {"id": f"{name}-title"}, title), element("desc", {"id": f"{name}-desc"}, description))
    return element("svg", attributes, *told, *parts)


def _number(value: object) -> object:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
