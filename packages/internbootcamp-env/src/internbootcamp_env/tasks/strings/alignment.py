"""Words compared, searched and packed: subsequences, superstrings, suffixes, dictionary codes.

Source: textbook algorithms (Wagner and Fischer 1974, Manber and Myers 1990, Ziv and Lempel 1978,
Burrows and Wheeler 1994). Knob: the length of the words.
"""

from functools import cache
from itertools import permutations

from internbootcamp_env.answers import Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_SMALL = Word(
    "abcdefghijklmnopqrstuvwxyz$", "The answer is a word of small letters.", "答案由小写字母组成。"
)


def _pair(draws: Draws, level: int) -> dict:
    size = 7 + level
    return {"first": draws.text("abcd", size), "second": draws.text("abcd", size)}


def _common(question: dict) -> str:
    first, second = question["first"], question["second"]
    best = [[""] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, x in enumerate(first):
        for j, y in enumerate(second):
            longer = max(best[i][j + 1], best[i + 1][j], key=len)
            best[i + 1][j + 1] = best[i][j] + x if x == y else longer
    return best[-1][-1]


def _common_from_right(question: dict) -> str:
    """Match the last letter of one word as late as possible in the other, or leave it out."""
    first, second = question["first"][::-1], question["second"][::-1]

    @cache
    def best(i: int, j: int) -> str:
        if i == len(first):
            return ""
        found = second.find(first[i], j)
        skipped = best(i + 1, j)
        return skipped if found < 0 else max(first[i] + best(i + 1, found + 1), skipped, key=len)

    return best(0, 0)[::-1]


def _within(short: str, long: str) -> bool:
    rest = iter(long)
    return all(letter in rest for letter in short)


def _check_common(question: dict, word: str) -> str:
    for name in ("first", "second"):
        if not _within(word, question[name]):
            return f"{word[:40]!r} is not a subsequence of {question[name]}"
    best = len(_common(question))
    return "" if len(word) == best else f"{len(word)} letters; the longest has {best}"


def _wrong_common(question: dict, answer: str, draws: Draws) -> list[str]:
    return [answer[:-1], answer[1:], answer + "d", answer + "z"]


def _palindrome_question(draws: Draws, level: int) -> dict:
    return {"word": draws.text("abcde", 9 + 2 * level)}


def _palindrome(question: dict) -> str:
    """Inner part first: the best for every stretch of the word."""
    word = question["word"]
    best = {(i, i): "" for i in range(len(word) + 1)}
    best |= {(i, i + 1): word[i] for i in range(len(word))}
    for size in range(2, len(word) + 1):
        for i in range(len(word) - size + 1):
            j = i + size
            if word[i] == word[j - 1]:
                best[i, j] = word[i] + best[i + 1, j - 1] + word[i]
            else:
                best[i, j] = max(best[i + 1, j], best[i, j - 1], key=len)
    return best[0, len(word)]


def _palindrome_by_reversal(question: dict) -> str:
    """A common subsequence with the reversed word, its first half mirrored."""
    word = question["word"]
    common = _common({"first": word, "second": word[::-1]})
    half = common[: len(common) // 2]
    middle = common[len(half) : len(common) - len(half)]
    return half + middle + half[::-1]


def _check_palindrome(question: dict, word: str) -> str:
    if word != word[::-1]:
        return "the word does not read the same backwards"
    if not _within(word, question["word"]):
        return "the word is not a subsequence"
    best = len(_palindrome(question))
    return "" if len(word) == best else f"{len(word)} letters; the longest has {best}"


def _wrong_palindromes(question: dict, answer: str, draws: Draws) -> list[str]:
    """Inner and shorter ones, and one that does not mirror."""
    return [answer[1:-1] or "ab", answer[0], answer + "z", "z" + answer + "z"]


def _pieces(draws: Draws, level: int) -> dict:
    """Cut overlapping pieces from a word, so that they fit together."""
    count = 3 + level // 3
    word = draws.text("abc", 6 + 4 * count)
    starts = [place * (len(word) - 6) // (count - 1) for place in range(count)]
    pieces = {word[s : s + draws.between(5, 7)] for s in starts}
    kept = [p for p in sorted(pieces) if not any(p in other and p != other for other in pieces)]
    return {"pieces": draws.shuffled(kept)}


def _draw_pieces(draws: Draws, level: int) -> dict | None:
    question = _pieces(draws, level)
    return question if len(question["pieces"]) == 3 + level // 3 else None


def _overlap(a: str, b: str) -> int:
    return next(k for k in range(min(len(a), len(b)), -1, -1) if a.endswith(b[:k]))


def _superstring(question: dict) -> str:
    """The best order of the pieces, by sets of used pieces and the last one."""
    pieces = question["pieces"]
    names = range(len(pieces))
    gain = [[_overlap(a, b) if a != b else 0 for b in pieces] for a in pieces]
    best = {(1 << n, n): (0, (n,)) for n in names}
    for mask in range(1, 1 << len(pieces)):
        for n in names:
            if (mask, n) not in best:
                continue
            saved, order = best[mask, n]
            for m in names:
                if not mask >> m & 1:
                    key = (mask | 1 << m, m)
                    best[key] = max(best.get(key, (-1, ())), (saved + gain[n][m], (*order, m)))
    full = (1 << len(pieces)) - 1
    order = max(best[full, n] for n in names)[1]
    return _joined([pieces[n] for n in order])


def _joined(pieces: list[str]) -> str:
    word = ""
    for piece in pieces:
        word += piece[_overlap(word, piece) :]
    return word


def _superstring_by_orders(question: dict) -> str:
    return min((_joined(list(order)) for order in permutations(question["pieces"])), key=len)


def _check_superstring(question: dict, word: str) -> str:
    if missing := next((p for p in question["pieces"] if p not in word), ""):
        return f"{missing} does not occur"
    best = len(_superstring(question))
    return "" if len(word) == best else f"{len(word)} letters; the shortest has {best}"


def _wrong_superstrings(question: dict, answer: str, draws: Draws) -> list[str]:
    return [answer + "a", answer[:-1], "b" + answer, "".join(question["pieces"]) + "c"]


def _suffixes(question: dict) -> list[int]:
    word = question["word"]
    return [n + 1 for n in sorted(range(len(word)), key=lambda n: word[n:])]


def _suffixes_by_doubling(question: dict) -> list[int]:
    """Rank by one letter, then two, four and so on."""
    word, width = question["word"], 1
    rank = [ord(letter) for letter in word]
    while True:
        keys = [(r, rank[n + width] if n + width < len(word) else -1) for n, r in enumerate(rank)]
        places = {key: place for place, key in enumerate(sorted(set(keys)))}
        rank = [places[key] for key in keys]
        if len(places) == len(word):
            return [rank.index(place) + 1 for place in range(len(word))]
        width *= 2


def _transform(question: dict) -> str:
    word = question["word"] + "$"
    return "".join(turn[-1] for turn in sorted(word[n:] + word[:n] for n in range(len(word))))


def _untransformed(question: dict) -> str:
    """Follow the letters: the k-th of a kind in the last column is the k-th in the first."""
    last = question["last"]
    order = sorted(range(len(last)), key=lambda n: (last[n], n))
    word, place = "", order[0]
    for _ in range(len(last) - 1):
        place = order[place]
        word += last[place]
    return word


def _untransformed_by_sorting(question: dict) -> str:
    """Put the last column in front and sort, again and again."""
    last = question["last"]
    rows = [""] * len(last)
    for _ in last:
        rows = sorted(letter + row for letter, row in zip(last, rows, strict=True))
    return next(row for row in rows if row.endswith("$"))[:-1]


TASKS = (
    Task(
        id="strings.common_subsequence",
        title="A longest common subsequence",
        knob="letters",
        verifier="O",
        draw=_pair,
        solve=_common,
        second=_common_from_right,
        check=_check_common,
        echoes=True,
        wrong=_wrong_common,
        answer=_SMALL,
        en=(
            "Strike out letters of {first} and of {second}, as few as possible, so that the same "
            "word remains of both. Which word?",
            "Give a longest common subsequence of {first} and {second}.",
            "Longest common subsequence: {first} {second}",
        ),
        zh=(
            "从 {first} 和 {second} 中各划去尽量少的字母，使剩下的词相同。剩下什么词？",
            "给出 {first} 与 {second} 的一个最长公共子序列。",
            "最长公共子序列：{first} {second}",
        ),
    ),
    Task(
        id="strings.palindromic_subsequence",
        title="A longest palindrome within a word",
        knob="letters",
        verifier="O",
        draw=_palindrome_question,
        solve=_palindrome,
        second=_palindrome_by_reversal,
        check=_check_palindrome,
        wrong=_wrong_palindromes,
        answer=_SMALL,
        en=(
            "Strike out as few letters of {word} as possible so that the rest reads the same "
            "backwards. Write the rest.",
            "Give a longest palindromic subsequence of {word}.",
            "Longest palindromic subsequence: {word}",
        ),
        zh=(
            "从 {word} 中划去尽量少的字母，使剩下的正读反读相同，写出剩下的词。",
            "给出 {word} 的一个最长回文子序列。",
            "最长回文子序列：{word}",
        ),
    ),
    Task(
        id="strings.superstring",
        title="A shortest word that contains given words",
        knob="words",
        verifier="O",
        draw=_draw_pieces,
        solve=_superstring,
        second=_superstring_by_orders,
        check=_check_superstring,
        wrong=_wrong_superstrings,
        answer=_SMALL,
        en=(
            "Find a shortest word that contains each of {pieces} as a block of consecutive "
            "letters.",
            "The fragments {pieces} come from one sequence. Reconstruct a shortest sequence that "
            "contains them all.",
            "Shortest superstring: {pieces}",
        ),
        zh=(
            "求最短的词，使 {pieces} 中每个都作为连续片段出现在其中。",
            "片段 {pieces} 来自同一序列，求包含所有片段的一个最短序列。",
            "最短超串：{pieces}",
        ),
    ),
    Task(
        id="strings.suffix_array",
        title="Suffixes in alphabetical order",
        knob="letters",
        draw=lambda d, level: {"word": d.text("abn", 8 + level)},
        solve=_suffixes,
        second=_suffixes_by_doubling,
        answer=Integers(),
        en=(
            "Sort all endings of {word} alphabetically (an ending comes before its extensions) and "
            "list where each begins, counting letters from 1.",
            "Give the suffix array of {word} with positions from 1.",
            "Suffix array from 1: {word}",
        ),
        zh=(
            "把 {word} 的所有后缀按字母序排列（前缀在其延长之前），依次写出各后缀的起始位置（从 1 "
            "数）。",
            "写出 {word} 的后缀数组，位置从 1 起。",
            "后缀数组（从 1 起）：{word}",
        ),
    ),
    Task(
        id="strings.burrows_wheeler_inverse",
        title="Undo the Burrows-Wheeler transform",
        knob="letters",
        draw=lambda d, level: {"last": _transform({"word": d.text("abcn", 7 + level)})},
        solve=_untransformed,
        second=_untransformed_by_sorting,
        answer=_SMALL,
        en=(
            "All rotations of a word that ends in $ were sorted ($ before the letters) and their "
            "last letters are {last}. What is the word, without $?",
            "Invert the Burrows-Wheeler transform {last} (end mark $, which sorts first); leave "
            "the "
            "mark out.",
            "Inverse BWT of {last}",
        ),
        zh=(
            "把以 $ 结尾的词的所有循环移位排序（$ 在字母之前），各行末字母为 {last}。原词（不含 "
            "$）是什么？",
            "求伯罗斯－惠勒变换 {last} 的逆（结束符 $ 排最前），不写结束符。",
            "{last} 的 BWT 逆变换",
        ),
    ),
)
