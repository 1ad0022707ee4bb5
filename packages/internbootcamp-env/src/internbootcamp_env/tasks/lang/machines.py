"""Small machines and notations: stacks, automata, brackets, rewriting.

Source: textbook definitions; every machine is defined in the prompt. Knob: the number of steps or
symbols.
"""

import re

from internbootcamp_env.answers import Choice, Integer, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_OPERATORS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


def _tree(draws: Draws, operators: int) -> list | int:
    if not operators:
        return draws.between(1, 9)
    left = draws.below(operators)
    sign = draws.weighted("+-*", (3, 3, 2))
    return [sign, _tree(draws, left), _tree(draws, operators - 1 - left)]


def _postfix(tree: list | int) -> list[str]:
    if isinstance(tree, int):
        return [str(tree)]
    return [*_postfix(tree[1]), *_postfix(tree[2]), tree[0]]


def _infix(tree: list | int) -> str:
    if isinstance(tree, int):
        return str(tree)
    return f"({_infix(tree[1])} {tree[0]} {_infix(tree[2])})"


def _value(tree: list | int) -> int:
    if isinstance(tree, int):
        return tree
    return _OPERATORS[tree[0]](_value(tree[1]), _value(tree[2]))


def _tokens(draws: Draws, level: int) -> dict:
    return {"tokens": _postfix(_tree(draws, 2 + level))}


def _run_postfix(question: dict) -> int:
    stack: list[int] = []
    for token in question["tokens"]:
        if token in _OPERATORS:
            right, left = stack.pop(), stack.pop()
            stack.append(_OPERATORS[token](left, right))
        else:
            stack.append(int(token))
    return stack.pop()


def _run_postfix_backwards(question: dict) -> int:
    """Evaluate by recursion from the last token."""
    tokens = list(question["tokens"])

    def take() -> int:
        token = tokens.pop()
        if token not in _OPERATORS:
            return int(token)
        right, left = take(), take()
        return _OPERATORS[token](left, right)

    return take()


def _expression(draws: Draws, level: int) -> dict:
    return {"tree": _tree(draws, 2 + level)}


def _postfix_by_stack(question: dict) -> list[str]:
    """Convert fully bracketed text with a stack of operators."""
    output: list[str] = []
    stack: list[str] = []
    for token in re.findall(r"\d+|[-+*()]", _infix(question["tree"])):
        if token.isdigit():
            output.append(token)
        elif token == ")":
            output.append(stack.pop())
        elif token != "(":
            stack.append(token)
    return output


def _automaton(draws: Draws, level: int) -> dict:
    states = 3 + level // 2
    table = [draws.integers(2, 0, states - 1) for _ in range(states)]
    return {"table": table, "word": draws.text("ab", 4 + 4 * level)}


def _run(question: dict) -> int:
    state = 0
    for letter in question["word"]:
        state = question["table"][state]["ab".index(letter)]
    return state


def _run_by_composition(question: dict) -> int:
    """Compose the letters' maps over all states, from the last letter to the first."""
    table = question["table"]
    image = list(range(len(table)))
    for letter in reversed(question["word"]):
        image = [image[row["ab".index(letter)]] for row in table]
    return image[0]


