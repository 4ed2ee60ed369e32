// Tables of a document as tables: every character of the text stays in its place, what stands between cells is hidden.

import { element } from "./dom.js";
import { inUnits } from "./units.js";

const MOST = 4000; // cells: a larger table is shown as it is written

// The tables of a text that are drawn, with all offsets in UTF-16 units: [{ start, end, cells, header_rows, ... }].
export function drawn(text, tables) {
  const few = tables.filter(({ cells }) => cells.length <= MOST && cells.length > 1);
  return inUnits(text, few).map((table) => ({ ...table, cells: inUnits(text, table.cells) }));
}

// Where the text of a table goes, piece by piece in its order: a function from where a piece begins to its parent.
export function drawing(table, block) {
  const body = element("tbody");
  block.append(element("table", {}, body));
  const taken = new Set(); // "row column" that a cell from above reaches into
  let next = 0; // the cell that comes next
  let row = -1;
  let column = 0;
  let open = null; // the element of the cell before it
  const enter = (cell) => {
    while (row < cell.row) {
      body.append(element("tr"));
      row++;
      column = 0;
    }
    for (; column < cell.column; column++) if (!taken.has(`${row} ${column}`)) body.lastChild.append(element("td"));
    const names = cell.row < table.header_rows || cell.column < table.header_columns;
    open = element(names ? "th" : "td", { rowspan: cell.rows > 1 && cell.rows, colspan: cell.columns > 1 && cell.columns });
    body.lastChild.append(open);
    column += cell.columns;
    for (let r = 1; r < cell.rows; r++) for (let c = 0; c < cell.columns; c++) taken.add(`${row + r} ${cell.column + c}`);
  };
  return (from) => {
    if (table.cells[next]?.start === from) enter(table.cells[next++]);
    if (open && from < table.cells[next - 1].end) return open;
    const gap = element("span", { class: "gap" });
    (open ?? block).append(gap);
    return gap;
  };
}
