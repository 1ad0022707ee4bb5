"""Classical ciphers and codes, to encipher or to decipher.

Source: textbook descriptions. Knob: the length of the message. Messages are random letters, so
that no guess about the language helps.
"""

from internbootcamp_env.answers import Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TEXT = Word(_LETTERS, "The answer is one word of capital letters.", "答案是一个大写字母串。")
_SIGNALS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- "
    "...- .-- -..- -.-- --.."
)
_MORSE = dict(zip(_LETTERS, _SIGNALS.split(), strict=True))
_UNITS = [number for number in range(1, 26) if number % 2 and number % 13]


def _message(draws: Draws, length: int) -> str:
    return draws.text(_LETTERS, length)


def _shift(letter: str, by: int) -> str:
    return _LETTERS[(_LETTERS.index(letter) + by) % 26]


def _plain(draws: Draws, level: int) -> dict:
    return {"text": _message(draws, 2 + 3 * level)}


def _atbash(question: dict) -> str:
    return "".join(_LETTERS[25 - _LETTERS.index(letter)] for letter in question["text"])


def _keyed(draws: Draws, level: int) -> dict:
    key = _message(draws, draws.between(2, 2 + level // 2))
    return {"text": _message(draws, 2 + 3 * level), "key": key}


def _vigenere(question: dict, sign: int) -> str:
    key = question["key"]
    shifts = [sign * _LETTERS.index(key[i % len(key)]) for i in range(len(question["text"]))]
    pairs = zip(question["text"], shifts, strict=True)
    return "".join(_shift(letter, by) for letter, by in pairs)


def _vigenere_columns(question: dict) -> str:
    """Decipher column by column, each with one shifted alphabet."""
    text, key = question["text"], question["key"]
    result = [""] * len(text)
    for offset, letter in enumerate(key):
        cut = _LETTERS.index(letter)
        table = str.maketrans(_LETTERS[cut:] + _LETTERS[:cut], _LETTERS)
        result[offset :: len(key)] = text[offset :: len(key)].translate(table)
    return "".join(result)


def _autokey(question: dict) -> str:
    stream = question["key"] + question["text"]
    pairs = zip(question["text"], stream, strict=False)
    return "".join(_shift(letter, _LETTERS.index(by)) for letter, by in pairs)


def _affine_question(draws: Draws, level: int) -> dict:
    text = _message(draws, 2 + 2 * level)
    return {"text": text, "a": draws.pick(_UNITS[1:]), "b": draws.below(26)}


def _affine(question: dict) -> str:
    a, b = question["a"], question["b"]
    return "".join(_LETTERS[(a * _LETTERS.index(x) + b) % 26] for x in question["text"])


def _railed(draws: Draws, level: int) -> dict:
    rails = draws.between(2, 3 + level // 3)
    return {"text": _message(draws, rails + 3 + 3 * level), "rails": rails}


def _rail_of(place: int, rails: int) -> int:
    turn = place % (2 * rails - 2)
    return min(turn, 2 * rails - 2 - turn)


def _rail_fence(question: dict) -> str:
    text, rails = question["text"], question["rails"]
    order = sorted(range(len(text)), key=lambda place: _rail_of(place, rails))
    return "".join(text[place] for place in order)


def _rail_fence_by_walking(question: dict) -> str:
    rows = [""] * question["rails"]
    row, step = 0, 1
    for letter in question["text"]:
        rows[row] += letter
        if not 0 <= row + step < len(rows):
            step = -step
        row += step
    return "".join(rows)


def _unfence_question(draws: Draws, level: int) -> dict:
    question = _railed(draws, level)
    return question | {"text": _rail_fence(question)}


def _unfence(question: dict) -> str:
    cipher, rails = question["text"], question["rails"]
    order = sorted(range(len(cipher)), key=lambda place: _rail_of(place, rails))
    plain = [""] * len(cipher)
    for letter, place in zip(cipher, order, strict=True):
        plain[place] = letter
    return "".join(plain)


def _columned(draws: Draws, level: int) -> dict:
    columns = draws.between(3, 3 + level // 2)
    order = draws.shuffled(range(1, columns + 1))
    return {"text": _message(draws, columns * (1 + level)), "order": order}


def _columns(question: dict) -> str:
    order, text = question["order"], question["text"]
    return "".join(text[order.index(n) :: len(order)] for n in range(1, len(order) + 1))


def _columns_by_rows(question: dict) -> str:
    order, text = question["order"], question["text"]
    rows = [text[i : i + len(order)] for i in range(0, len(text), len(order))]
    return "".join(row[order.index(n + 1)] for n in range(len(order)) for row in rows)


def _coded(draws: Draws, level: int) -> dict:
    text = _message(draws, 2 + 2 * level)
    return {"code": " ".join(_MORSE[letter] for letter in text)}


def _from_morse(question: dict) -> str:
    letters = {code: letter for letter, code in _MORSE.items()}
    return "".join(letters[code] for code in question["code"].split(" "))


def _numbered(draws: Draws, level: int) -> dict:
    return {"numbers": draws.integers(2 + 2 * level, 1, 26)}


def _substituted(draws: Draws, level: int) -> dict:
    letters = draws.sample(_LETTERS, 4 + level)
    images = draws.sample(_LETTERS, len(letters))
    table = [a + b for a, b in zip(letters, images, strict=True)]
    return {"text": draws.text("".join(letters), 2 + 3 * level), "table": table}


TASKS = (
    Task(
        id="cipher.atbash",
        title="Atbash: mirror the alphabet",
        knob="letters",
        draw=_plain,
        solve=_atbash,
        second=lambda q: q["text"].translate(str.maketrans(_LETTERS, _LETTERS[::-1])),
        answer=_TEXT,
        en=(
            "Encipher {text} with Atbash: A becomes Z, B becomes Y, and so on.",
            "Mirror each letter of {text} in the alphabet (first for last).",
            "Atbash: {text}",
        ),
        zh=(
            "用 Atbash 加密 {text}：A 变 Z，B 变 Y，依此类推。",
            "把 {text} 的每个字母在字母表中镜像（首尾互换）。",
            "Atbash 加密：{text}",
        ),
    ),
    Task(
        id="cipher.vigenere",
        title="Vigenère encryption",
        knob="letters",
        draw=_keyed,
        solve=lambda q: _vigenere(q, 1),
        answer=_TEXT,
        en=(
            "Encipher {text} with the Vigenère cipher and the key {key} (A shifts by 0).",
            "Add the repeated key {key} to {text}, letter by letter, with A = 0 and modulo 26.",
            "Vigenere key {key}: {text}",
        ),
        zh=(
            "用维吉尼亚密码、密钥 {key} 加密 {text}（A 表示位移 0）。",
            "把重复的密钥 {key} 逐字母加到 {text} 上（A = 0，模 26）。",
            "维吉尼亚加密，密钥 {key}：{text}",
        ),
    ),
    Task(
        id="cipher.vigenere_decode",
        variant_of="cipher.vigenere",
        title="Vigenère decryption",
        knob="letters",
        draw=_keyed,
        solve=lambda q: _vigenere(q, -1),
        second=_vigenere_columns,
        answer=_TEXT,
        en=(
            "{text} was enciphered with the Vigenère cipher and the key {key} (A shifts by 0). "
            "Decipher it.",
            "Take the repeated key {key} away from {text}, letter by letter, with A = 0.",
            "Undo Vigenere key {key}: {text}",
        ),
        zh=(
            "{text} 是用维吉尼亚密码、密钥 {key} 加密的（A 表示位移 0），请解密。",
            "从 {text} 中逐字母减去重复的密钥 {key}（A = 0）。",
            "维吉尼亚解密，密钥 {key}：{text}",
        ),
    ),
    Task(
        id="cipher.autokey",
        title="Autokey encryption",
        knob="letters",
        draw=_keyed,
        solve=_autokey,
        answer=_TEXT,
        en=(
            "Encipher {text} with the autokey cipher: the key stream is {key} followed by the "
            "message itself, and A shifts by 0.",
            "Add to {text}, letter by letter, the word {key} continued by the text {text} "
            "(A = 0, modulo 26).",
            "Autokey {key}: {text}",
        ),
        zh=(
            "用自动密钥密码加密 {text}：密钥流为 {key} 后接明文本身，A 表示位移 0。",
            "把 {key} 后接 {text} 组成的密钥流逐字母加到 {text} 上（A = 0，模 26）。",
            "自动密钥 {key}：{text}",
        ),
    ),
    Task(
        id="cipher.affine",
        title="Affine encryption",
        knob="letters",
        draw=_affine_question,
        solve=_affine,
        answer=_TEXT,
        en=(
            "Number the letters A = 0 to Z = 25 and replace each letter x of {text} by "
            "{a} * x + {b} modulo 26.",
            "Encipher {text} with the affine cipher a = {a}, b = {b} (A = 0).",
            "Affine {a}x+{b}: {text}",
        ),
        zh=(
            "令 A = 0 … Z = 25，把 {text} 的每个字母 x 换成 {a} * x + {b} 模 26。",
            "用仿射密码 a = {a}，b = {b}（A = 0）加密 {text}。",
            "仿射 {a}x+{b}：{text}",
        ),
    ),
    Task(
        id="cipher.rail_fence",
        title="Rail fence encryption",
        knob="letters",
        draw=_railed,
        solve=_rail_fence,
        second=_rail_fence_by_walking,
        answer=_TEXT,
        en=(
            "Write {text} in a zigzag on {rails} rails, then read the rails from top to bottom.",
            "Encipher {text} with a rail fence of {rails} rails.",
            "Rail fence {rails}: {text}",
        ),
        zh=(
            "把 {text} 按之字形写在 {rails} 条轨上，再从上到下逐轨读出。",
            "用 {rails} 轨的栅栏密码加密 {text}。",
            "栅栏 {rails} 轨：{text}",
        ),
    ),
    Task(
        id="cipher.rail_fence_decode",
        variant_of="cipher.rail_fence",
        title="Rail fence decryption",
        knob="letters",
        draw=_unfence_question,
        solve=_unfence,
        answer=_TEXT,
        en=(
            "{text} was enciphered with a zigzag on {rails} rails. What was the message?",
            "Undo a rail fence of {rails} rails: {text}",
            "Undo rail fence {rails}: {text}",
        ),
        zh=(
            "{text} 是用 {rails} 轨之字形加密的，原文是什么？",
            "还原 {rails} 轨栅栏密码：{text}",
            "栅栏解密 {rails} 轨：{text}",
        ),
    ),
    Task(
        id="cipher.columnar",
        title="Columnar transposition",
        knob="letters",
        draw=_columned,
        solve=_columns,
        second=_columns_by_rows,
        answer=_TEXT,
        en=(
            "Write {text} in rows under column headings numbered {order}; then read whole "
            "columns in the order of their numbers.",
            "Encipher {text} by columnar transposition with the column ranks {order}.",
            "Columns {order}: {text}",
        ),
        zh=(
            "把 {text} 按行写在编号为 {order} 的各列下，再按编号从小到大读出整列。",
            "用列次序为 {order} 的列移位密码加密 {text}。",
            "列移位 {order}：{text}",
        ),
    ),
    Task(
        id="cipher.morse",
        title="Read Morse code",
        knob="letters",
        draw=_coded,
        solve=_from_morse,
        answer=_TEXT,
        en=(
            "Read this Morse code: {code}",
            "Which letters do the Morse signals {code} spell?",
            "Morse: {code}",
        ),
        zh=("读出这段莫尔斯电码：{code}", "莫尔斯信号 {code} 拼成什么字母？", "莫尔斯：{code}"),
    ),
    Task(
        id="cipher.letter_numbers",
        title="Numbers to letters",
        knob="letters",
        draw=_numbered,
        solve=lambda q: "".join(_LETTERS[number - 1] for number in q["numbers"]),
        second=lambda q: "".join(chr(64 + number) for number in q["numbers"]),
        answer=_TEXT,
        en=(
            "With A = 1 to Z = 26, which word do the numbers {numbers} spell?",
            "Replace each of the numbers {numbers} by the letter at that place of the alphabet.",
            "Letters: {numbers}",
        ),
        zh=(
            "令 A = 1 … Z = 26，数字 {numbers} 拼成什么？",
            "把 {numbers} 各数换成字母表中对应位置的字母。",
            "转字母：{numbers}",
        ),
    ),
    Task(
        id="cipher.substitution",
        title="Apply a substitution table",
        knob="letters",
        draw=_substituted,
        solve=lambda q: "".join(dict(q["table"])[letter] for letter in q["text"]),
        second=lambda q: q["text"].translate({ord(a): b for a, b in q["table"]}),
        answer=_TEXT,
        en=(
            "Each pair of the table {table} names a letter and what it becomes. Encipher {text}.",
            "Replace letters by the pairs {table} (first becomes second) in {text}.",
            "Substitute {table}: {text}",
        ),
        zh=(
            "表 {table} 中每对字母表示前者变为后者，请加密 {text}。",
            "按 {table}（前者换成后者）替换 {text} 的字母。",
            "代换 {table}：{text}",
        ),
    ),
)
