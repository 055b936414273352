/* The monthly grid. The table comes from the server; this makes it a place to work in.

   sheet.js    what stands in the cells            history.js  edits, undo, redo
   saver.js    autosave, conflicts                 table.js    the table on the page
   cursor.js   active cell, editor, range          keys.js     keyboard and mouse
   align.js    where a pasted block belongs        clipboard.js
   panels.js   what stands around the table        cellbox.js  remark and files of a cell
   phone.js    one member per screen               points.js   what a text is worth, at once */

import { CellBox } from "./cellbox.js";
import { listen as listenToClipboard, wholeTable } from "./clipboard.js";
import { Cursor } from "./cursor.js";
import { History } from "./history.js";
import { listen as listenToKeys } from "./keys.js";
import { pasteReport, rivalSentence, rivalStrip, saveState, settling, stopStrip, wrongCount } from "./panels.js";
import { Phone } from "./phone.js";
import { Saver } from "./saver.js";
import { Sheet, lacks, nameOf } from "./sheet.js";
import { Table, asideOf } from "./table.js";
import { announce, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("grid-data").textContent);
const sheet = new Sheet(data);
const table = new Table(sheet, $("grid-table"));
const history = new History(sheet);
const saver = new Saver(sheet, data.cellsUrl, saveState());
const cursor = new Cursor(sheet, table, history);
const box = new CellBox(sheet, history, saver, data);
const narrow = window.matchMedia("(max-width: 767.98px)");
const phone = new Phone(sheet, table, history, saver, (cell) => box.open(cell));

/** Show a cell, wherever one works: in the table or on the phone's card. */
function go(cell) {
  if (!table.shown[cell.row.r]) showAll();
  if (narrow.matches) {
    phone.show(cell.row.r);
    phone.fields[cell.column.c].input.focus();
  } else cursor.go(cell.row.r, cell.column.c);
}

/* ------------------------------------------------------------ the cell's note */

const info = $("cell-info");

/** Below the cell what is wrong or noted; in the foot what belongs there. */
cursor.onMove = (cell) => {
  const { note } = cursor;
  const text = cell.rival ? rivalSentence(cell) : cell.refusal || lacks(cell) || cell.remark;
  note.hidden = !text || cursor.mode !== "move";
  note.textContent = text;
  note.className = `cell-note${cell.rival || cell.refusal ? " error" : lacks(cell) ? " warn" : ""}`;
  if (cell.rival) note.append(settling(cell, saver, () => cursor.focus()));
  const points = asideOf(cell);
  const parts = [cursor.description, cell.column.hint, points && say("points", { n: points }), cell.files && say("files", { n: cell.files })];
  info.textContent = parts.filter(Boolean).join("　");
  $("cell-box-open").disabled = cell.column.item === null;
};

// Whoever goes elsewhere on the page need not wait for the pause in typing.
cursor.onLeave = () => saver.flush();

/* ------------------------------------------------------------------- commands */

function openBox() {
  cursor.commit();
  box.open(cursor.cell, () => cursor.focus());
}

function back(cells, nothing) {
  if (!cells.length) announce(nothing);
  else if (narrow.matches) phone.show(cells[0].row.r);
  else {
    const { row, column } = cells[0];
    if (!table.shown[row.r]) showAll();
    cursor.go(row.r, column.c);
  }
}

const commands = {
  undo: () => back(history.undo(), say("nothingToUndo")),
  redo: () => back(history.redo(), say("nothingToRedo")),
  remark: openBox,
  help: () => $("grid-help").showModal(),
  toolbar: () => $("grid-find").focus(),
  save() {
    cursor.commit();
    saver.flush();
  },
};

history.onChange = () => {
  $("grid-undo").disabled = !history.past.length;
  $("grid-redo").disabled = !history.future.length;
};

listenToKeys(sheet, table, cursor, history, commands);
listenToClipboard(sheet, table, cursor, history, pasteReport());
wrongCount(sheet, go);
rivalStrip(sheet, saver, go);
stopStrip(sheet, saver);

