// Sorts and filters the table of students. The page can be read without it.
const table = document.getElementById("heat");
const body = table.tBodies[0];
const rows = [...body.rows];
const search = document.getElementById("search");
const show = document.getElementById("show");
const chapter = document.getElementById("chapter");
const count = document.getElementById("count");
const details = rows.map(row => document.getElementById(`s${row.id.slice(1)}`));
const names = rows.map(row => row.cells[0].textContent.trim().toLowerCase());

// What the choices of "show" ask of a cell of a chapter.
const wanted = {
  all: () => true,
  n: cell => cell.classList.contains("n"),
  m: cell => cell.classList.contains("m"),
  l: cell => cell.classList.contains("l"),
  k: cell => cell.classList.contains("k"),
  b: cell => cell.classList.contains("b"),
};

function filter() {
  const words = search.value.trim().toLowerCase().split(/\s+/);
  const test = wanted[show.value];
  const column = Number(chapter.value);
  let shown = 0;
  rows.forEach((row, i) => {
    const cells = column ? [row.cells[column]] : [...row.cells].slice(1, -1);
    row.hidden = !(words.every(word => names[i].includes(word)) && cells.some(test));
    details[i].hidden = row.hidden;
    shown += !row.hidden;
  });
  count.textContent = `${shown} of ${rows.length} students`;
}

// Not graded and not submitted come last, in whatever direction.
function value(cell) {
  const number = parseFloat(cell.textContent);
  return Number.isNaN(number) ? null : number;
}

const byName = new Intl.Collator(undefined, { numeric: true }).compare;

function sort(column, descending) {
  const keys = new Map(rows.map((row, i) => [row, column ? value(row.cells[column]) : names[i]]));
  const sign = descending ? -1 : 1;
  const order = (a, b) => {
    const x = keys.get(a), y = keys.get(b);
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (column ? x - y : byName(x, y));
  };
  body.append(...[...rows].sort(order));
}

[...table.tHead.rows[0].cells].forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  // over the text, which is thus repeated on each printed page
  button.setAttribute("aria-label", `Sort by ${(head.querySelector(".name") ?? head).textContent}`);
  head.append(button);
  if (!column) head.setAttribute("aria-sort", "ascending");
  button.addEventListener("click", () => {
    // points begin with the lowest: those are the students to look at
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    sort(column, descending);
  });
});

const controls = document.getElementById("controls");
controls.hidden = false;
controls.addEventListener("input", filter);
controls.addEventListener("reset", () => setTimeout(filter));
controls.addEventListener("submit", event => event.preventDefault());
filter();

// The content of a student's details is only text until they are opened, since there may be thousands.
function fill(student) {
  const inert = student.querySelector("noscript");
  if (inert) inert.outerHTML = inert.textContent;
}

// Points link to the feedback as the details do, from the moment that the pointer is over their row.
function link(row) {
  const student = details[rows.indexOf(row)];
  fill(student);
  student.querySelectorAll("tbody tr").forEach((line, i) => {
    const page = line.querySelector("th a"), cell = row.cells[i + 1];
    if (!page || cell.querySelector("a")) return;
    const anchor = document.createElement("a");
    anchor.href = page.href;
    anchor.tabIndex = -1;  // the keyboard reaches the page from the details, with fewer stops
    anchor.append(...cell.childNodes);
    cell.append(anchor);
  });
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target?.classList.contains("student")) return;
  target.hidden = false;
  target.open = true;
  target.scrollIntoView();
}

body.addEventListener("pointerover", event => {
  const row = event.target.closest("tr");
  if (row) link(row);
});
body.addEventListener("click", event => {  // a finger arrives together with its pointer
  if (!event.target.closest("a")) event.target.closest("td")?.querySelector("a")?.click();
});
document.getElementById("all").addEventListener("toggle", event => fill(event.target), true);
window.addEventListener("hashchange", openTarget);
requestAnimationFrame(() => setTimeout(() => {
  table.classList.add("ready");
  openTarget();
}));
