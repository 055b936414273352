"""Names in pinyin, for search and sorting. ICU and pypinyin both misread these surnames."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

_SURNAMES = {
    "曾": "zeng", "单": "shan", "仇": "qiu", "查": "zha", "区": "ou", "解": "xie", "任": "ren", "盖": "ge",
    "缪": "miao", "朴": "piao", "尹": "yin", "翟": "zhai", "覃": "qin", "宓": "fu", "乐": "yue", "冼": "xian",
    "繁": "po", "召": "shao", "洗": "xian", "员": "yun", "贠": "yun", "种": "chong", "重": "chong", "黑": "he",
    "秘": "bi", "折": "she", "能": "nai", "祭": "zhai", "句": "gou", "阚": "kan", "那": "na", "俞": "yu",
    "燕": "yan", "纪": "ji", "华": "hua", "令狐": "linghu", "万俟": "moqi", "尉迟": "yuchi", "长孙": "zhangsun",
    "澹台": "tantai", "鲜于": "xianyu", "单于": "chanyu", "宿": "su", "褚": "chu", "卜": "bu", "晟": "cheng",
    "牟": "mu", "车": "che", "尉": "wei", "哈": "ha", "訾": "zi", "逄": "pang", "逯": "lu", "瞿": "qu",
    "隗": "wei", "佴": "nai", "妫": "gui", "邸": "di", "葛": "ge", "都": "du", "曲": "qu", "沈": "shen",
}  # fmt: skip


def spell(name: str) -> tuple[str, str]:
    """Return a name's pinyin with blanks between syllables, and its initials: 曾小红 -> ("zeng xiao hong", "zxh").

    Syllables sort in the order Chinese readers expect. Characters without a reading stay as they are.
    """
    bare = name.replace(" ", "").replace("\u3000", "").replace("·", "")
    for length in (2, 1):
        reading = _SURNAMES.get(bare[:length])
        if reading:
            rest = _syllables(bare[length:])
            # A double surname gives one initial per character, like the rest of the name.
            first = [reading] if length == 1 else lazy_pinyin(bare[:length])
            syllables = [reading, *rest]
            initials = "".join(part[:1] for part in [*first, *rest])
            break
    else:
        syllables = _syllables(bare)
        initials = "".join(part[:1] for part in syllables)
    return " ".join(syllables)[:200].lower(), initials[:30].lower()


def _syllables(text: str) -> list[str]:
    """Characters one by one from memory; the slow way only for words that read differently as a whole (长春)."""
    pieces = {text[start:end] for end in range(2, len(text) + 1) for start in range(end - 1)}
    if pieces & PHRASES_DICT.keys() or any(sign < "㐀" for sign in text):
        return lazy_pinyin(text, style=Style.NORMAL)
    return [syllable for sign in text for syllable in _reading(sign)]


@lru_cache(maxsize=8192)
def _reading(sign: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(sign, style=Style.NORMAL))
