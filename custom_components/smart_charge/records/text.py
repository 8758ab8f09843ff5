"""What goes into a spreadsheet's cell."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str | None) -> str:
    """Return text that no spreadsheet takes for a formula: names and tags come from outside."""
    if text is None:
        return ""
    one_line = " ".join(text.splitlines())
    return f"'{one_line}" if one_line.startswith(_STARTS_A_FORMULA) else one_line
