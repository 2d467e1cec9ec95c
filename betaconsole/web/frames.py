"""Server-sent events as bytes: what the browser's side of `text/event-stream` wants.

Source: WHATWG HTML, "Server-sent events". A CR inside data would end a line there, so HTML text writes it as a
character reference before it comes here (`text_html`).
"""

from html import escape

OK = b": ok\n\n"


def frame(data: str, *, event: str = "", id: str = "") -> bytes:
    """One event. `data` may hold LF, which becomes several `data:` lines; it must not hold CR or NUL."""
    lines = [f"event: {event}"] if event else []
    lines += [f"id: {id}"] if id else []
    lines += [f"data: {line}" for line in data.split("\n")]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def text_html(text: str) -> str:
    """Hostile text as HTML that shows it exactly: escaped, CR as a reference; NUL and lone surrogates as U+FFFD."""
    shown = escape(text).replace("\r", "&#13;").replace("\x00", "\ufffd")
    return shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
