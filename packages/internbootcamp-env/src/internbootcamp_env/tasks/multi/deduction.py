"""Find out a code, a word, the bad items or a wiring by well-chosen tests.

Source: textbook puzzles; the rules are in the prompts. The solver uses only what a player is
told. Knob: the number of codes, words, items or wires. (Long for the prompts of six tasks.)
"""

import itertools
from operator import eq

from internbootcamp_env.draws import Draws
from internbootcamp_env.episodes import MultiTurnTask, World
from internbootcamp_env.errors import UnparsableAnswer
from internbootcamp_env.numbers import parse_integer

_COLOURS = "ABCDEFGHIJ"


def feedback(secret: str, guess: str) -> tuple[int, int]:
    """Count places that agree, and further letters that occur elsewhere."""
    exact = sum(a == b for a, b in zip(secret, guess, strict=True))
    shared = sum(min(secret.count(letter), guess.count(letter)) for letter in set(guess))
    return exact, shared - exact


class _Code(World):
    def act(self, action: str) -> str:
        question = self.question
        guess = action.upper().replace(" ", "")
        letters = set(_COLOURS[: question["colours"]])
        if len(guess) != len(question["secret"]) or not set(guess) <= letters:
            raise UnparsableAnswer(f"{len(question['secret'])} letters out of {sorted(letters)}")
        if guess == question["secret"]:
            return self.win()
        exact, elsewhere = feedback(question["secret"], guess)
        return self.say(
            f"{exact} right, {elsewhere} misplaced", f"{exact} 个位置正确，{elsewhere} 个错位"
        )


