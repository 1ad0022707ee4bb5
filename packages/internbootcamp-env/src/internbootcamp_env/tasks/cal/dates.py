"""Dates and clocks in the Gregorian calendar, by arithmetic of our own.

Source: the Gregorian leap-year rule. Knob: how far the years and spans reach.
"""

from internbootcamp_env.answers import Choice, Integer, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DATE = Word("0123456789-", "Write the date as YYYY-MM-DD.", "日期写作 YYYY-MM-DD。")
_TIME = Word("0123456789:", "Write the time as HH:MM.", "时间写作 HH:MM。")


def is_leap(year: int) -> bool:
    """Whether a Gregorian year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 28 + is_leap(year) if month == 2 else 30 + (month + month // 8) % 2


def day_number(text: str) -> int:
    """Count days from 0001-01-01, which is day 1 and a Monday."""
    year, month, day = map(int, text.split("-"))
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    return days + sum(month_length(year, m) for m in range(1, month)) + day


def write_date(year: int, month: int, day: int) -> str:
    """Write a date as YYYY-MM-DD."""
    return f"{year:04d}-{month:02d}-{day:02d}"


def date_of(number: int) -> str:
    """Invert `day_number`, year by year and month by month."""
    year = max(1, number // 366)
    while day_number(write_date(year + 1, 1, 1)) <= number:
        year += 1
    month, left = 1, number - day_number(write_date(year, 1, 1)) + 1
    while left > month_length(year, month):
        left -= month_length(year, month)
        month += 1
    return write_date(year, month, left)


def _date(draws: Draws, level: int) -> str:
    year = draws.between(2025 - 60 * level, 2025 + 60 * level)
    month = draws.between(1, 12)
    return write_date(year, month, draws.between(1, month_length(year, month)))


def _one(draws: Draws, level: int) -> dict:
    return {"date": _date(draws, level)}


def _spread(question: dict) -> float:
    return sum(abs(int(text[:4]) - 2025) for text in question.values() if isinstance(text, str))


def _weekday(question: dict) -> str:
    return _DAYS[(day_number(question["date"]) - 1) % 7]


def _weekday_by_congruence(question: dict) -> str:
    """Zeller's congruence."""
    year, month, day = map(int, question["date"].split("-"))
    if month < 3:
        year, month = year - 1, month + 12
    century, rest = divmod(year, 100)
    zeller = day + 13 * (month + 1) // 5 + rest + rest // 4 + century // 4 + 5 * century
    return _DAYS[(zeller + 5) % 7]


def _two(draws: Draws, level: int) -> dict | None:
    first, second = sorted((_date(draws, level), _date(draws, level)))
    return None if first == second else {"first": first, "second": second}


def _span(question: dict) -> int:
    return day_number(question["second"]) - day_number(question["first"])


def _span_by_years(question: dict) -> int:
    """Walk year by year, then add the days within the years."""
    (y, m, d), (v, n, e) = (map(int, question[k].split("-")) for k in ("first", "second"))

    def within(year: int, month: int, day: int) -> int:
        return sum(month_length(year, k) for k in range(1, month)) + day

    whole = sum(365 + is_leap(year) for year in range(y, v))
    return whole + within(v, n, e) - within(y, m, d)


def _shifted(draws: Draws, level: int) -> dict:
    return {"date": _date(draws, level), "days": draws.between(10, 60 * level**2 + 40)}


def _later(question: dict) -> str:
    return date_of(day_number(question["date"]) + question["days"])


def _later_by_days(question: dict) -> str:
    year, month, day = map(int, question["date"].split("-"))
    for _ in range(question["days"]):
        day += 1
        if day > month_length(year, month):
            month, day = month + 1, 1
        if month > 12:
            year, month = year + 1, 1
    return write_date(year, month, day)


def _flight(draws: Draws, level: int) -> dict:
    zones = [draws.between(-12, 12) * 60 + draws.pick((0, 0, 30)) for _ in range(2)]
    return {
        "start": draws.below(24 * 60),
        "minutes": draws.between(45, 200 + 120 * level),
        "from": zones[0],
        "to": zones[1],
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _zone(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _arrival(question: dict) -> str:
    local = question["start"] - question["from"] + question["minutes"] + question["to"]
    return _clock(local % (24 * 60))


def _show_flight(question: dict) -> dict:
    hours, minutes = divmod(question["minutes"], 60)
    return {
        "start": _clock(question["start"]),
        "away": _zone(question["from"]),
        "there": _zone(question["to"]),
        "hours": hours,
        "minutes": minutes,
    }


TASKS = (
    Task(
        id="cal.weekday",
        title="Weekday of a date",
        knob="span of years",
        draw=_one,
        solve=_weekday,
        second=_weekday_by_congruence,
        answer=Choice(_DAYS),
        ways=7,
        size=_spread,
        en=(
            "Which day of the week is {date} in the Gregorian calendar?",
            "On what weekday does {date} (year-month-day) fall?",
            "Weekday: {date}",
        ),
        zh=(
            "按公历，{date} 是星期几（用英文作答）？",
            "{date}（年-月-日）是星期几？请用英文。",
            "星期：{date}",
        ),
    ),
    Task(
        id="cal.days_between",
        title="Days between two dates",
        knob="span of years",
        draw=_two,
        solve=_span,
        second=_span_by_years,
        answer=Integer(),
        size=_spread,
        en=(
            "How many days is it from {first} to {second}?",
            "Count the days after {first} up to and including {second}.",
            "Days {first} to {second}:",
        ),
        zh=(
            "从 {first} 到 {second} 有多少天？",
            "从 {first} 之后到 {second}（含）共有几天？",
            "天数 {first} 至 {second}：",
        ),
    ),
    Task(
        id="cal.date_after",
        title="Date after a number of days",
        knob="days",
        draw=_shifted,
        solve=_later,
        second=_later_by_days,
        answer=_DATE,
        size=lambda q: q["days"],
        en=(
            "Which date is {days} days after {date}?",
            "A term of {days} days begins to run after {date}. On which date is its last day?",
            "{date} + {days} days:",
        ),
        zh=(
            "{date} 之后 {days} 天是哪一天？",
            "期限 {days} 天自 {date} 之后起算，最后一天是哪天？",
            "{date} + {days} 天：",
        ),
    ),
    Task(
        id="cal.arrival_time",
        title="Local time of arrival across time zones",
        knob="length of the flight",
        draw=_flight,
        solve=_arrival,
        answer=_TIME,
        show=_show_flight,
        size=lambda q: q["minutes"],
        en=(
            "A flight leaves at {start} local time ({away}) and takes {hours} h {minutes} min. "
            "What is the local time ({there}) on arrival?",
            "Departure {start} in {away}, duration {hours} h {minutes} min, destination in "
            "{there}. Which time do the clocks there show on arrival?",
            "{start} {away} + {hours}h{minutes}m in {there}:",
        ),
        zh=(
            "航班当地时间 {start}（{away}）起飞，飞行 {hours} 小时 {minutes} 分，到达时当地时间"
            "（{there}）是几点？",
            "{away} 时区 {start} 出发，历时 {hours} 小时 {minutes} 分，目的地时区 {there}，"
            "到达时当地钟表显示几点？",
            "{start} {away} + {hours}h{minutes}m，{there}：",
        ),
    ),
)
