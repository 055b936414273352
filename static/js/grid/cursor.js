/* Where one is in the table: the active cell with the editor in it, and the selected range.

   One <input> for all cells. It stands in the active cell, so what is typed — also through an input method — lands
   there at once. Modes as in a spreadsheet: "move" (typing replaces), "type" (arrows finish), "edit" (F2: arrows
   move the caret). */

import { completed } from "./history.js";
import { nameOf } from "./sheet.js";
import { say } from "./words.js";

export class Cursor {
  constructor(sheet, table, history) {
    Object.assign(this, { sheet, table, history, mode: "move", r: 0, c: 0, head: null, tabStart: null });
    this.editor = document.createElement("input");
    this.editor.className = "editor";
    this.editor.autocomplete = "off";
    this.editor.spellcheck = false;
    this.note = document.createElement("div");
    this.note.className = "cell-note";
    this.note.id = "cell-note";
    this.selected = [];
    this.onMove = () => {};
    this.onLeave = () => {};
    this.editor.addEventListener("input", () => {
      if (this.mode === "move") this.setMode("type");
    });
    this.editor.addEventListener("focus", () => this.table.element.classList.add("focused"));
    this.editor.addEventListener("blur", () => {
      if (this.isMoving) return;
      this.table.element.classList.remove("focused");
      this.commit();
      this.onLeave();
    });
    sheet.watch((cells) => {
      if (cells.includes(this.cell) || !sheet.editable) this.show();
    });
    const first = table.nextShown(0, 1);
    if (first >= 0) this.place(first, 0);
  }

  get cell() {
    return this.sheet.at(this.r, this.c);
  }

  setMode(mode) {
    this.mode = mode;
    this.editor.dataset.mode = mode;
  }

  /** Put the editor into a cell without taking the focus. */
  place(r, c) {
    this.isMoving = true;
    this.r = r;
    this.c = c;
    const td = this.table.td(this.cell);
    this.td?.classList.remove("active", "near-end", "near-bottom");
    this.td?.parentElement.classList.remove("current");
    this.td = td;
    td.parentElement.classList.add("current");
    td.classList.add("active");
    td.classList.toggle("near-end", c > this.sheet.width - 4);
    td.classList.toggle("near-bottom", r > 3 && r >= this.table.lines.length - 3);
    td.append(this.editor, this.note);
    this.isMoving = false;
    const { item } = this.cell.column;
    this.editor.setAttribute("aria-labelledby", `r${this.cell.row.account} c${item ?? "-remark"}`);
    this.editor.inputMode = item === null || this.cell.column.pricing === "level" ? "text" : "decimal";
    this.editor.maxLength = item === null ? 200 : 40;
    if (this.cell.column.pricing === "level") this.editor.setAttribute("list", `levels-${item}`);
    else this.editor.removeAttribute("list");
    this.show();
  }

  /** The cell's text in the editor, and what there is to say about it. */
  show() {
    const { cell, editor } = this;
    if (this.mode === "move") {
      editor.value = cell.text;
      this.setMode("move");
    }
    editor.readOnly = !this.sheet.canEdit(cell);
    editor.toggleAttribute("aria-invalid", false);
    if (cell.refusal || cell.rival) editor.setAttribute("aria-invalid", "true");
    this.onMove(cell);
    if (this.note.hidden) editor.removeAttribute("aria-describedby");
    else editor.setAttribute("aria-describedby", "cell-note");
    if (document.activeElement === editor && this.mode === "move") editor.select();
  }

  /** Go to a cell; with `extend` the cell stays active and the range reaches to there. */
  go(r, c, { extend = false } = {}) {
    this.commit();
    this.head = extend ? { r, c } : null;
    if (!extend && (r !== this.r || c !== this.c)) this.place(r, c);
    this.paintRange();
    this.focus();
  }

