"""Writing the Python function that puts an operation's answer together when nothing is wrong with it.

    for o0, v2, v3 in zip(rows[0], columns[2], columns[3], strict=True):
        x_1 = o0.name                                     an inline field
        if (type(x_1) is not str): x_1 = s_4(x_1)
        x_5 = None if v2 is None else n2()                an object below, already built
        a0(S_6(x_1, x_5, ...))

There is one such loop for each selection with rows, the deepest first.

Every name in it is made here from a letter and a number, and every value is bound to such a name. Text of a request is
never part of it: an alias is data, in the `rename` of a `msgspec.Struct`. Attributes' names come from the schema.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from engine.compile.access import INFO, Way
from engine.compile.keeping import MOST_ROWS, again, keep, kept_by, kept_whole_by
from engine.compile.kinds import type_resolver
from engine.compile.leaves import leaf_lines
from engine.compile.plan import Field, Selection, Tree
from engine.compile.run import ResolveInfo, Run
from engine.compile.values import PLAIN, at_hand, is_plain, require_plain, unfit
from engine.declare import LASTING, models_of

Complete = Callable[[Run], Any]


def completion_of(tree: Tree) -> tuple[Complete, str]:
    """The function of an operation, and its source."""
    writer = _Writer()
    writer.whole(tree)
    text = "\n".join(writer.lines) + "\n"
    exec(compile(text, "<compiled operation>", "exec"), writer.names)  # noqa: S102  (see above: no text of a request)
    return writer.names["complete"], text


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "P": PLAIN,
            "plain": require_plain,
            "unfit": unfit,
            "hand": at_hand,
            "keep": keep,
            "again": again,
            "info": ResolveInfo,
            "Lasting": LASTING,
            "Raw": msgspec.Raw,
            "__builtins__": {"iter": iter, "len": len, "list": list, "tuple": tuple, "type": type, "zip": zip}
            | {"str": str, "int": int, "float": float, "bool": bool},
        }
        self._depth = self._count = 0
        self._keeping = False
        self._before: list[str] = []  # lines to stand before the loop that is being written
        self._infos: dict[tuple[Field, str], str] = {}
        self._structs: dict[Selection, str] = {}

    def whole(self, tree: Tree) -> None:
        self._line("def complete(run):")
        with self._deeper():
            self._line("rows, columns, tags = run.rows, run.columns, run.tags")
            for selection in reversed(tree.selections):
                self._level(selection)
            self._line(f"return b{tree.root.rows}[0]")

    # ------------------------------------------------------------ one level: a selection with rows

    def _level(self, selection: Selection) -> None:
        whole = kept_whole_by(selection)
        if whole is None:
            self._rows(selection)
            return
        number, key = selection.rows, self._struct(selection)
        columns = [f"columns[{field.column}]" for field in whole]
        self._line(f"b{number} = r{number} = None")
        lasting = "".join(f" and type({column}) in Lasting" for column in columns)
        self._line(f"if type(rows[{number}]) in Lasting{lasting}:")
        with self._deeper():
            self._line(f"r{number} = rows[{number}].__dict__")
            self._line(f"q = r{number}.get({key})")
            same = "".join(f" and q[{place}] is {column}" for place, column in enumerate(columns, start=1))
            self._line(f"if q is not None{same}:")
            with self._deeper():
                self._line(f"b{number} = again(r{number}, {key}, q) if type(q[0]) is list else q[0]")
        self._line(f"if b{number} is None:")
        with self._deeper():
            self._rows(selection)
            self._line(f"if r{number} is not None: keep(r{number}, {key}, ({', '.join([f'b{number}', *columns])},))")

    def _rows(self, selection: Selection) -> None:
        number, head = selection.rows, len(self.lines)
        self._line(f"b{number} = []")
        self._line(f"a{number} = b{number}.append")
        loaded = selection.loaded
        for field in loaded:
            if not field.is_leaf and not field.is_inline_below:
                self._built_below(field)
        taken = "".join(f", v{field.column}" for field in loaded)
        sources = "".join(f", columns[{field.column}]" for field in loaded)
        self._line(
            f"for o{number}{taken} in "
            + (f"zip(rows[{number}]{sources}, strict=True):" if loaded else f"rows[{number}]:")
        )
        with self._deeper():
            self._line(f"a{number}({self._kept(selection, f'o{number}')})")
        self.lines[head:head] = ["    " * self._depth + each for each in self._before]
        self._before.clear()

    def _built_below(self, field: Field) -> None:
        """`n…()` gives the next of the objects built under a loaded field, `d…` are all of them."""
        column = field.column
        if field.is_abstract:
            nexts = ", ".join(f"iter(b{each.rows}).__next__" for each in field.selections)
            self._line(f"t{column} = [{nexts}]")
            self._line(f"d{column} = [t{column}[k]() for k in tags[{column}]] if {column} in tags else []")
        else:
            self._line(f"d{column} = b{field.selections[0].rows}")
        if _is_sliced(field):
            self._line(f"p{column} = 0")
        else:
            self._line(f"n{column} = iter(d{column}).__next__")

    def _made(self, selection: Selection, parts: list[str]) -> str:
        return f"{self._struct(selection)}({', '.join(parts)})"

    def _struct(self, selection: Selection) -> str:
        if selection not in self._structs:
            self._structs[selection] = self._bind(_struct_of(selection), "S")
        return self._structs[selection]

    def _kept(self, selection: Selection, root: str) -> str:
        """Write what makes an object's part of the answer, or finds it with the object; the name it has then."""
        inputs = None if self._keeping else kept_by(selection)
        if inputs is None:
            return self._made(selection, [self._field(field, root) for field in selection.fields])
        read = {field: self._read_into(field, root) for field in inputs if field.column < 0}
        raw = [self._copied(read.get(field, f"v{field.column}"), field) for field in inputs]
        key, made, row, rows = self._struct(selection), self._name("x"), self._name("q"), self._name("r")
        self._line(f"{rows} = {root}.__dict__")
        self._line(f"{row} = {rows}.get({key})")
        same = "".join(f" and {row}[{place}] is {name}" for place, name in enumerate(raw, start=1))
        self._line(f"if {row} is not None{same}:")
        with self._deeper():
            self._line(f"{made} = {row}[0]")
            self._line(f"if type({made}) is {key}: {made} = again({rows}, {key}, {row})")
        self._line("else:")
        with self._deeper(), self._all_kept():
            parts = [
                self._value(field, 0, read[field]) if field in read else self._field(field, root)
                for field in selection.fields
            ]
            self._line(f"{made} = {self._made(selection, parts)}")
            row = f"({', '.join([made, *raw])},)"
            self._line(f"if len({rows}) < {MOST_ROWS}: {rows}[{key}] = {row}")
            self._line(f"else: keep({rows}, {key}, {row})")
        return made

    @contextmanager
    def _all_kept(self) -> Iterator[None]:
        """What is inside something that is kept is not kept once more."""
        self._keeping = True
        yield
        self._keeping = False

    def _copied(self, name: str, field: Field) -> str:
        """A name that completing a leaf does not give to something else."""
        if not field.is_leaf:
            return name
        copy = self._name("y")
        self._line(f"{copy} = {name}")
        return copy

    def _read_into(self, field: Field, root: str) -> str:
        variable = self._name("x")
        self._line(f"{variable} = {self._read(field, root)}")
        return variable

    # ------------------------------------------------------------ one field

    def _field(self, field: Field, root: str) -> str:
        """Write what computes a field's part of the answer; the name it has then."""
        if field.access.way is Way.TYPENAME:
            return self._bind(field.parent_type.name, "k")
        if field.column >= 0 and not field.is_leaf and not field.is_inline_below:
            return self._loaded(field)
        variable = f"v{field.column}" if field.column >= 0 else self._name("x")
        if field.column < 0:
            self._line(f"{variable} = {self._read(field, root)}")
        return self._value(field, 0, variable)

    def _loaded(self, field: Field) -> str:
        column, done = field.column, self._name("x")
        if _is_sliced(field):
            with self._unless_null(field, 0, f"v{column}", done):
                self._line(f"q = p{column} + len(v{column})")
                self._line(f"{done} = d{column} if type(d{column}) is Raw else d{column}[p{column}:q]")
                self._line(f"p{column} = q")
        else:
            self._line(f"{done} = {self._nested(f'v{column}', f'n{column}()', field.lists)}")
        return done

    def _nested(self, variable: str, built: str, lists: int) -> str:
        if not lists:
            return f"None if {variable} is None else {built}"
        item = self._name("w")
        return f"None if {variable} is None else [{self._nested(item, built, lists - 1)} for {item} in {variable}]"

    def _read(self, field: Field, root: str) -> str:
        if field.access.way is Way.ATTRIBUTE:
            return f"{root}.{_identifier(field.access.call)}"
        if field.access.way is Way.AT_HAND:
            return f"hand({self._bind(field.access.call, 'f')}({root}))"
        given = [self._info(field, "run.info({})") if part == INFO else root for _, part in field.access.takes]
        return f"{self._bind(field.access.call, 'f')}({', '.join(given)})"

    def _value(self, field: Field, level: int, variable: str) -> str:
        """Write the completion of an inline value, or of any leaf; the name of what comes out."""
        if level < field.lists:
            return self._list(field, level, variable)
        if field.is_leaf:
            for line in leaf_lines(field.named, variable, self._bind, nullable=field.nullable[level]):
                self._line(line)
            return variable
        done = self._name("x")
        with self._unless_null(field, level, variable, done):
            if field.is_abstract:
                self._line(f"if type({variable}) not in P: plain({variable})")
                self._abstract(field, variable, done)
            else:
                with self._unless_told_by_class(field.selections[0], variable):
                    self._line(f"if type({variable}) not in P: plain({variable})")
                    self._checked(field, field.selections[0], variable)
                self._line(f"{done} = {self._kept(field.selections[0], variable)}")
        return done

    def _list(self, field: Field, level: int, variable: str) -> str:
        done, item, append = self._name("x"), self._name("w"), self._name("a")
        with self._unless_null(field, level, variable, done):
            self._line(f"if type({variable}) is not list and type({variable}) is not tuple:")
            self._line(f"    if type({variable}) not in Lasting: unfit({variable})")
            self._line(f"{done} = []")
            self._line(f"{append} = {done}.append")
            self._line(f"for {item} in {variable}:")
            with self._deeper():
                self._line(f"{append}({self._value(field, level + 1, item)})")
        return done

    @contextmanager
    def _unless_told_by_class(self, selection: Selection, variable: str) -> Iterator[None]:
        """What must be asked of an object, unless its class tells that it is of the type, and can be used as it is."""
        models = frozenset(filter(is_plain, models_of(selection.type)))
        if not models:
            yield
            return
        self._line(f"if type({variable}) not in {self._bind(models, 'M')}:")
        with self._deeper():
            yield

    def _checked(self, field: Field, selection: Selection, variable: str) -> None:
        if selection.type.is_type_of is not None:
            check = self._bind(selection.type.is_type_of, "f")
            info = self._info(field, "info(run, {}, None)")
            self._line(f"q = {check}({variable}, {info})")
            self._line("if q is not True: unfit(q)")

    def _abstract(self, field: Field, variable: str, done: str) -> None:
        resolve, named = self._bind(type_resolver(field), "f"), self._bind(field.named, "g")
        kind = self._name("z")
        self._line(f"{kind} = {resolve}({variable}, {self._info(field, 'info(run, {}, None)')}, {named})")
        self._line(f"if type({kind}) is not str: unfit({kind})")
        for selection in field.selections:
            self._line(f"if {kind} == {self._bind(selection.type.name, 'k')}:")
            with self._deeper():
                self._checked(field, selection, variable)
                self._line(f"{done} = {self._kept(selection, variable)}")
                self._line(f"{kind} = None")
        self._line(f"if {kind} is not None: unfit()")

    # ------------------------------------------------------------ lines and names

    def _info(self, field: Field, form: str) -> str:
        """The name of what is made once per run, before the loop that uses it."""
        if (field, form) not in self._infos:
            name = self._infos[field, form] = self._name("i")
            self._before.append(f"{name} = {form.format(self._bind(field, 'F'))}")
        return self._infos[field, form]

    @contextmanager
    def _unless_null(self, field: Field, level: int, variable: str, done: str) -> Iterator[None]:
        if not field.nullable[level]:
            yield
            return
        self._line(f"if {variable} is None: {done} = None")
        self._line("else:")
        with self._deeper():
            yield

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        yield
        self._depth -= 1

    def _line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text)

    def _name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}_{self._count}"

    def _bind(self, value: Any, letter: str) -> str:
        name = self._name(letter)
        self.names[name] = value
        return name


_STRUCTS: WeakValueDictionary[tuple[Any, ...], type[msgspec.Struct]] = WeakValueDictionary()


def _struct_of(selection: Selection) -> type[msgspec.Struct]:
    """What its objects' parts are made as, and kept by: one for all selections of a shape, which so share them."""
    struct = _STRUCTS.get(selection.shape)
    if struct is None:
        renamed = {f"f{number}": field.key for number, field in enumerate(selection.fields)}
        struct = msgspec.defstruct("Selected", [(name, Any) for name in renamed], rename=renamed, gc=False)
        _STRUCTS[selection.shape] = struct
    return struct


def _is_sliced(field: Field) -> bool:
    """Whether each value is a stretch of all the objects that were built below; or all of them, as one."""
    return field.lists == 1 and not field.nullable[1]


def _identifier(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no attribute's name")
    return name
