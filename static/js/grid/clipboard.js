/* Copy, cut and paste as in a spreadsheet. */

import { parse, plan, write } from "./align.js";
import { announce, say } from "./words.js";

export function listen(sheet, table, cursor, history, report) {
  const { editor } = cursor;

  function copy(event) {
    if (cursor.mode !== "move") return false;
    event.preventDefault();
    const lines = cursor.lines;
    event.clipboardData.setData("text/plain", write(lines.map((line) => line.map((cell) => cell.text))));
    announce(say("copied", { n: lines.flat().length }));
    return true;
  }

  editor.addEventListener("copy", copy);
  editor.addEventListener("cut", (event) => {
    if (copy(event)) history.edit(cursor.lines.flat().map((cell) => ({ cell, text: "" })));
  });
  editor.addEventListener("paste", (event) => {
    const block = parse(event.clipboardData.getData("text/plain"));
    const isOne = block.length === 1 && block[0].length === 1;
    if (cursor.mode !== "move" && isOne) return;
    event.preventDefault();
    cursor.commit();
    if (!sheet.editable) return;
    if (isOne) history.edit(cursor.lines.flat().map((cell) => ({ cell, text: block[0][0] })));
    else lay(block);
  });

  /** One step for the whole block, and a report of what had no place. */
  function lay(block) {
    const { top, left } = cursor.range;
    const shown = sheet.rows.filter((row) => row.r >= top && table.shown[row.r]);
    const { values, problems, by } = plan(block, { rows: sheet.rows, columns: sheet.columns, shown, start: left });
    const changes = [];
    for (const { row, column, text } of values) {
      const cell = sheet.at(row.r, column.c);
      if (sheet.canEdit(cell)) changes.push({ cell, text });
      else if (text && text !== cell.text) problems.push({ text: `${row.name}　${column.name}　${text}`, why: say("fedColumn") });
    }
    const cleared = changes.filter(({ cell, text }) => cell.text && !text).length;
    const count = history.edit(changes);
    const done = say(by === "place" ? "pasted" : by === "staff" ? "pastedByStaff" : "pastedByName", { n: count });
    const sentence = cleared ? done + say("pastedCleared", { n: cleared }) : done;
    report(sentence, problems);
    if (by === "place" && changes.length) {
      const last = changes.at(-1).cell;
      cursor.select(top, left, last.row.r, last.column.c);
    }
  }
}

/** The whole table as it stands, with headings, for Excel or WPS. */
export function wholeTable(sheet, words) {
  const head = [words.staff, words.name, ...sheet.columns.map((column) => column.name), words.total];
  const lines = sheet.rows.map((row) => [
    row.staff,
    row.name,
    ...sheet.row(row.r).map((cell) => cell.text),
    row.total.replace("−", "-"),
  ]);
  return write([head, ...lines]);
}
