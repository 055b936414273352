/* The keyboard and the mouse in the table. What the keys do stands in templates/scoring/_grid_help.html. */

const PAGE = 10;

/** What `commands` holds: undo, redo, save, remark, help, toolbar. */
export function listen(sheet, table, cursor, history, commands) {
  const clear = () => history.edit(cursor.lines.flat().map((cell) => ({ cell, text: "" })));

  function fillDown() {
    const lines = cursor.lines;
    const above = table.nextShown(cursor.range.top - 1, -1);
    const source = lines.length > 1 ? lines[0] : above < 0 ? [] : sheet.row(above).slice(cursor.range.left, cursor.range.right + 1);
    const targets = lines.length > 1 ? lines.slice(1) : lines;
    history.edit(targets.flatMap((line) => line.map((cell, place) => ({ cell, text: source[place]?.text ?? cell.text }))));
  }

  const first = () => table.nextShown(0, 1);
  const last = () => table.nextShown(table.lines.length - 1, -1);
  const end = sheet.width - 1;

  // With Ctrl (or the command key), in every mode.
  const withControl = {
    z: (event) => (event.shiftKey ? commands.redo() : commands.undo()),
    y: () => commands.redo(),
    d: () => fillDown(),
    a: () => cursor.select(first(), 0, last(), end),
    m: () => commands.remark(),
    s: () => commands.save(),
    Enter: () => cursor.fill(),
    Home: (event) => cursor.go(first(), 0, { extend: event.shiftKey }),
    End: (event) => cursor.go(last(), end, { extend: event.shiftKey }),
    ArrowUp: (event) => cursor.go(first(), cursor.c, { extend: event.shiftKey }),
    ArrowDown: (event) => cursor.go(last(), cursor.c, { extend: event.shiftKey }),
    ArrowLeft: (event) => cursor.go(cursor.r, 0, { extend: event.shiftKey }),
    ArrowRight: (event) => cursor.go(cursor.r, end, { extend: event.shiftKey }),
  };
  const moving = {
    ArrowUp: (event) => cursor.step(-1, 0, { extend: event.shiftKey }),
    ArrowDown: (event) => cursor.step(1, 0, { extend: event.shiftKey }),
    ArrowLeft: (event) => cursor.step(0, -1, { extend: event.shiftKey }),
    ArrowRight: (event) => cursor.step(0, 1, { extend: event.shiftKey }),
    PageUp: (event) => cursor.step(-PAGE, 0, { extend: event.shiftKey }),
    PageDown: (event) => cursor.step(PAGE, 0, { extend: event.shiftKey }),
    Home: (event) => cursor.go(cursor.r, 0, { extend: event.shiftKey }),
    End: (event) => cursor.go(cursor.r, end, { extend: event.shiftKey }),
  };
  const always = {
    Enter: (event) => cursor.enter(event.shiftKey ? -1 : 1),
    Escape: () => cursor.restore(),
    F1: () => commands.help(),
    F2: () => cursor.edit(),
    F6: () => commands.toolbar(),
  };

  function actionOf(event) {
    const { key } = event;
    if (event.altKey) return undefined;
    if (event.ctrlKey || event.metaKey) {
      const name = key.length === 1 ? key.toLowerCase() : key;
      // Inside a cell that is being typed, these are the browser's.
      if (cursor.mode !== "move" && ["z", "y", "a"].includes(name)) return undefined;
      return withControl[name];
    }
    if (key === "Delete" && cursor.mode === "move") return clear;
    if (key in always) return always[key];
    if (!(key in moving)) return undefined;
    if (cursor.mode === "move") return moving[key];
    const isVertical = key === "ArrowUp" || key === "ArrowDown";
    // A list of levels is walked with these keys.
    if (isVertical) return cursor.editor.list ? undefined : moving[key];
    return cursor.mode === "type" && key.startsWith("Arrow") && !event.shiftKey ? moving[key] : undefined;
  }

  cursor.editor.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Tab" && !event.ctrlKey && !event.altKey) {
      if (cursor.advance(event.shiftKey ? -1 : 1)) event.preventDefault();
      return;
    }
    const action = actionOf(event);
    if (!action) return;
    if (event.key !== "Enter") cursor.tabStart = null;
    event.preventDefault();
    action(event);
  });

  const body = table.element.tBodies[0];
  let isTouch = false;
  body.addEventListener("pointerdown", (event) => {
    isTouch = event.pointerType !== "mouse";
  });
  body.addEventListener("mousedown", (event) => {
    if (event.button !== 0 || event.target.closest("button, a")) return;
    const td = event.target.closest("td, th");
    if (td === cursor.td && (event.target === cursor.editor || event.target === cursor.note)) return;
    event.preventDefault();
    cursor.tabStart = null;
    const cell = td && table.cellOf(td);
    if (cell) {
      // A second tap on a touch screen opens the cell; a mouse does it with a double click.
      if (td === cursor.td && document.activeElement === cursor.editor && (isTouch || event.detail > 1)) cursor.edit();
      else cursor.go(cell.row.r, cell.column.c, { extend: event.shiftKey });
    } else if (td?.cellIndex === 0) {
      const { r } = td.parentElement.row;
      cursor.select(r, 0, r, end);
    }
  });
  body.addEventListener("mouseover", (event) => {
    if (isTouch || event.buttons !== 1 || cursor.mode !== "move" || document.activeElement !== cursor.editor) return;
    const td = event.target.closest("td");
    const cell = td && table.cellOf(td);
    if (cell && (cell !== cursor.cell || cursor.head)) cursor.go(cell.row.r, cell.column.c, { extend: true });
  });
  return { fillDown, clear };
}
