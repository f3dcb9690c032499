"""Products: MatMul, Gemm, Einsum, Det."""

from __future__ import annotations

from tests.fuzz.draft import Draft

_EQUATIONS = (
    "ij,jk->ik", "bij,bjk->bik", "bchw,cd->bdhw", "ij->ji", "ij->", "ii->i", "bhqd,bhkd->bhqk", "i,j->ij",
    "...ij,...jk->...ik", "bij->bi", "ij,ij->i", "ij,jk", "abc,acd->abd",
)  # fmt: skip


def _matmul(d: Draft) -> None:
    x = d.operand()
    inner, columns = x.shape[-1], d.choose.integer(1, 6)
    how = d.choose.integer(0, 4)
    if how == 0:
        d.add("MatMul", [x, d.weight((inner, columns), runtime=30)])
    elif how == 1 and x.rank > 1:
        d.add("MatMul", [d.weight((columns, x.shape[-2]), runtime=30), x])
    elif how == 2 and x.rank > 1:
        batch = tuple(d.choose.of([s, 1]) for s in x.shape[:-2])
        d.add("MatMul", [x, d.weight((*batch, inner, columns), runtime=60)])
    elif how == 3:
        d.add("MatMul", [x, d.weight((inner,), runtime=30)])
    else:
        d.add("MatMul", [x, d.weight((d.choose.integer(1, 3), inner, columns), runtime=30)])


def _gemm(d: Draft) -> None:
    a = d.operand(ranks=(2,))
    trans_a, trans_b = d.choose.of([None, 1]), d.choose.of([None, 0, 1])
    rows, inner = reversed(a.shape) if trans_a else a.shape
    columns = d.choose.integer(1, 6)
    b = d.weight((columns, inner) if trans_b else (inner, columns), runtime=25)
    shapes = [(columns,), (rows, columns), (1, columns), (rows, 1), (1,), ()]
    c = [d.weight(d.choose.of(shapes), runtime=25)] if d.opset < 11 or d.choose.chance(70) else []
    alpha, beta = d.choose.of([None, 0.5]), d.choose.of([None, 2.0, 0.0])
    d.add("Gemm", [a, b, *c], transA=trans_a, transB=trans_b, alpha=alpha, beta=beta)


def _einsum(d: Draft) -> None:
    equation = d.choose.of(_EQUATIONS)
    first, *rest = equation.split("->")[0].split(",")
    x = d.operand(ranks=(len(first.replace("...", "b")),), where=lambda v: _is_square(first, v.shape))
    sizes = dict(zip(first.replace("...", "B"), x.shape, strict=True))
    others = [
        d.weight([sizes.setdefault(c, d.choose.integer(1, 4)) for c in term.replace("...", "B")], runtime=50)
        for term in rest
    ]
    d.add("Einsum", [x, *others], equation=equation)


def _is_square(term: str, shape: tuple[int, ...]) -> bool:
    return term != "ii" or shape[0] == shape[1]


def _det(d: Draft) -> None:
    d.add(
        "Det",
        [d.operand(ranks=range(2, 5), where=lambda v: v.shape[-1] == v.shape[-2], shape=lambda: (2, 3, 3))],
    )


TABLE = {"MatMul": _matmul, "Gemm": _gemm, "Einsum": _einsum, "Det": _det}
