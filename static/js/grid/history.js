/* Every edit is a step that can be taken back and made again. Both go through the autosave like typing. */

import { tidy } from "./points.js";

const MOST_STEPS = 200;

export class History {
  constructor(sheet) {
    this.sheet = sheet;
    this.past = [];
    this.future = [];
    this.onChange = () => {};
  }

  /** Make one step of [{cell, text?, remark?}]. Out: how many cells it changed. */
  edit(changes) {
    const step = [];
    for (const { cell, text = cell.text, remark = cell.remark } of changes) {
      const isSame = text === cell.text && remark === cell.remark;
      if (isSame || !this.sheet.canEdit(cell)) continue;
      step.push({ cell, before: { text: cell.text, remark: cell.remark }, after: { text, remark } });
    }
    if (!step.length) return 0;
    this.past.push(step);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
    this.make(step, "after");
    return step.length;
  }

  make(step, side) {
    this.sheet.put(step.map(({ cell, [side]: value }) => ({ cell, ...value })));
    this.onChange();
  }

  /** Out: the cells that changed, so that the cursor can go there. */
  undo() {
    return this.move(this.past, this.future, "before");
  }

  redo() {
    return this.move(this.future, this.past, "after");
  }

  move(from, to, side) {
    if (!from.length || !this.sheet.editable) return [];
    const step = from.pop();
    to.push(step);
    this.make(step, side);
    return step.map((change) => change.cell);
  }
}

/** A level may be typed by its beginning when that leaves no doubt: "优" is "优秀". */
export function completed(column, text) {
  const plain = tidy(text);
  if (column.pricing !== "level" || !plain) return text;
  const names = column.levels.map(([name]) => name);
  const fitting = names.filter((name) => name.startsWith(plain));
  return !names.includes(plain) && fitting.length === 1 ? fitting[0] : text;
}
