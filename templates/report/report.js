"use strict";
// Sorting and filtering of tables. Without this script the tables are there in full.

// The number that a cell begins with, or its text. Thousands are separated by commas.
function keyOf(cell) {
  const text = cell.firstChild ? cell.firstChild.textContent.trim() : "";
  const number = parseFloat(text.replaceAll(",", ""));
  return Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

function sortBy(table, column, head, figures) {
  const before = head.getAttribute("aria-sort");
  // Figures begin with the largest, texts with the first; a third press brings the order back that the rows came in.
  const orders = figures ? ["descending", "ascending", null] : ["ascending", "descending", null];
  const order = orders[(orders.indexOf(before) + 1) % 3];
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  if (order) head.setAttribute("aria-sort", order);
  const body = table.tBodies[0];
  const sign = order === "descending" ? -1 : 1;
  const rows = Array.from(body.rows, row => [order ? keyOf(row.cells[column]) : Number(row.dataset.place), row]);
  rows.sort((one, other) => sign * compare(one[0], other[0]) || one[1].dataset.place - other[1].dataset.place);
  body.append(...rows.map(pair => pair[1]));
}

function makeSortable(table) {
  Array.from(table.tBodies[0].rows, (row, place) => { row.dataset.place = place; });
  Array.from(table.tHead.rows[0].cells, (head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(table, column, head, head.classList.contains("n")));
  });
}

function makeFilter(form) {
  const rows = Array.from(form.parentNode.querySelector("tbody").rows);
  const texts = rows.map(row => Array.from(row.cells, cell => cell.textContent).join(" ").toLowerCase());
  const input = form.querySelector("input");
  const output = form.querySelector("output");
  const total = rows.length.toLocaleString("en");
  function filter() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every(word => texts[index].includes(word));
      shown += !row.hidden;
    });
    output.textContent = `${shown.toLocaleString("en")} of ${total} rows`;
  }
  input.addEventListener("input", filter);
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  filter();
}

document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
document.querySelectorAll("form.filter").forEach(makeFilter);
