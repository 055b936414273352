/* On a phone: one member per screen, every item a field with its name, big enough for a thumb. */

import { completed } from "./history.js";
import { asideOf } from "./table.js";
import { lacks } from "./sheet.js";
import { rivalSentence, settling } from "./panels.js";
import { say } from "./words.js";

const TAGS = { filled: "ok", lacking: "warn", wrong: "error", empty: "plain" };

export class Phone {
  constructor(sheet, table, history, saver, openBox) {
    Object.assign(this, { sheet, table, history, saver, openBox, r: -1 });
    this.place = document.getElementById("grid-one");
    this.name = this.place.querySelector("h2");
    this.staff = this.place.querySelector("[data-staff]");
    this.total = this.place.querySelector("[data-total]");
    this.state = this.place.querySelector("[data-state]");
    this.progress = this.place.querySelector("progress");
    this.counter = this.place.querySelector("[data-counter]");
    this.fields = sheet.columns.map((column) => this.field(column));
    this.build();
    this.place.querySelector("[data-previous]").addEventListener("click", () => this.turn(-1));
    this.place.querySelector("[data-next]").addEventListener("click", () => this.turn(1));
    this.place.addEventListener("keydown", (event) => this.enter(event));
    sheet.watch((cells, rows) => {
      if (!sheet.editable) this.show(this.r);
      for (const cell of cells) if (cell.row.r === this.r) this.paint(cell);
      for (const row of rows) if (row.r === this.r) this.paintHead();
    });
    this.show(table.nextShown(0, 1));
  }

  /** The template holds one field; it is copied for each column. */
  field(column) {
    const made = document.getElementById("one-field").content.firstElementChild.cloneNode(true);
    const input = made.querySelector("input");
    const label = made.querySelector("label");
    input.id = `one-${column.c}`;
    label.htmlFor = input.id;
    label.firstElementChild.textContent = `${column.code} ${column.name}`.trim();
    label.lastElementChild.textContent = column.hint;
    input.inputMode = column.item === null || column.pricing === "level" ? "text" : "decimal";
    input.maxLength = column.item === null ? 200 : 40;
    if (column.pricing === "level") input.setAttribute("list", `levels-${column.item}`);
    const problem = made.querySelector("[data-problem]");
    problem.id = `one-${column.c}-problem`;
    const note = made.querySelector("[data-note]");
    note.hidden = column.item === null;
    note.setAttribute("aria-label", say("noteOf", { name: column.name }));
    note.addEventListener("click", () => this.openBox(this.sheet.at(this.r, column.c)));
    input.addEventListener("change", () => {
      const text = column.item === null ? input.value.trim() : completed(column, input.value.trim());
      this.history.edit([{ cell: this.sheet.at(this.r, column.c), text }]);
    });
    return { made, input, problem, note, aside: made.querySelector("[data-aside]") };
  }

  build() {
    const list = this.place.querySelector("[data-fields]");
    let section = "";
    this.fields.forEach(({ made }, c) => {
      const column = this.sheet.columns[c];
      if (column.section && column.section !== section) {
        section = column.section;
        const heading = document.createElement("h3");
        heading.className = `one-section ${column.kind}`;
        heading.textContent = section;
        list.append(heading);
      }
      list.append(made);
    });
  }

  turn(by) {
    const next = this.table.nextShown(this.r + by, by);
    if (next < 0) return;
    this.show(next);
    this.place.scrollIntoView({ block: "start" });
    this.name.focus({ preventScroll: true });
  }

  /** Enter on the soft keyboard goes to the next field, after the last to the next member. */
  enter(event) {
    if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    const here = this.fields.findIndex(({ input }) => input === event.target);
    const next = this.fields.slice(here + 1).find(({ input }) => !input.readOnly);
    event.target.blur();
    if (next) next.input.focus();
    else this.turn(1);
  }

  show(r) {
    this.place.hidden = r < 0;
    if (r < 0) return;
    this.r = r;
    for (const cell of this.sheet.row(r)) this.paint(cell);
    this.paintHead();
  }

  paintHead() {
    const row = this.sheet.rows[this.r];
    const shown = this.sheet.rows.filter((other) => this.table.shown[other.r]);
    const place = shown.indexOf(row) + 1;
    this.name.textContent = row.name;
    this.staff.textContent = row.staff;
    this.total.textContent = row.total;
    this.total.classList.toggle("stale", !this.sheet.isFresh(row));
    const state = this.sheet.stateOf(row);
    this.state.className = `tag ${TAGS[state]}`;
    this.state.textContent = say(state);
    this.counter.textContent = `${place}/${shown.length}`;
    this.progress.max = shown.length;
    this.progress.value = place;
    this.place.querySelector("[data-previous]").disabled = this.table.nextShown(this.r - 1, -1) < 0;
    this.place.querySelector("[data-next]").disabled = this.table.nextShown(this.r + 1, 1) < 0;
  }

  paint(cell) {
    const { made, input, problem, note, aside } = this.fields[cell.column.c];
    if (document.activeElement !== input || input.value === cell.saved.text) input.value = cell.text;
    input.readOnly = !this.sheet.canEdit(cell);
    made.classList.toggle("fed", !cell.column.editable);
    note.classList.toggle("noted", Boolean(cell.remark || cell.files));
    const points = asideOf(cell);
    aside.textContent = points ? say("points", { n: points }) : "";
    const text = cell.rival ? rivalSentence(cell) : cell.refusal || lacks(cell);
    problem.textContent = text;
    problem.className = cell.rival || cell.refusal ? "one-problem error" : "one-problem";
    problem.hidden = !text;
    if (cell.rival) problem.append(settling(cell, this.saver));
    input.toggleAttribute("aria-invalid", false);
    if (cell.rival || cell.refusal) input.setAttribute("aria-invalid", "true");
    if (text) input.setAttribute("aria-describedby", problem.id);
    else input.removeAttribute("aria-describedby");
  }
}
