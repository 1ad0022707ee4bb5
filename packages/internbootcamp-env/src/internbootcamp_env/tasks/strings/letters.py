"""Words of random letters: reorder them, change them, count in them, look into them.

Source: definitions only. Knob: the length of the word, 3 letters at level 1 and 30 at level 10.
At low levels the letters are the first ten of the alphabet.
"""

from internbootcamp_env.answers import Integer, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_LETTER = Word(_LOWER, "The answer is one letter.", "答案是一个字母。")
_WORD = Word(_LOWER, "The answer is one word of lower-case letters.", "答案是一个小写字母串。")


def _length(level: int) -> int:
    return 3 * level


def _alphabet(level: int) -> str:
    return _LOWER[: min(26, 7 + 3 * level)]


def _text(draws: Draws, level: int) -> dict:
    return {"text": draws.text(_alphabet(level), _length(level) + 1)}


def _shifted(draws: Draws, level: int) -> dict:
    text = draws.text(_alphabet(level), _length(level))
    return {"text": text, "shift": draws.between(1, min(25, 2 + level))}


def _caesar(question: dict) -> str:
    return "".join(
        _LOWER[(_LOWER.index(letter) + question["shift"]) % 26] for letter in question["text"]
    )


def _rotatable(draws: Draws, level: int) -> dict:
    text = draws.text(_alphabet(level), _length(level) + 1)
    return {"text": text, "steps": draws.between(1, _length(level))}


def _rotate(question: dict) -> str:
    text, steps = question["text"], question["steps"]
    return text[steps:] + text[:steps]


def _repetitive(draws: Draws, level: int) -> dict:
    return {"text": draws.text(_alphabet(level)[: 4 + 2 * level], _length(level) + 2)}


def _odd_text(draws: Draws, level: int) -> dict:
    return {"text": draws.text(_alphabet(level), 2 * _length(level) - 1)}


def _countable(draws: Draws, level: int) -> dict:
    length = _length(level) + 3
    letter, *others = draws.shuffled(_alphabet(level))
    count = draws.between(0, min(length, 5 + level))
    text = [letter] * count + [draws.pick(others) for _ in range(length - count)]
    return {"text": "".join(draws.shuffled(text)), "letter": letter}


def _positioned(draws: Draws, level: int) -> dict:
    text = draws.text(_alphabet(level), _length(level) + 2)
    return {"text": text, "place": draws.between(1, len(text))}


def _longest_run(question: dict) -> str:
    text, best, start = question["text"], "", 0
    for place in range(1, len(text) + 1):
        if place == len(text) or text[place] != text[place - 1]:
            if place - start > len(best):
                best = text[start:place]
            start = place
    return best


