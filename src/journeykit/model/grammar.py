"""
The grammar of expressions: which part of Python's grammar for values is allowed, as a tree of tuples.

Python's own parser reads the text; nothing is ever run. What is not listed here is refused, and so are texts that are made
to be large or deep.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from journeykit.errors import DefinitionError

Path = tuple[str | int, ...]
Tree = tuple[Any, ...]
Roots = Mapping[str, frozenset[str] | None]

LONGEST = 2_000  #: characters of an expression
DEEPEST = 50  #: levels of nesting
LARGEST = 2**63  #: whole numbers stay below it, so that every storage can hold them

#: what a path may begin with, and which names may follow where not any name may
ROOTS: Roots = {
    "event": None,
    "signal": frozenset({"name", "id", "occurred_at", "old", "new"}),
    "customer": None,
    "consent": None,
    "segment": None,
    "data": None,
    "arm": None,
    "step": frozenset({"entered_at"}),
    "scope": frozenset({"entered_at"}),
    "journey": frozenset({"entered_at", "key"}),
    "now": frozenset(),
}

#: the functions, each with the least and the greatest number of its arguments
FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "exists": (1, 1),
    "contains": (2, 2),
    "len": (1, 1),
    "lower": (1, 1),
    "upper": (1, 1),
    "min": (1, 20),
    "max": (1, 20),
    "abs": (1, 1),
    "round": (1, 2),
    "minutes": (1, 1),
    "hours": (1, 1),
    "days": (1, 1),
    "active": (1, 2),
    "weekday": (2, 2),
    "date": (2, 2),
    "time": (2, 2),
    "top": (3, 3),
    "those": (4, 4),
}

_COMPARISONS: Mapping[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: Mapping[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
_ALLOWED = "allowed are paths, constants, lists, and or not, comparisons, + - * / // %, a if b else c, and functions"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_AFTER_DOT = re.compile(r"\.\s*(\w+)")
#: what people write out of habit, and what is meant
_HABITS: Mapping[str, tuple[str, str]] = {
    r"&&": ("&&", "and"),
    r"\|\|": ("||", "or"),
    r"<>": ("<>", "!="),
    r"===": ("===", "=="),
    r"!(?!=)": ("!", "not"),
    r"(?<![=!<>])=(?!=)": ("=", "=="),
}


def paths(tree: Tree) -> Iterator[Path]:
    """Every path that *tree* reads."""
    if tree[0] == "path":
        yield tree[1]
    elif tree[0] != "const":
        for part in tree[1:]:
            if isinstance(part, tuple):
                yield from paths(part)


def quoted(text: str, limit: int = 80) -> str:
    """*text* in quotes, shortened, and printable whatever it holds."""
    short = text if len(text) <= limit else text[: limit - 3] + "..."
    return '"' + short.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00") + '"'


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, [*known], n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def read(text: str, roots: Roots = ROOTS) -> Tree:
    """
    Read *text* into a tree.

    Args:
        text: the text.
        roots: what a path may begin with; the first of them stands in examples.

    Raises:
        DefinitionError: the text is no expression.
    """
    return _Reader(text, roots).read()


class _Reader:
    """Reads one text; kept apart from `Expression` so that an expression holds nothing but its parts."""

    def __init__(self, text: str, roots: Roots) -> None:
        self.text = text
        self.roots = roots
        self.root = next(iter(roots))
        self.line = re.sub(r"[\r\n\f]", " ", text)

    def read(self) -> Tree:
        """The tree of the text."""
        self.check_text()
        try:
            parsed = ast.parse(self.line, mode="eval")
        except SyntaxError as error:
            raise self.unreadable(error) from None
        except (ValueError, RecursionError, MemoryError):
            raise DefinitionError(f"{quoted(self.text)} is too deeply nested or cannot be read; make it simpler") from None
        return self.node(parsed.body, 0)

    def check_text(self) -> None:
        """Refuse what must not even reach the parser."""
        if not self.text:
            raise DefinitionError(f'"" is no expression; write for example "{self.root}.total > 100"')
        if len(self.text) > LONGEST:
            raise DefinitionError(f"{quoted(self.text)} has {len(self.text)} characters; {LONGEST} are allowed, split it up")
        if UNSTORABLE.search(self.text):
            raise DefinitionError(f"{quoted(self.text)} holds characters that cannot be stored; write plain text")
        if self.line != self.text and "#" in self.text:
            raise DefinitionError(f'{quoted(self.text)} holds "#" and goes over several lines; write it in one line')
        if any(escape not in "\\'\"nrtxuU" for escape in re.findall(r"\\(.)", self.line)):
            raise DefinitionError(f'{quoted(self.text)} holds a backslash that escapes nothing; write "\\\\" for a plain one')
        self.check_depth()

    def check_depth(self) -> None:
        """Refuse deep brackets; those within texts count too, which harms nobody."""
        depth = 0
        for character in self.text:
            depth += (character in "([{") - (character in ")]}")
            if depth > DEEPEST:
                raise DefinitionError(f"{quoted(self.text)} is nested more than {DEEPEST} deep; make it simpler")

    def unreadable(self, error: SyntaxError) -> DefinitionError:
        """What the parser could not read, with a hint where the habit behind it is known."""
        column = min(max(error.offset or 1, 1), len(self.line) + 1)
        word = next((name for name in _AFTER_DOT.findall(self.line) if keyword.iskeyword(name)), None)
        habit = next((words for pattern, words in _HABITS.items() if re.search(pattern, self.line)), None)
        if word:
            hint = f"\"{word}\" is a word of the language; write ['{word}'] instead of .{word}"
        elif habit:
            hint = f'write "{habit[1]}" instead of "{habit[0]}"'
        else:
            hint = f"write for example \"{self.root}.total > 100 and {self.root}.plan == 'gold'\""
        return DefinitionError(f"{quoted(self.text)}: column {column}: this cannot be read; {hint}")

    def wrong(self, node: ast.AST, what: str) -> DefinitionError:
        """The error that names the column of *node*."""
        column = len(self.line.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore")) + 1
        return DefinitionError(f"{quoted(self.text)}: column {column}: {what}")

    def node(self, node: ast.expr, depth: int) -> Tree:
        """The tree of *node*."""
        if depth > DEEPEST:
            raise DefinitionError(f"{quoted(self.text)} is nested more than {DEEPEST} deep; make it simpler")
        read = _READERS.get(type(node))
        if read is None:
            raise self.refused(node)
        return read(self, node, depth + 1)

    def refused(self, node: ast.AST) -> DefinitionError:
        """The error for what the language does not have."""
        return self.wrong(node, f"{self.name(node)} is not allowed; {_ALLOWED} {', '.join(FUNCTIONS)}")

    def name(self, node: ast.AST) -> str:
        """What *node* is called in an error."""
        found = ast.get_source_segment(self.line, node)
        return quoted(found, 40) if found else type(node).__name__

    def constant(self, node: ast.Constant, _depth: int) -> Tree:
        """A text, number, flag or None that every storage can hold."""
        value = node.value
        if value is not None and type(value) not in (str, int, float, bool):
            raise self.refused(node)
        if type(value) is str and UNSTORABLE.search(value):
            raise self.wrong(node, "the text holds characters that cannot be stored; write plain text")
        if (type(value) is int and value >= LARGEST) or (type(value) is float and not math.isfinite(value)):
            raise self.wrong(node, f"{self.name(node)} is too large; numbers stay below 2**63")
        return ("const", value)

    def path(self, node: ast.expr, _depth: int) -> Tree:
        """A dotted path whose root is known."""
        parts: list[str | int] = []
        inner: ast.expr = node
        while not isinstance(inner, ast.Name):
            if isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            elif isinstance(inner, ast.Subscript):
                parts.append(self.subscript(inner))
                inner = inner.value
            else:
                raise self.wrong(inner, f"{self.name(inner)} has no parts; only a path such as {self.root}.total has")
        if len(parts) > DEEPEST:
            raise self.wrong(node, f"the path has more than {DEEPEST} parts; make it shorter")
        path = (inner.id, *reversed(parts))
        self.check_path(node, path)
        return ("path", path)

    def subscript(self, node: ast.Subscript) -> str | int:
        """The constant in brackets."""
        inner = node.slice
        minus = isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.USub)
        if minus and isinstance(inner, ast.UnaryOp):
            inner = inner.operand
        value = inner.value if isinstance(inner, ast.Constant) else None
        if type(value) is str and not minus and not UNSTORABLE.search(value):
            return value
        if type(value) is int and value < LARGEST:
            return -value if minus else value
        raise self.wrong(node, f"{self.name(node)}: only a text or a whole number may stand in brackets")

    def check_path(self, node: ast.expr, path: Path) -> None:
        """Refuse unknown roots and names that a root does not have."""
        root = str(path[0])
        if root not in self.roots:
            near = _near(root, [*self.roots, "True", "False", "None"]) or f"; paths begin with {', '.join(self.roots)}"
            raise self.wrong(node, f'"{root}" is not known{near}')
        names = self.roots[root]
        if names is not None and len(path) > 1 and path[1] not in names:
            has = f"{root}.{f', {root}.'.join(sorted(names))}" if names else f'"{root}" alone'
            near = _near(str(path[1]), names) or f"; there is {has}"
            raise self.wrong(node, f"{quoted(show_path(path), 60)} is not known{near}")
        if names != frozenset() and (len(path) == 1 or not isinstance(path[1], str)):
            raise self.wrong(node, f'"{root}" needs a name behind it; write for example {root}.{min(names) if names else "total"}')
        if any(isinstance(part, str) and part.startswith("__") for part in path):
            raise self.wrong(node, f"{quoted(show_path(path), 60)} is not allowed; names do not begin with __")

    def connected(self, node: ast.BoolOp, depth: int) -> Tree:
        """``a and b and c``, ``a or b``."""
        return ("and" if isinstance(node.op, ast.And) else "or", *(self.node(value, depth) for value in node.values))

    def arithmetic(self, node: ast.BinOp, depth: int) -> Tree:
        """``a + b`` and the like."""
        if type(node.op) not in _ARITHMETIC:
            raise self.refused(node)
        return ("math", _ARITHMETIC[type(node.op)], self.node(node.left, depth), self.node(node.right, depth))

    def choice(self, node: ast.IfExp, depth: int) -> Tree:
        """``a if b else c``, the condition first."""
        return ("if", *(self.node(part, depth) for part in (node.test, node.body, node.orelse)))

    def items(self, node: ast.List | ast.Tuple, depth: int) -> Tree:
        """``['a', 'b']``, ``('a', 'b')``."""
        return ("list", *(self.node(item, depth) for item in node.elts))

    def comparison(self, node: ast.Compare, depth: int) -> Tree:
        """``a < b < c`` as its first value and pairs of operator and value."""
        operands = [self.node(part, depth) for part in (node.left, *node.comparators)]
        for operator in node.ops:
            if type(operator) not in _COMPARISONS:
                raise self.wrong(node, f'"is" is not allowed in {self.name(node)}; write ==, or exists(...)')
        if ("const", None) in operands:
            raise self.wrong(node, f"{self.name(node)}: nothing is ever equal to None; write exists(...) or not exists(...)")
        pairs = tuple((_COMPARISONS[type(operator)], operand) for operator, operand in zip(node.ops, operands[1:], strict=True))
        return ("compare", operands[0], *pairs)

    def unary(self, node: ast.UnaryOp, depth: int) -> Tree:
        """``not a`` or ``-a``; a negative number is a constant."""
        inner = self.node(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return ("not", inner)
        if not isinstance(node.op, ast.USub):
            raise self.refused(node)
        if inner[0] == "const" and type(inner[1]) in (int, float):
            return ("const", -inner[1])
        return ("negative", inner)

    def call(self, node: ast.Call, depth: int) -> Tree:
        """A call of one of the functions."""
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in FUNCTIONS or name is None:
            near = _near(name, FUNCTIONS) if name else ""
            raise self.wrong(node, f"{self.name(node.func)} is no function{near or '; there are ' + ', '.join(FUNCTIONS)}")
        least, most = FUNCTIONS[name]
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args) or not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.wrong(node, f"{name} takes {wanted} plain argument{'' if wanted == '1' else 's'}; write {_example(name, self.root)}")
        arguments = [self.node(argument, depth) for argument in node.args]
        if name == "active":
            return self.active(node, arguments)
        if name == "exists" and arguments[0][0] != "path":
            raise self.wrong(node, f"exists takes a path, not {self.name(node.args[0])}; write {_example(name, self.root)}")
        return ("call", name, *arguments)

    def active(self, node: ast.Call, arguments: list[Tree]) -> Tree:
        """``active('cart')``: the keys under which the customer is in that journey stand under a path of their own."""
        if "data" not in self.roots:
            raise self.wrong(node, "active is not known here; it asks where a customer is")
        if arguments[0][0] != "const" or type(arguments[0][1]) is not str:
            raise self.wrong(node, f"active takes the name of a journey in quotes, not {self.name(node.args[0])}; write active('cart')")
        return ("call", "active", ("path", ("active", arguments[0][1])), *arguments[1:])


_READERS: Mapping[type[ast.AST], Callable[[_Reader, Any, int], Tree]] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.path,
    ast.Attribute: _Reader.path,
    ast.Subscript: _Reader.path,
    ast.BoolOp: _Reader.connected,
    ast.Compare: _Reader.comparison,
    ast.UnaryOp: _Reader.unary,
    ast.BinOp: _Reader.arithmetic,
    ast.IfExp: _Reader.choice,
    ast.List: _Reader.items,
    ast.Tuple: _Reader.items,
    ast.Call: _Reader.call,
}


def _example(name: str, root: str) -> str:
    if name == "contains":
        return f"contains({root}.tags, 'sale')"
    if name in ("minutes", "hours", "days"):
        return f"{name}(3)"
    if name == "active":
        return "active('cart')"
    if name in ("weekday", "date", "time"):
        return f"{name}(now, 'Europe/Berlin')"
    if name == "top":
        return f"top({root}.lines, 'price', 'product')"
    if name == "those":
        return f"those({root}.lines, 'kind', 'gift', 'product')"
    return f"{name}({root}.total{', 2' if name == 'round' else ', 100' if name in ('min', 'max') else ''})"


def show_path(path: Path) -> str:
    """The path as it is written: ``event.total``, ``event['weird name'][0]``."""
    if path[0] == "active":
        return f"active({path[1]!r})"
    shown = str(path[0])
    for part in path[1:]:
        plain = isinstance(part, str) and part.isidentifier() and not keyword.iskeyword(part)
        shown += f".{part}" if plain else f"[{part!r}]"
    return shown
