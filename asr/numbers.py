"""Numbers spoken as 汉字 become digits where they are numbers: dates, times, amounts, house and telephone numbers (after GB/T 15835).

Words stay words: 一个, 一下, 十分, 万一, 三番五次, 第三, 周五, 七八百, 十几. What cannot be told apart stays as it was heard. No library does this:
cn2an turns every numeral it meets into digits, idioms and place names included.
"""

import re
from collections.abc import Iterator

from asr.edits import Edit

ONES: dict[str, int] = {**dict(zip("零〇一二三四五六七八九", (0, *range(10)), strict=True)), "两": 2, "幺": 1, "妖": 1, "腰": 1, "洞": 0}
DIGIT = "零〇一二三四五六七八九两幺"
NUMERAL = f"[{DIGIT}十百千万亿]"
RUN = re.compile(
    rf"(?P<share>百分之)?(?P<whole>(?:妖(?=[{DIGIT}]{{2}})|{NUMERAL})(?:(?<=[{DIGIT}])[妖腰洞](?=[{DIGIT}])|{NUMERAL})*)(?:点(?P<part>[{DIGIT}十]+))?"
)
BARE = re.compile(rf"[{DIGIT}妖腰洞]+")

# What looks like a number and a measure and is neither.
IDIOMS = re.compile(
    "三番[五两]次|三天两头|三天打鱼|两天晒网|一天到晚|一年到头|一年四季|一五一十|十有八九|三七二十一|九九八十一|三十而立|百分之百|二百五(?![十元块])"
    "|十一(?=假期|长假|黄金周|期间|放假|国庆)|千万(?=别|不|要|得|小心)|(?<![一二三四五六七八九])十分(?!钟|之)|万分(?=感|抱|焦)|三元(?=里|桥|区)"
)
BEFORE = ("第", "星期", "周", "礼拜", "初", "老", "大年", "几", "数")  # it is a name or a guess
AFTER = ("几", "来", "余", "把")  # it is a guess
HALVES = "半|钟|整|一刻|三刻"
DAYTIME = ("上午", "下午", "晚上", "早上", "凌晨", "中午", "半夜", "夜里", "深夜", "傍晚", "夜间", "早晨", "今早", "昨晚", "今晚", "到", "至", "从", "号", "日")
AFTER_TIME = re.compile(rf"{HALVES}|多|左右|以前|之前|以后|之后|前|开始|才|就|到")
POINTS = re.compile("建议|意见|要求|理由|原因|问题|希望|诉求|说明")  # 三点建议 is no time of day
# After one digit: also after 一, or only where the number is two or more (一天, 一年, 一块, 一度 are words).
ALWAYS = re.compile(
    "号楼|号院|号线|号(?![召称])|栋|幢|单元|室|楼(?!盘)|层|元|公里|千米|平方|平米|公斤|吨|厘米|毫米|小时|分钟|秒钟|岁|个月|个(?:半)?小时|个工作日|个百分点|工作日|毫升|月份"
    f"|月(?={NUMERAL}{{1,3}}[号日])"
)
FROM_TWO = re.compile("天|年|日|月|块|毛|米|斤|亩|户|路|人|辆|周|趟|次|家|套|份|张|度|级|折|倍|斤|晚|寸|瓦|伏")
MEASURED = re.compile(rf"{ALWAYS.pattern}|{FROM_TWO.pattern}|万|亿|个百分点")
_ONE = "[一二两三四五六七八九]"
SECTION = re.compile(rf"(?:(?P<qian>{_ONE})千)?零?(?:(?P<bai>{_ONE})百)?零?(?:(?P<shi>{_ONE}?)十)?零?(?P<ge>{_ONE})?")


def in_digits(text: str) -> list[Edit]:
    """The places of `text` that are numbers, and how they are written in digits; from left to right, none touching another."""
    kept = [match.span() for match in IDIOMS.finditer(text)]
    edits: list[Edit] = []
    for match in RUN.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in kept):
            edits += _edits(text, match, after_change=bool(edits) and edits[-1].end == match.start() - 1)
    return edits


def value(text: str) -> int | None:
    """What a cardinal number says, 一万二 and 两百五 as they are meant; None for what is none (三四十, 十七八, 万)."""
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if unit in text:
            left, _, right = text.rpartition(unit)
            high, low = value(left), _rest(right, size)
            return None if high is None or low is None or not left or low >= size else high * size + low
    return _section(text)


