/* The table on the page: it came from the server; here cells, totals, states and means are kept up to date. */

import { hundredths, mean, show } from "./points.js";
import { isDirty, lacks, shownText } from "./sheet.js";
import { say } from "./words.js";

const MARKS = ["fed", "lacking", "noted", "wrong", "rival", "waiting"];
const STATE_TAGS = { filled: "ok", lacking: "warn", wrong: "error", empty: "plain" };

export class Table {
  constructor(sheet, element) {
    this.sheet = sheet;
    this.element = element;
    this.lines = Array.from(element.tBodies[0].rows);
    this.shown = sheet.rows.map(() => true);
    this.lines.forEach((line, r) => {
      line.row = sheet.rows[r];
    });
    this.means = Array.from(element.tFoot.rows[0].cells);
    this.staleMeans = new Set();
    sheet.watch((cells, rows) => {
      for (const cell of cells) this.paint(cell);
      for (const row of rows) this.paintRow(row);
    });
  }

  td(cell) {
    return this.lines[cell.row.r].cells[cell.column.c + 1];
  }

  /** The cell a table cell stands for; undefined for headings, totals and states. */
  cellOf(td) {
    const line = td.parentElement;
    const c = td.cellIndex - 1;
    return line.row && c >= 0 && c < this.sheet.width ? this.sheet.at(line.row.r, c) : undefined;
  }

  paint(cell) {
    const td = this.td(cell);
    // The editor may stand in this cell behind the text.
    if (td.firstChild?.nodeType !== Node.TEXT_NODE) td.prepend("");
    td.firstChild.data = shownText(cell);
    const marks = marksOf(cell);
    for (const mark of MARKS) td.classList.toggle(mark, marks.includes(mark));
    const aside = asideOf(cell);
    if (aside) td.dataset.points = aside;
    else delete td.dataset.points;
    if (cell.refusal) td.title = cell.refusal;
    else td.removeAttribute("title");
    this.staleMeans.add(cell.column);
    this.planMeans();
  }

  paintRow(row) {
    const [total, state] = Array.from(this.lines[row.r].cells).slice(-2);
    total.textContent = row.total;
    total.classList.toggle("stale", !this.sheet.isFresh(row));
    const name = this.sheet.stateOf(row);
    state.firstElementChild.className = `tag ${STATE_TAGS[name]}`;
    state.firstElementChild.textContent = say(name);
  }

  /** Means read a whole column: once, when the burst of changes is over. */
  planMeans() {
    if (this.meansPlanned) return;
    this.meansPlanned = true;
    setTimeout(() => {
      this.meansPlanned = false;
      for (const column of this.staleMeans) this.paintMean(column);
      this.staleMeans.clear();
      const totals = this.sheet.rows.map((row) => hundredths(row.total)).filter((value) => !Number.isNaN(value));
      this.means.at(-2).textContent = mean(totals) || "—";
    }, 50);
  }

  paintMean(column) {
    if (column.item === null) return;
    const amounts = this.sheet.rows.map((row) => this.sheet.at(row.r, column.c).points).filter((points) => points !== null);
    this.means[column.c + 1].textContent = mean(amounts) || "—";
  }

  /** Show the rows that `fits`; out: how many. */
  filter(fits) {
    let count = 0;
    this.sheet.rows.forEach((row, r) => {
      this.shown[r] = fits(row);
      this.lines[r].hidden = !this.shown[r];
      count += this.shown[r];
    });
    return count;
  }

  /** The nearest shown row from `r` on in steps of `by`; -1 when there is none. */
  nextShown(r, by) {
    while (r >= 0 && r < this.shown.length) {
      if (this.shown[r]) return r;
      r += by;
    }
    return -1;
  }
}

function marksOf(cell) {
  if (!cell.column.editable) return ["fed"];
  if (cell.rival) return ["rival"];
  if (cell.refusal) return ["wrong"];
  const marks = isDirty(cell) ? ["waiting"] : [];
  if (lacks(cell)) marks.push("lacking");
  else if (cell.remark || cell.files) marks.push("noted");
  return marks;
}

/** The points, where they are not already what stands in the cell (GridCell.aside). */
export function asideOf(cell) {
  if (cell.points === null || cell.column.item === null || !cell.text) return "";
  const shown = show(cell.points);
  const number = cell.column.unit && cell.text.endsWith(cell.column.unit) ? cell.text.slice(0, -cell.column.unit.length) : cell.text;
  return shown === number.replace("-", "−") ? "" : shown;
}