def _code(draws: Draws, level: int) -> dict | None:
    pegs, colours = (3, 5 + level) if level < 6 else (4, 4 + level // 3)
    letters = _COLOURS[:colours]
    secret, tried = draws.text(letters, pegs), draws.text(letters, pegs)
    if secret == tried:
        return None
    exact, elsewhere = feedback(secret, tried)
    return {
        "pegs": pegs,
        "colours": colours,
        "letters": letters,
        "tried": tried,
        "exact": exact,
        "elsewhere": elsewhere,
        "secret": secret,
        "budget": 12,
    }


def _agrees(code: str, guess: str, told: tuple[int, int]) -> bool:
    """Tell whether a guess would be answered so; the cheap half is compared first."""
    return sum(map(eq, code, guess)) == told[0] and feedback(code, guess) == told


def _consistent(question: dict, backwards: bool = False) -> list[str]:
    """Guess the first code that agrees with all that is known, in a fixed order."""
    known = {question["tried"]: (question["exact"], question["elsewhere"])}
    letters = question["letters"][:: -1 if backwards else 1]
    for code in map("".join, itertools.product(letters, repeat=question["pegs"])):
        if all(_agrees(code, guess, told) for guess, told in known.items()):
            known[code] = feedback(question["secret"], code)
            if code == question["secret"]:
                break
    return list(known)[1:]


class _WordGuess(World):
    def act(self, action: str) -> str:
        guess = action.lower()
        if guess not in self.question["words"]:
            raise UnparsableAnswer("one word of the list")
        secret = self.question["words"][self.question["secret"]]
        return self.win() if guess == secret else _marks(secret, guess)


def _marks(secret: str, guess: str) -> str:
    """Mark letters: + here, ~ elsewhere (as often as unmatched ones remain), . not."""
    spare = [a for a, b in zip(secret, guess, strict=True) if a != b]
    marks = ""
    for a, b in zip(secret, guess, strict=True):
        if a == b:
            marks += "+"
        elif b in spare:
            spare.remove(b)
            marks += "~"
        else:
            marks += "."
    return marks


def _word_list(draws: Draws, level: int) -> dict:
    words: set[str] = set()
    while len(words) < 16 + 6 * level:
        pairs = (draws.pick("bdklmnprst") + draws.pick("aeiou") for _ in range(2))
        words.add("".join(pairs) + draws.pick("dklnrst"))
    listed = sorted(words)
    return {"words": listed, "secret": draws.below(len(listed)), "budget": 9}


def _guess_words(question: dict, backwards: bool = False) -> list[str]:
    words, secret = question["words"], question["words"][question["secret"]]
    left, log = words[:: -1 if backwards else 1], []
    while not log or log[-1] != secret:
        guess = left[0]
        log.append(guess)
        told = _marks(secret, guess)
        left = [word for word in left[1:] if _marks(word, guess) == told]
    return log


def read_set(text: str, top: int) -> set[int]:
    """Read `1 4 7-9` as a set of integers from 1 to `top`."""
    found: set[int] = set()
    for item in text.replace(",", " ").split():
        low, dash, high = item.partition("-")
        first = parse_integer(low)
        last = parse_integer(high) if dash else first
        if not 1 <= first <= last <= top:
            raise UnparsableAnswer(f"numbers from 1 to {top}")
        found.update(range(first, last + 1))
    if not found:
        raise UnparsableAnswer("at least one number")
    return found


class _Samples(World):
    def act(self, action: str) -> str:
        verb, _, rest = action.lower().partition(" ")
        chosen = read_set(rest, self.question["count"])
        if verb == "found":
            if chosen == set(self.question["bad"]):
                return self.win()
            return self.lose("those are not the bad samples", "不是这些样品")
        if verb != "test":
            raise UnparsableAnswer("'test ...' or 'found ...'")
        hit = chosen & set(self.question["bad"])
        return self.say("positive", "阳性") if hit else self.say("negative", "阴性")


def _samples(draws: Draws, level: int) -> dict:
    bad, count = 2 + level // 4, draws.between(16, 30) + 12 * level
    chosen = sorted(draws.sample(range(1, count + 1), bad))
    budget = bad * count.bit_length() + 1
    return {"count": count, "number": bad, "bad": chosen, "budget": budget}


def _pool(question: dict) -> list[str]:
    """Find the first bad sample by halving, then the first one behind it, and so on."""
    log, found, start = [], [], 1
    for _ in question["bad"]:
        low, high = start, question["count"]
        while low < high:
            middle = (low + high) // 2
            log.append(f"test {low}-{middle}")
            hit = any(low <= bad <= middle for bad in question["bad"])
            low, high = (low, middle) if hit else (middle + 1, high)
        found.append(low)
        start = low + 1
    return [*log, "found " + " ".join(map(str, found))]


class _Balance(World):
    def act(self, action: str) -> str:
        count, heavy = self.question["count"], self.question["heavy"]
        verb, _, rest = action.lower().partition(" ")
        if verb == "coin":
            right = parse_integer(rest) == heavy
            return self.win() if right else self.lose("it is another coin", "是另一枚硬币")
        left, bar, right = rest.partition("|")
        if verb != "weigh" or not bar:
            raise UnparsableAnswer("'weigh 1-3 | 4-6' or 'coin n'")
        pans = read_set(left, count), read_set(right, count)
        if pans[0] & pans[1] or len(pans[0]) != len(pans[1]):
            raise UnparsableAnswer("as many coins on both sides, none on both")
        if heavy in pans[0]:
            return self.say("left is heavier", "左边重")
        return (
            self.say("right is heavier", "右边重") if heavy in pans[1] else self.say("even", "平")
        )


def _coins(draws: Draws, level: int) -> dict:
    count = draws.between(20 + 28 * level, 80 + 60 * level)
    budget, reach = 1, 1
    while reach < count:
        budget, reach = budget + 1, 3 * reach
    return {"count": count, "heavy": draws.between(1, count), "budget": budget}


def _weigh(question: dict) -> list[str]:
    """Weigh a third of the candidates against another third."""
    low, high, log = 1, question["count"], []
    while low < high:
        third = (high - low + 2) // 3
        if low + 2 * third - 1 > high:  # two candidates: one against the other
            third = (high - low + 1) // 2
        log.append(f"weigh {low}-{low + third - 1} | {low + third}-{low + 2 * third - 1}")
        pan = min(2, (question["heavy"] - low) // third)
        low, high = low + pan * third, high if pan == 2 else low + (pan + 1) * third - 1
    return [*log, f"coin {low}"]


class _Wires(World):
    def act(self, action: str) -> str:
        verb, _, rest = action.lower().partition(" ")
        wiring = self.question["wiring"]
        if verb == "wiring":
            named = [parse_integer(item) for item in rest.replace(",", " ").split()]
            return self.win() if named == wiring else self.lose("not so", "不是这样")
        if verb != "switch":
            raise UnparsableAnswer("'switch 1 3' or 'wiring ...'")
        on = sorted(wiring[n - 1] for n in read_set(rest, len(wiring)))
        return self.say("lamps on: ", "亮灯：") + " ".join(map(str, on))


def _wires(draws: Draws, level: int) -> dict:
    count = 6 + level
    wiring = draws.shuffled(range(1, count + 1))
    return {"count": count, "wiring": wiring, "budget": (count - 1).bit_length() + 1}


def _trace(question: dict) -> list[str]:
    """Switch on those whose number, less one, has a given bit: lamps spell their switch."""
    count, wiring = question["count"], question["wiring"]
    log, code = [], dict.fromkeys(range(1, count + 1), 0)
    for bit in range((count - 1).bit_length()):
        on = [n for n in range(1, count + 1) if n - 1 >> bit & 1]
        log.append("switch " + " ".join(map(str, on)))
        for lamp in (wiring[n - 1] for n in on):
            code[lamp] |= 1 << bit
    lamp_of = {number + 1: lamp for lamp, number in code.items()}
    return [*log, "wiring " + " ".join(str(lamp_of[n]) for n in range(1, count + 1))]


class _PairScale(World):
    def act(self, action: str) -> str:
        verb, _, rest = action.lower().partition(" ")
        numbers = [parse_integer(item) for item in rest.replace(",", " ").split()]
        weights = self.question["weights"]
        if verb == "weights":
            return self.win() if numbers == weights else self.lose("not so", "不是这样")
        if verb != "weigh" or len(set(numbers)) != 2 or len(numbers) != 2:
            raise UnparsableAnswer("'weigh i j' with two different parcels, or 'weights ...'")
        if not all(1 <= n <= len(weights) for n in numbers):
            raise UnparsableAnswer(f"parcels from 1 to {len(weights)}")
        return f"{sum(weights[n - 1] for n in numbers)} kg"


def _parcels(draws: Draws, level: int) -> dict:
    weights = draws.integers(3 + level, 1, 30 + 10 * level)
    return {"count": len(weights), "weights": weights, "budget": len(weights) + 1}


def _pair_sums(question: dict, base: tuple[int, int, int] = (1, 2, 3)) -> list[str]:
    """Three pairs of a triangle give three weights; each other parcel goes with one of them."""
    a, b, c = base
    real = question["weights"]
    ab, bc, ac = (real[i - 1] + real[j - 1] for i, j in ((a, b), (b, c), (a, c)))
    known = {a: (ab + ac - bc) // 2, b: (ab + bc - ac) // 2, c: (ac + bc - ab) // 2}
    log = [f"weigh {a} {b}", f"weigh {b} {c}", f"weigh {a} {c}"]
    for other in range(1, question["count"] + 1):
        if other not in known:
            log.append(f"weigh {a} {other}")
            known[other] = real[a - 1] + real[other - 1] - known[a]
    return [*log, "weights " + " ".join(str(known[n]) for n in sorted(known))]


TASKS = (
    MultiTurnTask(
        id="multi.code_breaker",
        title="Break a colour code from counted hits",
        knob="codes",
        world=_Code,
        draw=_code,
        solve=_consistent,
        second=lambda q: _consistent(q, backwards=True),
        size=lambda q: q["colours"] ** q["pegs"],
        en=(
            "Break a secret code of {pegs} letters out of {letters} (repeats allowed) in {budget} "
            "guesses. After a guess you learn how many places are right and how many further "
            "letters are misplaced. Someone tried {tried}: {exact} right, {elsewhere} misplaced.",
            "Mastermind with {pegs} places and the colours {letters}, repeats allowed, {budget} "
            "guesses. Known: {tried} has {exact} right and {elsewhere} misplaced.",
            "{pegs} of {letters}, {budget} guesses; {tried}: {exact} + {elsewhere}",
        ),
        zh=(
            "秘密代码由 {pegs} 个字母组成，取自 {letters}（可重复），请在 {budget} 次内破解。每次"
            "猜测后告知几个位置正确、另有几个字母错位。已有人试过 {tried}：{exact} 正确，"
            "{elsewhere} 错位。",
            "珠玑妙算：{pegs} 个位置，颜色 {letters}，可重复，{budget} 次机会。已知 {tried} 有 "
            "{exact} "
            "个正确、{elsewhere} 个错位。",
            "{pegs} 位，取自 {letters}，{budget} 次；{tried}：{exact} + {elsewhere}",
        ),
    ),
    MultiTurnTask(
        id="multi.word_guess",
        title="Guess a listed word from marked letters",
        knob="words",
        world=_WordGuess,
        draw=_word_list,
        echoes=True,
        solve=_guess_words,
        second=lambda q: _guess_words(q, backwards=True),
        en=(
            "One of these words is secret: {words}. Guess within {budget} turns; each letter of a "
            "wrong guess is marked + (right place), ~ (elsewhere in the word) or . (not there, or "
            "no more of it).",
            "Find the secret word in {budget} guesses from the list {words}. Marks: + right "
            "place, ~ wrong place, . absent.",
            "{budget} guesses, marks + ~ . : {words}",
        ),
        zh=(
            "下列词中有一个是秘密词：{words}。请在 {budget} 回合内猜中；猜错时每个字母标记为 +（位"
            "置对）、"
            "~（在别处）或 .（没有或已用尽）。",
            "从列表 {words} 中用最多 {budget} 次猜出秘密词。标记：+ 位置对，~ 位置错，. 没有。",
            "{budget} 次，标记 + ~ .：{words}",
        ),
    ),
    MultiTurnTask(
        id="multi.pooled_tests",
        title="Find the bad samples by pooled tests",
        knob="samples",
        world=_Samples,
        draw=_samples,
        solve=_pool,
        size=lambda q: q["count"],
        en=(
            "Exactly {number} of {count} samples are bad. 'test 1 4 7-9' pools samples and is "
            "positive if any of them is bad; 'found 3 8' names the bad ones and ends. You have "
            "{budget} turns.",
            "Identify the {number} bad samples among 1 to {count} with pooled tests ('test 5-9') "
            "and then 'found ...', all within {budget} turns.",
            "{number} bad of {count}, {budget} turns, test / found:",
        ),
        zh=(
            "{count} 个样品中恰有 {number} 个不合格。“test 1 4 7-9”混合检测，其中有不合格者即为阳"
            "性；"
            "“found 3 8”指出不合格者并结束。共 {budget} 回合。",
            "用混合检测（如“test 5-9”）在 1 到 {count} 号中找出 {number} 个不合格样品，最后“found "
            "...”，"
            "总共 {budget} 回合。",
            "{count} 中 {number} 个不合格，{budget} 回合，test / found：",
        ),
    ),
    MultiTurnTask(
        id="multi.heavy_coin",
        title="Find the heavy coin with a balance",
        knob="coins",
        world=_Balance,
        draw=_coins,
        solve=_weigh,
        size=lambda q: q["count"],
        en=(
            "One of {count} coins is heavier than the others. 'weigh 1-3 | 4 5 6' compares as "
            "many coins on either side; 'coin n' names the heavy one and ends. {budget} turns.",
            "Among the coins 1 to {count} one is too heavy. Use a balance ('weigh 1-9 | 10-18') "
            "and name it by 'coin n', within {budget} turns altogether.",
            "{count} coins, one heavy, {budget} turns, weigh / coin:",
        ),
        zh=(
            "{count} 枚硬币中有一枚偏重。“weigh 1-3 | 4 5 6”比较两边同样多的硬币；“coin n”指出偏重"
            "者"
            "并结束。共 {budget} 回合。",
            "1 到 {count} 号硬币中有一枚偏重，用天平（“weigh 1-9 | 10-18”）找出并用“coin n”指出，"
            "总共 {budget} 回合。",
            "{count} 枚，一枚偏重，{budget} 回合，weigh / coin：",
        ),
    ),
    MultiTurnTask(
        id="multi.wire_tracing",
        title="Find which switch works which lamp",
        knob="switches",
        world=_Wires,
        draw=_wires,
        solve=_trace,
        size=lambda q: q["count"],
        en=(
            "Each of {count} switches works one of {count} lamps, all different. 'switch 1 3' "
            "turns on just these and shows the lamps; 'wiring ...' names the lamps of switches 1, "
            "2, ... in order and ends. You have {budget} turns.",
            "Find the permutation from {count} switches to {count} lamps in {budget} turns: "
            "'switch 2 5-7' shows which lamps light up, 'wiring 4 1 ...' is the final answer.",
            "{count} switches, {budget} turns, switch / wiring:",
        ),
        zh=(
            "{count} 个开关各控制一盏灯，互不相同。“switch 1 3”只打开这些开关并显示亮灯；“wiring "
            "...”"
            "按开关 1、2… 的顺序写出各自的灯并结束。共 {budget} 回合。",
            "在 {budget} 回合内求 {count} 个开关到 {count} 盏灯的排列：“switch 2 5-7”显示哪些灯亮，"
            "“wiring 4 1 ...”为最终答案。",
            "{count} 个开关，{budget} 回合，switch / wiring：",
        ),
    ),
    MultiTurnTask(
        id="multi.pair_scale",
        title="Find weights that can only be weighed in pairs",
        knob="parcels",
        world=_PairScale,
        draw=_parcels,
        solve=_pair_sums,
        second=lambda q: _pair_sums(q, (2, 3, 4)),
        size=lambda q: q["count"],
        en=(
            "A scale takes exactly two of {count} parcels at once: 'weigh i j' tells their sum. "
            "'weights ...' states all weights in order and ends. You have {budget} turns.",
            "Find the weights of parcels 1 to {count}, seeing only sums of two ('weigh 1 2'); "
            "answer by 'weights a b ...' within {budget} turns altogether.",
            "{count} parcels, {budget} turns, weigh / weights:",
        ),
        zh=(
            "秤上每次恰好放 {count} 个包裹中的两个：“weigh i j”给出重量之和。“weights ...”按顺序写"
            "出"
            "全部重量并结束。共 {budget} 回合。",
            "只能看到两两之和（“weigh 1 2”），求 1 到 {count} 号包裹的重量；用“weights a b ...”作"
            "答，"
            "总共 {budget} 回合。",
            "{count} 个包裹，{budget} 回合，weigh / weights：",
        ),
    ),
)
