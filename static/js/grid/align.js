/* Where a pasted block belongs. Pure: texts in, a plan out.

   A block may bring headings and a column of staff numbers or names. Then rows and columns go where they belong,
   whatever their order; without them the block is laid from the active cell on. What has no place is named. */

import { say } from "./words.js";

const STAFF_HEADINGS = ["工号", "员工编号", "员工号", "职工编号", "人员编号", "编号"];
const NAME_HEADINGS = ["姓名", "党员姓名", "名字"];
const IDLE_HEADINGS = ["序号", "合计", "总分", "状态", "党支部", "所在党支部", "党小组", "得分", "月份"];
const HEADING_LINES = 4;

/** Text from a spreadsheet: tabs and line ends, quotes around cells that hold either. */
export function parse(text) {
  const lines = [[""]];
  let isQuoted = false;
  const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let i = 0; i < source.length; i += 1) {
    const line = lines.at(-1);
    const sign = source[i];
    if (isQuoted) {
      if (sign !== '"') line[line.length - 1] += sign;
      else if (source[i + 1] === '"') line[line.length - 1] += source[(i += 1)];
      else isQuoted = false;
    } else if (sign === '"' && line.at(-1) === "") isQuoted = true;
    else if (sign === "\t") line.push("");
    else if (sign === "\n") lines.push([""]);
    else line[line.length - 1] += sign;
  }
  return lines.map((line) => line.map((cell) => cell.trim()));
}

export function write(lines) {
  const quoted = (text) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return lines.map((line) => line.map(quoted).join("\t")).join("\n");
}

/** A heading without blanks, line breaks and hints in brackets. */
function plain(text) {
  return text.normalize("NFKC").replace(/\(.*?\)|\[.*?\]/g, "").replace(/\s/g, "").toLowerCase();
}

/** Every way a column may be called → column; what two columns share calls neither. */
function headings(columns) {
  const found = new Map();
  for (const column of columns) {
    const names = [column.name, column.code, column.code + column.name, ...column.aliases].map(plain);
    for (const name of new Set(names.filter(Boolean))) found.set(name, found.has(name) ? null : column);
  }
  return found;
}

/** Which columns of the block are which: {keys, places, count of heading lines, unknown headings}. */
function readHeadings(block, columns) {
  const known = headings(columns);
  const result = { staff: -1, name: -1, places: new Map(), lines: 0, unknown: [] };
  block.slice(0, HEADING_LINES).forEach((line, k) => {
    const texts = line.map(plain);
    const hits = texts.filter((text) => known.get(text) || STAFF_HEADINGS.includes(text) || NAME_HEADINGS.includes(text));
    if (!hits.length || hits.length < Math.min(2, line.filter(Boolean).length)) return;
    result.lines = k + 1;
    texts.forEach((text, place) => {
      if (STAFF_HEADINGS.includes(text)) result.staff = place;
      else if (NAME_HEADINGS.includes(text)) result.name = place;
      else if (known.get(text)) result.places.set(place, known.get(text));
    });
  });
  if (!result.lines) return result;
  // Of two lines of headings, the upper one often names the sections: only what nobody knows in either is told.
  const width = Math.max(...block.slice(0, result.lines).map((line) => line.length));
  for (let place = 0; place < width; place += 1) {
    const texts = block.slice(0, result.lines).map((line) => line[place] ?? "").filter(Boolean);
    const isKnown = place === result.staff || place === result.name || result.places.has(place);
    const text = texts.at(-1);
    if (text && !isKnown && !IDLE_HEADINGS.includes(plain(text))) result.unknown.push({ place, text });
  }
  return result;
}

/** Without headings: the column in which most texts are staff numbers, or names, of this branch. */
function guessKey(lines, known) {
  const width = Math.max(0, ...lines.map((line) => line.length));
  if (width < 2) return -1;
  let best = { place: -1, hits: 0 };
  for (let place = 0; place < width; place += 1) {
    const hits = lines.filter((line) => known.has((line[place] ?? "").replace(/\s/g, ""))).length;
    if (hits > best.hits && hits * 2 >= lines.length) best = { place, hits };
  }
  return best.place;
}

class People {
  constructor(rows) {
    this.byStaff = new Map(rows.map((row) => [row.staff, row]));
    this.byName = new Map();
    for (const row of rows) {
      const name = row.name.replace(/[\s·]/g, "");
      this.byName.set(name, [...(this.byName.get(name) ?? []), row]);
    }
    this.taken = new Set();
  }

  /** The row a line belongs to, or a sentence why there is none. */
  find(staff, name) {
    const called = name.replace(/[\s·]/g, "");
    const row = staff ? this.byStaff.get(staff) : this.named(called);
    if (typeof row === "string") return row;
    if (!row) return say("noSuchPerson");
    if (staff && called && row.name.replace(/[\s·]/g, "") !== called) return say("otherName", { staff, name: row.name });
    if (this.taken.has(row)) return say("twice");
    this.taken.add(row);
    return row;
  }

  named(name) {
    const rows = this.byName.get(name) ?? [];
    return rows.length > 1 ? say("sameName", { n: rows.length }) : rows[0];
  }
}

/** The plan for a block: {values: [{row, column, text}], problems: [{text, why}], by: "staff" | "name" | "place"}.

    `shown` are the rows from the active cell's row on, for a block without keys; `start` the active column. */
export function plan(block, { rows, columns, shown, start }) {
  const found = readHeadings(block, columns);
  const lines = block.slice(found.lines).filter((line) => line.some(Boolean) || !found.lines);
  // A short number may just as well be points.
  const staffKeys = new Set(rows.map((row) => row.staff).filter((number) => number.length > 3));
  const nameKeys = new Set(rows.map((row) => row.name.replace(/\s/g, "")));
  const staff = found.staff >= 0 || found.lines ? found.staff : guessKey(lines, staffKeys);
  const name = found.name >= 0 || found.lines ? found.name : guessKey(lines, nameKeys);
  const isKeyed = staff >= 0 || name >= 0;
  const problems = found.unknown.map(({ text }) => ({ text, why: say("noSuchColumn") }));
  const width = Math.max(0, ...lines.map((line) => line.length));
  const places = found.places.size ? found.places : inOrder(columns, start, Math.max(staff, name) + 1, width);
  const people = new People(rows);
  const values = [];
  lines.forEach((line, k) => {
    const row = isKeyed ? people.find(staff < 0 ? "" : clean(line[staff]), name < 0 ? "" : clean(line[name])) : shown[k];
    if (!row || typeof row === "string") {
      if (line.some(Boolean)) problems.push({ text: line.filter(Boolean).join("　"), why: row || say("noMoreRows") });
      return;
    }
    line.forEach((text, place) => {
      const column = places.get(place);
      if (column) values.push({ row, column, text });
      else if (text && !found.lines && place > Math.max(staff, name)) problems.push({ text, why: say("noMoreColumns", { name: row.name }) });
    });
  });
  return { values, problems, by: staff >= 0 ? "staff" : name >= 0 ? "name" : "place" };
}

function clean(text) {
  return (text ?? "").replace(/\s/g, "");
}

/** Columns of the block from `first` on, laid side by side from the active column on. */
function inOrder(columns, start, first, width) {
  const places = new Map();
  for (let place = first; place < width && start + place - first < columns.length; place += 1) {
    places.set(place, columns[start + place - first]);
  }
  return places;
}
