import pytest

from internbootcamp_env.draws import Draws, key_of
from internbootcamp_env.engines import small_programs as programs
from internbootcamp_env.engines.state_search import meeting_plan, shortest_plan


def doubling(n):
    return [("double", 2 * n), ("less", n - 1)] if 0 <= n < 100 else []


def test_a_shortest_plan_by_hand():
    # 3 -> 6 -> 5 -> 10: no two steps do, as 3 gives only 6 or 2, and these 12, 5, 4 or 1.
    assert shortest_plan(3, doubling, (10).__eq__) == ["double", "less", "double"]
    assert shortest_plan(3, doubling, (3).__eq__) == []
    assert shortest_plan(-1, doubling, (3).__eq__) is None


def ring(n):
    return [("+", (n + 1) % 12), ("-", (n - 1) % 12)]


@pytest.mark.parametrize("end", range(12))
def test_a_plan_from_both_ends_is_as_short_as_from_one(end):
    plan = meeting_plan(0, end, ring, {"+": "-", "-": "+"}.get)
    assert len(plan) == min(end, 12 - end)
    place = 0
    for step in plan:
        place = dict(ring(place))[step]
    assert place == end


def test_both_interpreters_agree_on_drawn_programs():
    for index in range(200):
        draws = Draws(key_of("programs", index))
        program = programs.draw_program(draws, "abc", 8, 97)
        start = {"a": 3, "b": 11, "c": 20}
        assert programs.run(program, start) == programs.run_compiled(program, start)


def test_a_program_by_hand():
    body = [["set", "a", ["+", "a", 2]], ["if", "a", ">", 5, [["set", "b", ["*", "a", "b"]]], []]]
    program = [["repeat", 3, body], ["set", "c", ["%", ["-", "a", 20], 7]]]
    # a: 1, 3, 5, 7; b is multiplied once, by 7; -13 leaves 1 on division by 7.
    assert programs.run(program, {"a": 1, "b": 2, "c": 0}) == {"a": 7, "b": 14, "c": 1}
    assert programs.write_program(program).splitlines()[0] == "repeat 3 times:"


def test_a_program_that_grows_without_bound_is_stopped():
    program = [["repeat", 300, [["set", "a", ["*", "a", "a"]]]]]
    with pytest.raises(programs.ProgramLimit):
        programs.run(program, {"a": 3})
