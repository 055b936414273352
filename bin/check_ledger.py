"""Verify an exported ledger without the application: standard library only.

    manage.py export_seals ledger.jsonl
    python3 bin/check_ledger.py ledger.jsonl

Recomputes every seal of every branch from the canonical texts and names the first entry that differs, an entry that
came in behind the last seal of a closed month, and a closed month without a seal. Ends with 0 when all is well, with 1
otherwise. Keep earlier exports, or the printed
short seals: whoever can rewrite the whole database can rewrite its seals, but not the paper on the wall.
"""

import hashlib
import json
import sys


def read(path, unsealed):
    """Yield (seal, texts of its entries) in the order of the file; closed months without a seal go into `unsealed`."""
    seal, texts = None, []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                kind = next(name for name in ("seal", "entry", "unsealed") if name in row)
                value = row[kind]
            except (ValueError, KeyError, TypeError, StopIteration):
                sys.exit(f"第 {number} 行不是台账导出的内容，请用 manage.py export_seals 重新导出。")
            if kind == "entry":
                texts.append(value)
                continue
            if kind == "unsealed":
                unsealed.append(value)
                continue
            if seal is not None:
                yield seal, texts
            seal, texts = value, []
    if seal is not None:
        yield seal, texts


def first_difference(seal, texts):
    before = dict(part.split(":") for part in seal["entries"].split(",") if part)
    now = {text.split("\t", 1)[0]: hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts}
    for key in sorted(set(before) | set(now), key=int):
        if before.get(key) != now.get(key):
            return f"记录 #{key} 与封签时不同、缺失或是后来插入的"
    return "封签链与前一封签不符"


def findings(path):
    """One sentence per seal that does not hold, and how many seals there are."""
    previous: dict[int, str] = {}
    numbers: dict[int, int] = {}
    found: list[str] = []
    unsealed: list[str] = []
    count = 0
    for seal, texts in read(path, unsealed):
        count += 1
        unit = seal["unit"]
        whole = hashlib.sha256(previous.get(unit, "").encode() + b"\n")
        for text in texts:
            whole.update(text.encode() + b"\n")
        place = f"{seal['name']} {seal['month'] // 100} 年 {seal['month'] % 100} 月第 {seal['number']} 号封签"
        if seal["number"] != numbers.get(unit, 0) + 1:
            found.append(f"{place}：前面缺少封签。")
        if whole.hexdigest() != seal["digest"] or seal["previous"] != previous.get(unit, ""):
            found.append(f"{place}：{first_difference(seal, texts)}。")
        previous[unit], numbers[unit] = seal["digest"], seal["number"]
    return found + [f"{month}：已结账，但没有封签。" for month in unsealed], count


def main():
    if len(sys.argv) != 2:
        sys.exit("用法：python3 check_ledger.py 导出文件")
    found, count = findings(sys.argv[1])
    for sentence in found:
        print(sentence)
    print(f"{count} 个封签，{len(found)} 处不符。")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
