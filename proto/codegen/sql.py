"""Named SQL statements and migrations as C tables: <svc>.sql.{h,c}, migrations.{h,c}.

A file holds statements such as

    -- name: account_get
    SELECT id, username FROM account WHERE id = :id;

    -- name: account_list :list
    -- orderings: username date_joined
    -- key: id
    SELECT id, username FROM account WHERE state = 'active' {after} ORDER BY {order} LIMIT :limit;

An ordering or key that is not simply a column is written name=expression, without spaces:
`-- orderings: address=m.address`.
"""

import dataclasses
import re

from proto.codegen import c_text

# PostgreSQL keeps this many bytes of the name of a prepared statement.
MAX_NAME = 63

_NAME_LINE = re.compile(r"-- name:\s*(?P<name>\S+)(?:\s+(?P<kind>\S+))?\s*$")
_DIRECTIVE = re.compile(r"-- (?P<key>orderings|key):\s*(?P<value>.*?)\s*$")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*$")

# What a colon inside does not make a parameter, first; then what is one.
_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<text> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | (?P<tag>\$\w*\$).*?(?P=tag) )
  | (?P<cast> :: )
  | (?P<assign> := )
  | :(?P<param>[a-z_][a-z0-9_]*)
  | (?P<positional> \$\d+ )
    """,
    re.VERBOSE | re.DOTALL,
)


class SqlError(Exception):
    """A statement is written wrongly; the text names it."""


@dataclasses.dataclass
class Statement:
    name: str
    sql: str
    params: list  # params[i] is the name of $i+1


@dataclasses.dataclass
class List:
    name: str
    orderings: list
    key: str
    variants: list  # [ordering * 4 + descending * 2 + after]


def bind(name, text):
    """The statement with its comments dropped and :parameters numbered."""
    params = []

    def replace(match):
        if match["comment"]:
            return ""
        if match["positional"]:
            raise SqlError(f"{name}: write :name, not {match['positional']}")
        if not match["param"]:
            return match[0]
        if match["param"] not in params:
            params.append(match["param"])
        return f"${params.index(match['param']) + 1}"

    lines = _TOKEN.sub(replace, text).strip().splitlines()
    sql = "\n".join(line.rstrip() for line in lines if line.strip())
    return Statement(name, sql, params)


def parse(text):
    """The statements and lists of a file, in its order."""
    result = []
    for name, kind, directives, body in _sections(text):
        if not _IDENTIFIER.match(name):
            raise SqlError(f"{name}: a statement's name is snake_case")
        body = _without_semicolon(name, body)
        if kind == ":list":
            result.append(_expand(name, directives, body))
        elif kind is not None:
            raise SqlError(f"{name}: {kind} is not known, only :list")
        elif directives:
            raise SqlError(f"{name}: orderings and key are for a :list")
        elif "{order}" in body or "{after}" in body:
            raise SqlError(f"{name}: {{order}} and {{after}} are for a :list")
        else:
            result.append(bind(name, body))
    names = [statement.name for statement in all_statements(result)]
    for name in names:
        if names.count(name) > 1:
            raise SqlError(f"{name}: defined twice")
        if len(name) > MAX_NAME:
            raise SqlError(f"{name}: longer than {MAX_NAME} bytes")
    return result


def all_statements(parsed):
    """Each statement that is prepared: a list stands for its variants."""
    for item in parsed:
        if isinstance(item, List):
            yield from item.variants
        else:
            yield item


def _sections(text):
    """(name, kind, directives, body) of each statement."""
    current = None
    for number, line in enumerate(text.splitlines(), start=1):
        start = _NAME_LINE.match(line)
        if start:
            if current:
                yield current[0], current[1], current[2], "\n".join(current[3])
            current = (start["name"], start["kind"], {}, [])
            continue
        if current is None:
            if line.strip() and not line.startswith("--"):
                raise SqlError(f"line {number}: SQL before the first `-- name:`")
            continue
        directive = _DIRECTIVE.match(line)
        if directive and not current[3]:
            current[2][directive["key"]] = directive["value"].split()
        else:
            current[3].append(line)
    if current:
        yield current[0], current[1], current[2], "\n".join(current[3])


def _without_semicolon(name, body):
    """One statement only: its end is the one semicolon outside of texts and comments."""
    blanked = _TOKEN.sub(
        lambda match: " " * len(match[0]) if match["comment"] or match["text"] else match[0], body
    )
    code, semicolon, rest = blanked.partition(";")
    if not code.strip():
        raise SqlError(f"{name}: is empty")
    if not semicolon:
        raise SqlError(f"{name}: does not end with a semicolon")
    if rest.strip():
        raise SqlError(f"{name}: holds more than one statement")
    return body[: len(code)]


def _columns(words):
    """name=expression pairs; a plain name is its own expression."""
    return [(word.partition("=")[0], word.partition("=")[2] or word) for word in words]


def _expand(name, directives, body):
    orderings = _columns(directives.get("orderings", []))
    if not orderings:
        raise SqlError(f"{name}: a :list needs `-- orderings:`")
    for column, _ in orderings:
        if not _IDENTIFIER.match(column):
            raise SqlError(f"{name}: {column} is no ordering")
    keys = _columns(directives.get("key", ["id"]))
    if len(keys) != 1:
        raise SqlError(f"{name}: a :list has one key")
    for place in ("{order}", "{after}"):
        if place not in body:
            raise SqlError(f"{name}: a :list has {place} at least once")
    variants = []
    for column, expression in orderings:
        for descending in (False, True):
            for after in (False, True):
                text = body.replace("{order}", _order(expression, keys[0][1], descending))
                text = text.replace("{after}", _after(expression, keys[0][1], descending) if after else "")
                variant = f"{name}_{column}{'_desc' if descending else ''}{'_after' if after else ''}"
                variants.append(bind(variant, text))
    return List(name, [column for column, _ in orderings], keys[0][0], variants)


def _order(expression, key, descending):
    columns = [expression] if expression == key else [expression, key]
    return ", ".join(column + (" DESC" if descending else "") for column in columns)


def _after(expression, key, descending):
    sign = "<" if descending else ">"
    if expression == key:
        return f"AND {key} {sign} :after_id"
    return f"AND ({expression}, {key}) {sign} (:after_key, :after_id)"


def header(prefix, parsed):
    out = c_text.GENERATED.format(source=f"{prefix}.sql")
    out += '#pragma once\n\n#include "services/common/pg/pg.h"\n\n'
    for item in parsed:
        kind = "pg_list" if isinstance(item, List) else "pg_statement"
        out += f"extern const struct {kind} {prefix}_sql_{item.name};\n"
    out += "\n/* All that is prepared, variants of lists included; NULL at the end. */\n"
    out += f"extern const struct pg_statement *const {prefix}_sql_all[];\n"
    return out


def _fields(statement, indent):
    margin = " " * indent
    out = f"{margin}.name = {c_text.quoted(statement.name)},\n"
    out += f"{margin}.sql = {c_text.quoted_lines(statement.sql, indent + 7)},\n"
    if statement.params:
        names = ", ".join(c_text.quoted(param) for param in statement.params)
        out += f"{margin}.params = (const char *const[]){{{names}}},\n"
        out += f"{margin}.n_params = {len(statement.params)},\n"
    return out


def _statement_source(prefix, statement):
    symbol = f"{prefix}_sql_{statement.name}"
    return f"\nconst struct pg_statement {symbol} = {{\n{_fields(statement, 4)}}};\n"


def _list_source(prefix, item):
    symbol = f"{prefix}_sql_{item.name}"
    out = f"\nstatic const struct pg_statement {symbol}_variants[] = {{\n"
    for variant in item.variants:
        out += "    {\n" + _fields(variant, 8) + "    },\n"
    out += f"}};\n\nconst struct pg_list {symbol} = {{\n"
    out += f"    .name = {c_text.quoted(item.name)},\n"
    names = ", ".join(c_text.quoted(ordering) for ordering in item.orderings)
    out += f"    .orderings = (const char *const[]){{{names}}},\n"
    out += f"    .n_orderings = {len(item.orderings)},\n"
    out += f"    .key = {c_text.quoted(item.key)},\n"
    out += f"    .variants = {symbol}_variants,\n}};\n"
    return out


def source(prefix, parsed, include):
    out = c_text.GENERATED.format(source=f"{prefix}.sql") + c_text.includes([include])
    for item in parsed:
        write = _list_source if isinstance(item, List) else _statement_source
        out += write(prefix, item)
    out += f"\nconst struct pg_statement *const {prefix}_sql_all[] = {{\n"
    for item in parsed:
        symbol = f"{prefix}_sql_{item.name}"
        if isinstance(item, List):
            for index in range(len(item.variants)):
                out += f"    &{symbol}_variants[{index}],\n"
        else:
            out += f"    &{symbol},\n"
    return out + "    NULL,\n};\n"


def migrations(files):
    """(name, text) pairs in the order of their numbers, which have no gaps."""
    result = sorted(files)
    for index, (name, _) in enumerate(result, start=1):
        if not re.match(rf"{index:04d}_[a-z0-9_]+$", name):
            raise SqlError(f"migration {name}: expected {index:04d}_<what>")
    return result


def migrations_header(prefix):
    out = c_text.GENERATED.format(source="the migrations")
    out += '#pragma once\n\n#include "services/common/pg/migrate.h"\n\n'
    out += f"extern const struct pg_migration {prefix}_migrations[];\n"
    out += f"extern const size_t {prefix}_n_migrations;\n"
    return out


def migrations_source(prefix, files, include):
    out = c_text.GENERATED.format(source="the migrations") + c_text.includes([include])
    out += f"\nconst struct pg_migration {prefix}_migrations[] = {{\n"
    for name, text in files:
        out += f"    {{\n        .name = {c_text.quoted(name)},\n"
        out += f"        .sql = {c_text.quoted_lines(text, 15)},\n    }},\n"
    out += "};\n"
    out += f"const size_t {prefix}_n_migrations =\n"
    out += f"    sizeof {prefix}_migrations / sizeof {prefix}_migrations[0];\n"
    return out