async function likeLastMonth() {
  const response = await fetch(data.lastUrl, { credentials: "same-origin" });
  if (!response.ok || response.redirected) return window.page.toast(say("lastFailed"));
  const rows = new Map(sheet.rows.map((row) => [row.account, row]));
  const columns = new Map(sheet.columns.map((column) => [column.item, column]));
  const changes = [];
  for (const [account, item, text] of await response.json()) {
    const [row, column] = [rows.get(account), columns.get(item)];
    const cell = row && column && sheet.at(row.r, column.c);
    if (cell && !cell.text) changes.push({ cell, text });
  }
  const count = history.edit(changes);
  return window.page.toast(count ? say("lastTaken", { n: count }) : say("lastNothing"));
}

const clicks = {
  "grid-undo": commands.undo,
  "grid-redo": commands.redo,
  "grid-last": likeLastMonth,
  "cell-box-open": openBox,
};
for (const [id, act] of Object.entries(clicks)) $(id)?.addEventListener("click", act);

// app.js copies what stands in data-copy-text and says so.
$("grid-copy").addEventListener("click", (event) => {
  const words = { staff: say("staff"), name: say("name"), total: say("total") };
  event.currentTarget.dataset.copyText = wholeTable(sheet, words);
});

for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", () => $(opener.dataset.opens).showModal());
}

/* --------------------------------------------------------------------- filter */

const find = $("grid-find");
const unfilled = $("grid-unfilled");

function filter() {
  const text = find.value.trim().toLowerCase().replace(/\s/g, "");
  const count = table.filter((row) => {
    const isFound = !text || row.name.includes(text) || row.initials.startsWith(text) || row.pinyin.startsWith(text) || row.staff.startsWith(text);
    return isFound && !(unfilled.checked && sheet.stateOf(row) !== "empty");
  });
  $("grid-none").hidden = count > 0;
  if (!table.shown[cursor.r]) {
    const first = table.nextShown(0, 1);
    if (first >= 0) cursor.place(first, cursor.c);
  }
  cursor.head = null;
  cursor.paintRange();
  if (narrow.matches) phone.show(table.shown[phone.r] ? phone.r : table.nextShown(0, 1));
  announce(say("found", { n: count }));
}

function showAll() {
  find.value = "";
  unfilled.checked = false;
  filter();
}

find.addEventListener("input", filter);
unfilled.addEventListener("change", filter);
find.addEventListener("keydown", (event) => {
  if (event.key === "Escape") showAll();
  if (event.key === "Enter" || event.key === "ArrowDown") {
    event.preventDefault();
    const first = table.nextShown(0, 1);
    if (first >= 0) go(sheet.at(first, 0));
  }
});

/* ---------------------------------------------------- headings and their rules */

const standard = $("grid-standard");

function showStandard(head, column) {
  const isOpen = head.contains(standard) && !standard.hidden;
  document.querySelector("th.open")?.classList.remove("open");
  standard.hidden = isOpen;
  if (isOpen) return;
  standard.querySelector("b").textContent = `${column.code} ${column.name}`;
  standard.querySelector("p").textContent = column.standard;
  standard.querySelector("ul").replaceChildren(
    ...column.notes.map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }),
  );
  head.append(standard);
  head.classList.add("open");
}

table.element.tHead.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-column]");
  if (opener) showStandard(opener.parentElement, sheet.columns[Number(opener.dataset.column)]);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !standard.hidden) standard.hidden = true;
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-column], #grid-standard")) standard.hidden = true;
});

/* ------------------------------------------------- leaving with the month's forms */

// Before app.js asks whether it is meant: what was typed must be on the server first.
window.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!form.matches("[data-needs-saved]")) return;
    cursor.commit();
    if (!saver.unsaved()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await saver.flush();
    if (!saver.unsaved()) form.requestSubmit(event.submitter);
    else {
      window.page.toast(say("notYetSaved", { n: saver.unsaved() }));
      const [first] = [...sheet.rivals(), ...sheet.wrong()];
      if (first) go(first);
    }
  },
  true,
);

document.body.dataset.grid = "ready";
