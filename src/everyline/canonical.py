"""Canonical JSON (RFC 8785) that the engine writes."""

# A JSON text, cut into escapes and what stands between them.
_PIECES = r"\\u[0-9A-F]{4}|\\.|[^\\]+"


def lowered(json: str) -> str:
    r"""SQL of JSON with escapes as RFC 8785 wants them: `\u001f`, where the engine has `\u001F`.

    Args:
        json: SQL of JSON text that the engine has made, sorted and without blanks.
    """
    pieces = f"regexp_extract_all({json}, '{_PIECES}')"
    one = r"lambda piece: CASE WHEN starts_with(piece, '\u') THEN lower(piece) ELSE piece END"
    # Hardly any text has control characters, so most is only searched for them.
    return (
        rf"CASE WHEN contains({json}, '\u00')"
        f" THEN array_to_string(list_transform({pieces}, {one}), '') ELSE {json} END"
    )