def _running(draws: Draws, level: int) -> dict:
    text = ""
    for letter in draws.sample(_alphabet(level), min(len(_alphabet(level)), level + 3)):
        text += letter * draws.between(1, 2 + level // 3)
    return {"text": text}


def _encode_runs(question: dict) -> str:
    pieces, text, start = [], question["text"], 0
    for place in range(1, len(text) + 1):
        if place == len(text) or text[place] != text[start]:
            pieces.append(f"{text[start]}{place - start}")
            start = place
    return "".join(pieces)


def _by_index_reversed(question: dict) -> str:
    letters: list[str] = []
    for letter in question["text"]:
        letters.insert(0, letter)
    return "".join(letters)


def _by_selection(question: dict) -> str:
    pool, result = list(question["text"]), ""
    while pool:
        pool.remove(least := min(pool))
        result += least
    return result


TASKS = (
    Task(
        id="strings.reverse",
        title="Reverse a word",
        knob="letters",
        draw=_text,
        solve=lambda q: q["text"][::-1],
        second=_by_index_reversed,
        answer=_WORD,
        en=(
            "Write the word {text} backwards.",
            "Read the letters of {text} from right to left. Which word do you get?",
            "Reverse: {text}",
        ),
        zh=(
            "把字母串 {text} 倒过来写。",
            "从右到左读 {text} 的字母，得到什么？",
            "倒写：{text}",
        ),
    ),
    Task(
        id="strings.rotate",
        title="Move the first k letters of a word to its end",
        knob="letters",
        draw=_rotatable,
        solve=_rotate,
        second=lambda q: (q["text"] * 2)[q["steps"] : q["steps"] + len(q["text"])],
        answer=_WORD,
        en=(
            "Move the first {steps} letters of {text} to the end, keeping their order.",
            "Rotate the word {text} to the left by {steps} places.",
            "Rotate left {steps}: {text}",
        ),
        zh=(
            "把 {text} 的前 {steps} 个字母按原顺序移到末尾。",
            "将字母串 {text} 向左循环移动 {steps} 位。",
            "左移 {steps}：{text}",
        ),
    ),
    Task(
        id="strings.sort_letters",
        title="Sort the letters of a word",
        knob="letters",
        draw=_text,
        solve=lambda q: "".join(sorted(q["text"])),
        second=_by_selection,
        answer=_WORD,
        en=(
            "Put the letters of {text} into alphabetical order, keeping repeated letters.",
            "Sort all letters of the word {text} from a to z.",
            "Sort letters: {text}",
        ),
        zh=(
            "把 {text} 的字母按字母表顺序排列，保留重复字母。",
            "将字母串 {text} 的所有字母从 a 到 z 排序。",
            "字母排序：{text}",
        ),
    ),
    Task(
        id="strings.dedupe",
        title="Keep the first occurrence of every letter",
        knob="letters",
        draw=_repetitive,
        solve=lambda q: "".join(dict.fromkeys(q["text"])),
        second=lambda q: "".join(c for i, c in enumerate(q["text"]) if c not in q["text"][:i]),
        answer=_WORD,
        en=(
            "Delete every letter of {text} that has already occurred before it.",
            "Keep only the first occurrence of each letter in {text}, in the same order.",
            "Dedupe: {text}",
        ),
        zh=(
            "删去 {text} 中前面已经出现过的字母。",
            "{text} 中每个字母只保留第一次出现，顺序不变。",
            "去重：{text}",
        ),
        echoes=True,
    ),
    Task(
        id="strings.first_letter",
        title="First letters of several words",
        knob="words",
        draw=lambda d, level: {
            "words": [d.text(_alphabet(level), d.between(3, 4 + level)) for _ in range(1 + level)]
        },
        solve=lambda q: "".join(word[0] for word in q["words"]),
        answer=_WORD,
        en=(
            "Join the first letters of these words into one word: {words}",
            "What do the initial letters of the words {words} spell?",
            "First letters: {words}",
        ),
        zh=(
            "把这些词的首字母连成一个词：{words}",
            "{words} 各词的第一个字母依次拼成什么？",
            "首字母：{words}",
        ),
    ),
    Task(
        id="strings.last_letter",
        title="Last letters of several words",
        knob="words",
        draw=lambda d, level: {
            "words": [d.text(_alphabet(level), d.between(3, 4 + level)) for _ in range(1 + level)]
        },
        solve=lambda q: "".join(word[-1] for word in q["words"]),
        answer=_WORD,
        en=(
            "Join the last letters of these words into one word: {words}",
            "What do the final letters of the words {words} spell?",
            "Last letters: {words}",
        ),
        zh=(
            "把这些词的末字母连成一个词：{words}",
            "{words} 各词的最后一个字母依次拼成什么？",
            "末字母：{words}",
        ),
    ),
    Task(
        id="strings.middle_letter",
        title="Middle letter of a word of odd length",
        knob="letters",
        draw=_odd_text,
        solve=lambda q: q["text"][len(q["text"]) // 2],
        answer=_LETTER,
        ways=lambda level: len(_alphabet(level)),
        echoes=True,
        en=(
            "Which letter stands exactly in the middle of {text}?",
            "The word {text} has an odd number of letters. Give its middle letter.",
            "Middle letter: {text}",
        ),
        zh=(
            "{text} 正中间的字母是哪个？",
            "{text} 有奇数个字母，写出中间那个字母。",
            "中间字母：{text}",
        ),
    ),
    Task(
        id="strings.letter_at",
        title="Letter at a given position",
        knob="letters",
        draw=_positioned,
        solve=lambda q: q["text"][q["place"] - 1],
        answer=_LETTER,
        ways=lambda level: len(_alphabet(level)),
        echoes=True,
        en=(
            "Counting from 1, which letter is at position {place} of {text}?",
            "Give letter number {place} of the word {text} (the first letter is number 1).",
            "Letter {place}: {text}",
        ),
        zh=(
            "从 1 数起，{text} 的第 {place} 个字母是什么？",
            "写出 {text} 中位置 {place} 的字母（首字母为位置 1）。",
            "第 {place} 个字母：{text}",
        ),
    ),
    Task(
        id="strings.count_letter",
        title="Count one letter in a word",
        knob="letters",
        draw=_countable,
        solve=lambda q: q["text"].count(q["letter"]),
        second=lambda q: sum(1 for letter in q["text"] if letter == q["letter"]),
        answer=Integer(),
        ways=lambda level: 6 + level,
        en=(
            "How many times does the letter {letter} occur in {text}?",
            "Count the letter {letter} in the word {text}.",
            "Count {letter}: {text}",
        ),
        zh=(
            "字母 {letter} 在 {text} 中出现几次？",
            "数一数 {text} 里有多少个 {letter}。",
            "数 {letter}：{text}",
        ),
    ),
    Task(
        id="strings.uppercase",
        title="Write a word in capitals",
        knob="letters",
        draw=_text,
        solve=lambda q: q["text"].upper(),
        answer=Word(
            _LOWER.upper(),
            "The answer is one word of capital letters.",
            "答案是一个大写字母串。",
        ),
        en=(
            "Write {text} in capital letters.",
            "Change every letter of {text} to upper case.",
            "Uppercase: {text}",
        ),
        zh=("把 {text} 写成大写字母。", "将 {text} 的每个字母改为大写。", "大写：{text}"),
    ),
    Task(
        id="strings.double_letters",
        title="Write every letter twice",
        knob="letters",
        draw=_text,
        solve=lambda q: "".join(letter * 2 for letter in q["text"]),
        answer=_WORD,
        en=(
            "Write every letter of {text} twice in a row.",
            "Double each letter of the word {text}.",
            "Double: {text}",
        ),
        zh=("把 {text} 的每个字母连写两次。", "将 {text} 中各字母加倍。", "加倍：{text}"),
    ),
    Task(
        id="strings.caesar",
        title="Shift every letter along the alphabet",
        knob="letters",
        draw=_shifted,
        solve=_caesar,
        second=lambda q: "".join(
            chr((ord(letter) - 97 + q["shift"]) % 26 + 97) for letter in q["text"]
        ),
        answer=_WORD,
        en=(
            "Shift every letter of {text} forward by {shift} in the alphabet (after z comes a).",
            "Encrypt {text} with a Caesar cipher of shift {shift}.",
            "Caesar +{shift}: {text}",
        ),
        zh=(
            "把 {text} 的每个字母在字母表中后移 {shift} 位（z 之后是 a）。",
            "用位移 {shift} 的凯撒密码加密 {text}。",
            "凯撒 +{shift}：{text}",
        ),
    ),
    Task(
        id="strings.longest_run",
        title="Longest run of one letter, the first of equals",
        knob="letters",
        draw=lambda d, level: {"text": d.text("abcdef"[: 3 + level // 3], 8 + 4 * level)},
        solve=_longest_run,
        second=lambda q: next(
            letter * length
            for length in range(len(q["text"]), 0, -1)
            for start in range(len(q["text"]))
            for letter in q["text"][start]
            if q["text"][start : start + length] == letter * length
        ),
        answer=_WORD,
        ways=lambda level: 5 + level // 2,
        echoes=True,
        en=(
            "Find the longest stretch of one repeated letter in {text}; if several are equally "
            "long, take the first. Write the whole stretch.",
            "Which run of equal letters in {text} is longest (the first of equals)? Write it out.",
            "Longest run: {text}",
        ),
        zh=(
            "找出 {text} 中同一字母连续重复的最长一段（若有多段一样长取第一段），写出整段。",
            "{text} 里最长的相同字母段（并列取最前）是什么？",
            "最长连段：{text}",
        ),
    ),
    Task(
        id="strings.run_length",
        title="Run-length encoding",
        knob="runs",
        draw=_running,
        solve=_encode_runs,
        answer=Word(
            _LOWER + "0123456789",
            "Write each letter followed by its count, as in a2b1.",
            "每个字母后写其个数，如 a2b1。",
        ),
        en=(
            "Encode {text} by writing each run of equal letters as the letter and its length.",
            "Give the run-length encoding of {text}.",
            "Run-length: {text}",
        ),
        zh=(
            "把 {text} 中每段相同字母写成字母加个数。",
            "写出 {text} 的游程编码。",
            "游程编码：{text}",
        ),
    ),
)
