"""Answers of graph and algebra tasks, compared with networkx and sympy."""

import pytest

import internbootcamp_env as bootcamp

nx = pytest.importorskip("networkx")
sympy = pytest.importorskip("sympy")


def cases(name):
    task = bootcamp.get(name)
    for level in (1, 5, 10):
        for index in range(4):
            yield task.generate(split="test", seed=11, index=index, level=level)


def graph_of(question, kind=nx.Graph):
    graph = kind()
    graph.add_nodes_from(range(question["nodes"]))
    for a, b, *rest in question.get("edges", question.get("arcs")):
        graph.add_edge(a, b, weight=rest[0] if rest else 1, capacity=rest[0] if rest else 1)
    return graph


def letter(node):
    return chr(65 + node)


def test_flow_values_agree():
    for case in cases("graph.max_flow"):
        graph = graph_of(case.question, nx.DiGraph)
        last = case.question["nodes"] - 1
        out = sum(int(item.split(":")[1]) for item in case.answer if item.startswith("A>"))
        into = [item for item in case.answer if item.split(":")[0].endswith(f">{letter(last)}")]
        assert out == sum(int(item.split(":")[1]) for item in into)
        assert out == nx.maximum_flow_value(graph, 0, last)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("graph.max_clique", lambda g: max(map(len, nx.find_cliques(g)))),
        ("graph.bridges", lambda g: len(list(nx.bridges(g)))),
    ],
)
def test_sizes_agree(name, value):
    for case in cases(name):
        assert len(case.answer) == value(graph_of(case.question))


def test_betweenness_agrees():
    for case in cases("graph.betweenness"):
        scores = nx.betweenness_centrality(graph_of(case.question), normalized=False)
        wanted = scores[case.question["node"]]
        assert float(sympy.Rational(case.answer)) == pytest.approx(wanted, abs=1e-9)


def test_dominators_agree():
    for case in cases("graph.dominators"):
        graph = graph_of(case.question, nx.DiGraph)
        found = nx.immediate_dominators(graph, 0)
        assert case.answer == [letter(found[n]) for n in range(1, case.question["nodes"])]


def test_transitive_reductions_agree():
    for case in cases("graph.transitive_reduction"):
        reduced = nx.transitive_reduction(graph_of(case.question, nx.DiGraph))
        assert case.answer == sorted(f"{letter(a)}>{letter(b)}" for a, b in reduced.edges)


def test_spanning_tree_counts_agree():
    for case in cases("comb.spanning_trees"):
        laplacian = sympy.Matrix(nx.laplacian_matrix(graph_of(case.question)).toarray())
        assert case.answer == laplacian[1:, 1:].det()


def test_factorisations_agree():
    x = sympy.Symbol("x")
    for case in cases("alg.factor_polynomial"):
        poly = sympy.Poly(case.question["p"][::-1], x)
        constant, factors = sympy.factor_list(poly)
        assert sum(power for _, power in factors) == len(case.answer) - 1
        assert int(case.answer[0]) == constant


def test_resultants_agree():
    x = sympy.Symbol("x")
    for case in cases("alg.resultant"):
        p, q = (sympy.Poly(case.question[name][::-1], x) for name in "pq")
        assert case.answer == sympy.resultant(p, q)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nt.totient", lambda q: sympy.totient(q["number"])),
        ("nt.multiplicative_order", lambda q: sympy.n_order(q["number"], q["modulus"])),
        ("nt.discrete_log", lambda q: sympy.discrete_log(q["prime"], q["power"], q["base"])),
        ("nt.mod_inverse", lambda q: sympy.mod_inverse(q["number"], q["modulus"])),
    ],
)
def test_number_theory_agrees(name, value):
    for case in cases(name):
        assert case.answer == value(case.question)


def test_hidden_paths_are_the_likeliest_of_all():
    from itertools import product

    for case in cases("prob.hidden_path"):
        moves, signs, seen = (case.question[name] for name in ("moves", "signs", "seen"))

        def weight(path, moves=moves, signs=signs, seen=seen):
            total = 1
            for n, state in enumerate(path):
                total *= moves[path[n - 1]][state] if n else 1
                total *= signs[state]["xyz".index(seen[n])]
            return total

        best = max(map(weight, product(range(2), repeat=len(seen))))
        assert weight([state - 1 for state in case.answer]) == best