def _edits(text: str, match: re.Match[str], *, after_change: bool) -> Iterator[Edit]:
    share, whole, part = match["share"], match["whole"], match["part"]
    before, after = text[: match.start()], text[match.end() :]
    if before.endswith(BEFORE):
        return
    if share:
        number = value(whole)
        if number is not None:
            yield Edit(match.start(), match.end(), f"{number}{_decimals(part)}%", "number")
    elif part is not None:
        written = _with_point(whole, part, before, after)
        if written:
            yield Edit(match.start(), match.end(), written, "number")
    elif (written := _alone(whole, before, after, after_change)) is not None:
        yield Edit(match.start("whole"), match.end("whole"), written, "number")


def _with_point(whole: str, part: str, before: str, after: str) -> str | None:
    """三点五公里 is 3.5, 三点二十 and 三点五分 are times of day."""
    hour = value(whole)
    if hour is None:
        return None
    if "十" in part or after.startswith("分"):
        minutes = value(part.lstrip("零〇"))
        return f"{hour}点{minutes:02d}" if hour <= 24 and minutes is not None and minutes < 60 else None
    if len(part) > 1 and part[0] in "零〇" and hour <= 24 and not MEASURED.match(after):
        return None
    return f"{hour}{_decimals(part)}"


def _alone(whole: str, before: str, after: str, after_change: bool) -> str | None:
    if BARE.fullmatch(whole):
        return _in_a_row(whole, before, after, after_change)
    number = value(whole)
    if number is None or after.startswith(AFTER):
        return None
    if whole == "十":
        return "10" if _is_time(10, after, before) or ALWAYS.match(after) or FROM_TWO.match(after) else None
    if after.startswith("点"):
        return str(number) if _is_time(number, after, before) or number > 24 else None
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if whole.endswith(unit) and number >= size:
            return f"{number // size}{unit}"
    return str(number)


def _in_a_row(digits: str, before: str, after: str, after_change: bool) -> str | None:
    """Digits one by one: three and more are a number as it is dictated; one counts where it measures something."""
    plain = "".join(str(ONES[digit]) for digit in digits)
    if len(digits) >= 3:
        return plain
    if len(digits) == 2:
        year = after.startswith(("年", "后")) and ("零" in digits or "〇" in digits or (after[0] == "年" and digits[0] == "九"))
        return plain if year or "幺" in digits else None
    if after.startswith("点"):
        return plain if _is_time(int(plain), after, before) else None
    if after_change and before.endswith(("块", "元", "度")) and not after.startswith(("个", "次")):
        return plain  # 三块五, 三十七度五
    if ALWAYS.match(after) or (digits not in "一幺" and digits not in "零〇" and FROM_TWO.match(after)):
        return plain
    return plain if after.startswith("毛") else None


def _is_time(hour: int, after: str, before: str) -> bool:
    """Whether 点 after this number makes a time of day."""
    if not after.startswith("点") or hour > 24 or POINTS.match(after[1:]):
        return False
    return bool(AFTER_TIME.match(after[1:])) or before.endswith(DAYTIME) or hour >= 10


def _decimals(part: str | None) -> str:
    return "." + "".join(str(ONES[digit]) for digit in part) if part and BARE.fullmatch(part) else ""


def _rest(text: str, size: int) -> int | None:
    """What follows 万 or 亿: 一万二 is 12,000, 一万零二 is 10,002."""
    if text in ONES and text not in "零〇":
        return ONES[text] * size // 10
    return value(text) if text else 0


def _section(text: str) -> int | None:
    """Below ten thousand."""
    match = SECTION.fullmatch(text.rstrip("零〇") or "?") if text not in "零〇" else None
    if match is None:
        return 0 if text and text in "零〇" else ONES.get(text)
    thousands, hundreds, tens, ones = (match[name] for name in ("qian", "bai", "shi", "ge"))
    if ones and len(text) > 1 and text[-2] in "百千":  # 两百五, 一千二
        return ONES[text[0]] * 1000 * (text[1] == "千") + (ONES[hundreds] * 100 if hundreds else 0) + ONES[ones] * (10 if text[-2] == "百" else 100)
    return sum((ONES[digit] if digit else 1) * size for digit, size in ((thousands, 1000), (hundreds, 100), (tens, 10), (ones, 1)) if digit is not None)
