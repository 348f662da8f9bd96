"""A migration script read, not run: one that executes constant SQL in one transaction, as the sample's does.

Besides that it may wait (`time.sleep`) and print constants. Nothing else of a script is understood.
"""

import ast
from dataclasses import dataclass, field

_MODULES = {"os", "psycopg2", "time"}
_HEAD = "with psycopg2.connect(os.environ['DATABASE_URL']) as connection, connection.cursor() as cursor: pass"


@dataclass
class Script:
    """SQL in one transaction, after so many seconds of waiting, and what is printed when that went well."""

    sql: list[str] = field(default_factory=list)
    seconds: float = 0
    printed: list[str] = field(default_factory=list)


def read(source: bytes) -> Script | None:
    """None for a script that does anything else."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None
    found = Script()
    return found if all(_known(found, node) for node in body) else None


def _known(found: Script, node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return all(one.name in _MODULES and one.asname is None for one in node.names)
    if isinstance(node, ast.With):
        inside = node.body
        head = ast.dump(ast.With(items=node.items, body=[ast.Pass()]))
        return head == ast.dump(ast.parse(_HEAD).body[0]) and all(_known(found, one) for one in inside)
    if not isinstance(node, ast.Expr):
        return False
    value = node.value
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Call) and _called(found, value))


def _called(found: Script, call: ast.Call) -> bool:
    if len(call.args) != 1 or call.keywords or not isinstance(call.args[0], ast.Constant):
        return False
    name, value = ast.unparse(call.func), call.args[0].value
    if name == "cursor.execute" and isinstance(value, str):
        found.sql.append(value)
    elif name == "print":
        found.printed.append(str(value))
    elif name == "time.sleep" and isinstance(value, int | float):
        found.seconds += value
    else:
        return False
    return True