def _balanced_automaton(draws: Draws, level: int) -> dict:
    wanted = draws.below(3 + level // 2)
    while True:
        question = _automaton(draws, level)
        if _run(question) == wanted:
            return question


def _show_automaton(question: dict) -> dict:
    rows = [f"{s}: a->{row[0]}, b->{row[1]}" for s, row in enumerate(question["table"])]
    return {"table": "; ".join(rows), "word": question["word"]}


_PAIRS = {"(": ")", "[": "]", "<": ">"}


def _brackets(draws: Draws, level: int) -> dict | None:
    text, stack = "", []
    length = 6 + 4 * level
    while len(text) < length:
        if stack and draws.chance(2, 5):
            text += _PAIRS[stack.pop()]
        else:
            stack.append(draws.pick("([<"))
            text += stack[-1]
    return {"text": text} if len(stack) >= 2 else None


def _closing(question: dict) -> str:
    stack = []
    for mark in question["text"]:
        if mark in _PAIRS:
            stack.append(_PAIRS[mark])
        else:
            stack.pop()
    return "".join(reversed(stack))


def _closing_by_erasing(question: dict) -> str:
    text = question["text"]
    while (shorter := re.sub(r"\(\)|\[\]|<>", "", text)) != text:
        text = shorter
    return "".join(_PAIRS[mark] for mark in reversed(text))


def _maybe_balanced(draws: Draws, level: int) -> dict | None:
    question = _brackets(draws, level)
    if question is None:
        return None
    text = question["text"] + _closing(question)
    if draws.chance(1, 2):
        place = draws.between(1, len(text) - 2)
        other = draws.pick("()[]<>".replace(text[place], ""))
        text = text[:place] + other + text[place + 1 :]
    return {"text": text}


def _is_balanced(question: dict) -> str:
    stack = []
    for mark in question["text"]:
        if mark in _PAIRS:
            stack.append(_PAIRS[mark])
        elif not stack or stack.pop() != mark:
            return "no"
    return "no" if stack else "yes"


def _is_balanced_by_erasing(question: dict) -> str:
    text = question["text"]
    while (shorter := re.sub(r"\(\)|\[\]|<>", "", text)) != text:
        text = shorter
    return "no" if text else "yes"


def _system(draws: Draws, level: int) -> dict:
    rules = {letter: draws.text("abc", draws.between(1, 3)) for letter in "abc"}
    steps = 2 + level // 3
    return {"start": draws.text("abc", 2 + level // 2), "rules": rules, "steps": steps}


def _rewrite(question: dict) -> str:
    text = question["start"]
    for _ in range(question["steps"]):
        text = "".join(question["rules"][letter] for letter in text)
    return text


def _rewrite_by_letter(question: dict) -> str:
    """Expand each letter to its full depth before the next."""

    def grow(letter: str, steps: int) -> str:
        if not steps:
            return letter
        return "".join(grow(x, steps - 1) for x in question["rules"][letter])

    return "".join(grow(letter, question["steps"]) for letter in question["start"])


def _show_rules(question: dict) -> dict:
    rules = ", ".join(f"{a}->{b}" for a, b in sorted(question["rules"].items()))
    return question | {"rules": rules}


def _program(draws: Draws, level: int) -> dict:
    lines = [["set", name, draws.between(1, 9)] for name in "xyz"]
    for _ in range(2 + 2 * level):
        kind = draws.weighted(("add", "sub", "mul", "swap", "ifpos"), (3, 3, 1, 2, 2))
        a, b = draws.sample("xyz", 2)
        lines.append([kind, a, draws.between(2, 3) if kind == "mul" else b])
    return {"lines": lines}


def _execute(question: dict) -> list[str]:
    values: dict[str, int] = {}
    for kind, a, b in question["lines"]:
        if kind == "set":
            values[a] = b
        elif kind == "add":
            values[a] += values[b]
        elif kind == "sub":
            values[a] -= values[b]
        elif kind == "mul":
            values[a] *= b
        elif kind == "swap":
            values[a], values[b] = values[b], values[a]
        elif values[b] > 0:
            values[a] = -values[a]
    return [str(values[name]) for name in "xyz"]


def _show_program(question: dict) -> dict:
    forms = {
        "set": "{0} = {1}",
        "add": "{0} += {1}",
        "sub": "{0} -= {1}",
        "mul": "{0} *= {1}",
        "swap": "swap {0} {1}",
        "ifpos": "if {1} > 0: {0} = -{0}",
    }
    return {"program": "\n".join(forms[kind].format(a, b) for kind, a, b in question["lines"])}


TASKS = (
    Task(
        id="lang.postfix_value",
        title="Evaluate reverse Polish notation",
        knob="operators",
        draw=_tokens,
        solve=_run_postfix,
        second=_run_postfix_backwards,
        answer=Integer(),
        en=(
            "Evaluate this expression in reverse Polish notation: {tokens}",
            "Numbers are pushed on a stack; an operator takes the top two (the deeper one first) "
            "and pushes the result. What is left after {tokens}?",
            "RPN: {tokens}",
        ),
        zh=(
            "求逆波兰表达式的值：{tokens}",
            "数字入栈；运算符取出栈顶两个数（较深者在前）并压入结果。执行 {tokens} 后剩下什么？",
            "逆波兰：{tokens}",
        ),
    ),
    Task(
        id="lang.to_postfix",
        title="Convert to reverse Polish notation",
        knob="operators",
        draw=_expression,
        solve=lambda q: _postfix(q["tree"]),
        second=_postfix_by_stack,
        answer=Words(example="+"),
        show=lambda q: {"text": _infix(q["tree"])},
        en=(
            "Write {text} in reverse Polish notation, keeping the order of the numbers.",
            "Turn {text} into postfix form (operands before their operator, numbers in the same "
            "order).",
            "To RPN: {text}",
        ),
        zh=(
            "把 {text} 写成逆波兰式，数字顺序不变。",
            "将 {text} 改为后缀形式（操作数在运算符之前，数字顺序不变）。",
            "转逆波兰：{text}",
        ),
    ),
    Task(
        id="lang.automaton_state",
        title="Final state of a finite automaton",
        knob="letters",
        draw=_balanced_automaton,
        solve=_run,
        second=_run_by_composition,
        answer=Integer(),
        ways=lambda level: 3 + level // 2,
        show=_show_automaton,
        en=(
            "An automaton starts in state 0 and moves by {table}. In which state is it after "
            "reading {word}?",
            "With the transitions {table} and the start state 0, where does the word {word} lead?",
            "{table}. Read {word} from 0:",
        ),
        zh=(
            "自动机从状态 0 出发，转移为 {table}。读完 {word} 后处于哪个状态？",
            "转移表 {table}，起始状态 0，读入 {word} 到达哪个状态？",
            "{table}。从 0 读 {word}：",
        ),
    ),
    Task(
        id="lang.close_brackets",
        title="Close open brackets",
        knob="brackets",
        draw=_brackets,
        solve=_closing,
        second=_closing_by_erasing,
        answer=Word(")]>", "The answer is a row of closing brackets.", "答案是一串右括号。"),
        echoes=True,
        en=(
            "Which closing brackets, in order, complete {text}?",
            "Finish the bracket sequence {text} with as few brackets as possible.",
            "Close: {text}",
        ),
        zh=("依次补上哪些右括号才能使 {text} 完整？", "用最少的括号补全 {text}。", "补全：{text}"),
    ),
    Task(
        id="lang.balanced",
        title="Decide whether brackets are balanced",
        knob="brackets",
        draw=_maybe_balanced,
        solve=_is_balanced,
        second=_is_balanced_by_erasing,
        answer=Choice(),
        ways=2,
        en=(
            "Are the brackets {text} balanced and properly nested?",
            "Does every bracket of {text} close the right one?",
            "Balanced: {text}",
        ),
        zh=("括号 {text} 是否配对且正确嵌套？", "{text} 中每个括号都正确闭合吗？", "配对：{text}"),
    ),
    Task(
        id="lang.rewriting",
        title="Parallel rewriting",
        knob="steps",
        draw=_system,
        solve=_rewrite,
        second=_rewrite_by_letter,
        answer=Word(
            "abc", "The answer is a word of the letters a, b, c.", "答案是由 a、b、c 组成的串。"
        ),
        show=_show_rules,
        en=(
            "In each step every letter is replaced at once by the rules {rules}. What does "
            "{start} become after {steps} steps?",
            "Apply the L-system {rules} to {start} for {steps} generations.",
            "{rules}; {start}, {steps} steps:",
        ),
        zh=(
            "每步按规则 {rules} 同时替换所有字母，{start} 经过 {steps} 步变成什么？",
            "对 {start} 应用 L 系统 {rules} 共 {steps} 代。",
            "{rules}；{start}，{steps} 步：",
        ),
    ),
    Task(
        id="lang.program_trace",
        title="Final values of a small program",
        knob="statements",
        draw=_program,
        solve=_execute,
        answer=Words(example="0"),
        show=_show_program,
        en=(
            "Run this program line by line and give the final values of x y z:\n{program}",
            "What are x, y and z (in this order) after the program?\n{program}",
            "x y z after:\n{program}",
        ),
        zh=(
            "逐行执行程序，给出 x y z 的最终值：\n{program}",
            "程序执行后 x、y、z（依次）各是多少？\n{program}",
            "执行后的 x y z：\n{program}",
        ),
    ),
)