  focus() {
    this.editor.focus({ preventScroll: true });
    if (this.mode === "move") this.editor.select();
    const far = this.head ? this.sheet.at(this.head.r, this.head.c) : this.cell;
    this.table.td(far).scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Move by cells, over hidden rows; at the edge it stays. */
  step(rows, columns, { extend = false } = {}) {
    const from = (extend && this.head) || this;
    const c = Math.max(0, Math.min(this.sheet.width - 1, from.c + columns));
    let { r } = from;
    for (let left = Math.abs(rows); left > 0; left -= 1) {
      const next = this.table.nextShown(r + Math.sign(rows), Math.sign(rows));
      if (next < 0) break;
      r = next;
    }
    this.go(r, c, { extend });
  }

  /** Reading order, for Tab. Out: false at the end of the table, where the browser moves on. */
  advance(by) {
    let { r, c } = this;
    c += by;
    if (c < 0 || c >= this.sheet.width) {
      r = this.table.nextShown(r + by, by);
      c = by > 0 ? 0 : this.sheet.width - 1;
    }
    if (r < 0) return false;
    const start = this.tabStart ?? this.c;
    this.go(r, c);
    this.tabStart = r === this.r ? start : null;
    return true;
  }

  /** Enter goes down; after a run of Tab, to below where it began. */
  enter(by) {
    const c = this.tabStart ?? this.c;
    this.tabStart = null;
    this.commit();
    const next = this.table.nextShown(this.r + by, by);
    this.go(next < 0 ? this.r : next, next < 0 ? this.c : c);
  }

  edit() {
    if (!this.sheet.canEdit(this.cell)) return;
    this.setMode("edit");
    const end = this.editor.value.length;
    this.editor.setSelectionRange(end, end);
  }

  commit() {
    if (this.mode === "move") return;
    this.setMode("move");
    const text = this.cell.column.item === null ? this.editor.value.trim() : completed(this.cell.column, this.editor.value.trim());
    this.history.edit([{ cell: this.cell, text }]);
    this.editor.value = this.cell.text;
  }

  /** Esc: what was typed goes; a refused text gives way to the one that is saved. */
  restore() {
    if (this.mode !== "move") {
      this.setMode("move");
      this.show();
    } else if (this.cell.refusal) {
      this.history.edit([{ cell: this.cell, ...this.cell.saved }]);
    } else {
      this.head = null;
      this.paintRange();
    }
  }

  /** What was typed goes into every selected cell. */
  fill() {
    const text = this.editor.value.trim();
    this.setMode("move");
    this.history.edit(this.lines.flat().map((cell) => ({ cell, text })));
    this.show();
  }

  /* ------------------------------------------------------------- range */

  /** Corners of the range: the active cell alone when nothing is selected. */
  get range() {
    const from = this.head ?? this;
    return {
      top: Math.min(from.r, this.r), bottom: Math.max(from.r, this.r),
      left: Math.min(from.c, this.c), right: Math.max(from.c, this.c),
    };
  }

  /** The selected cells, row by row; hidden rows are not touched. */
  get lines() {
    const { top, bottom, left, right } = this.range;
    const lines = [];
    for (let r = top; r <= bottom; r += 1) {
      if (!this.table.shown[r]) continue;
      lines.push(this.sheet.row(r).slice(left, right + 1));
    }
    return lines;
  }

  select(top, left, bottom, right) {
    this.go(top, left);
    this.head = { r: bottom, c: right };
    this.paintRange();
  }

  paintRange() {
    const old = this.selected;
    this.selected = this.head ? this.lines.flat().map((cell) => this.table.td(cell)) : [];
    const now = new Set(this.selected);
    for (const td of old) if (!now.has(td)) td.classList.remove("chosen");
    for (const td of this.selected) td.classList.add("chosen");
    this.onMove(this.cell);
  }

  get description() {
    if (!this.head) return nameOf(this.cell);
    const lines = this.lines;
    return say("chosen", { rows: lines.length, columns: lines[0]?.length ?? 0 });
  }
}
