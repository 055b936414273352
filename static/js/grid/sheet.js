/* The state of the grid: rows, columns, cells. Whoever shows a cell watches; whoever changes one tells.

   A cell: text and remark as they stand on this page, `saved` as they stand on the server, the version of that,
   points (hundredths or null), number of files; `refusal` a sentence, `rival` a newer value of somebody else. */

import { hundredths, ownPoints } from "./points.js";
import { say } from "./words.js";

export class Sheet {
  constructor(data) {
    this.editable = data.editable;
    this.rows = data.rows.map(([account, name, staff, initials, pinyin, total], r) => ({
      r, account, name, staff, initials, pinyin, total,
    }));
    this.columns = [...data.columns, remarkColumn()].map((column, c) => ({ ...column, c }));
    this.width = this.columns.length;
    this.cells = [];
    for (const row of this.rows) for (const column of this.columns) this.cells.push(blank(row, column));
    for (const [r, c, text, version, points, remark, files] of data.cells) {
      const amount = points === "" ? null : hundredths(points);
      Object.assign(this.at(r, c), { text, version, points: amount, remark, files, saved: { text, remark } });
    }
    this.watchers = [];
  }

  at(r, c) {
    return this.cells[r * this.width + c];
  }

  row(r) {
    return this.cells.slice(r * this.width, (r + 1) * this.width);
  }

  canEdit(cell) {
    return this.editable && cell.column.editable;
  }

  /** `watcher(cells, rows)` after every change. */
  watch(watcher) {
    this.watchers.push(watcher);
  }

  tell(cells, rows = new Set(cells.map((cell) => cell.row))) {
    for (const watcher of this.watchers) watcher(cells, rows);
  }

  /** Put texts and remarks into cells: [{cell, text, remark}]. What was wrong with the old text is forgotten. */
  put(changes) {
    for (const { cell, text, remark } of changes) {
      cell.text = text;
      cell.remark = remark;
      cell.refusal = "";
      const points = ownPoints(cell.column, text);
      cell.points = Number.isNaN(points) ? null : points;
    }
    this.tell(changes.map((change) => change.cell));
  }

  /** `lacking`, `filled` or `empty`, as GridRow.state on the server; `wrong` while something is refused. */
  stateOf(row) {
    const cells = this.row(row.r).filter((cell) => cell.column.item !== null);
    if (cells.some((cell) => cell.refusal || cell.rival)) return "wrong";
    if (cells.some((cell) => lacks(cell))) return "lacking";
    const expected = cells.filter((cell) => cell.column.expected);
    const done = expected.length ? expected.every((cell) => cell.text) : cells.some((cell) => cell.text);
    return done ? "filled" : "empty";
  }

  /** Whether the total has taken in everything that can be saved. */
  isFresh(row) {
    return !this.row(row.r).some(isWaiting);
  }

  wrong() {
    return this.cells.filter((cell) => cell.refusal);
  }

  rivals() {
    return this.cells.filter((cell) => cell.rival);
  }
}

function remarkColumn() {
  return {
    item: null, code: "", name: say("remark"), aliases: [], kind: "remark", hint: "", notes: [],
    unit: "", editable: true, expected: false, reason: false, evidence: "none", pricing: "none",
  };
}

function blank(row, column) {
  return {
    row, column, text: "", remark: "", saved: { text: "", remark: "" }, version: 0, points: null, files: 0,
    refusal: "", rival: null,
  };
}

export function isDirty(cell) {
  return cell.text !== cell.saved.text || cell.remark !== cell.saved.remark;
}

/** Typed, and not yet taken, refused or disputed. */
export function isWaiting(cell) {
  return isDirty(cell) && !cell.refusal && !cell.rival;
}

/** What the rule still asks for before the month can be submitted. */
export function lacks(cell) {
  if (!cell.text || !cell.points) return "";
  if (cell.column.reason && !cell.remark) return say("lacksReason");
  if (cell.column.evidence === "required" && !cell.files) return say("lacksEvidence");
  return "";
}

export function nameOf(cell) {
  return `${cell.row.name} ${cell.column.code} ${cell.column.name}`.replace(/ +/g, " ");
}

/** As it stands in the table: a real minus sign. */
export function shownText(cell) {
  return cell.column.item !== null && cell.text.startsWith("-") ? `−${cell.text.slice(1)}` : cell.text;
}
