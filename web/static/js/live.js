// A live call: what is said comes in as it is said, goes into the form until somebody types there, and survives whatever breaks in between.
import "./microphone.js";

const NAMES = { operator: "话务员", citizen: "市民", mono: "通话" };
const page = document.querySelector("[data-live]");
const lines = document.getElementById("live-lines");
const body = document.getElementById("body");
let seen = Number(page.dataset.seen);
let written = body?.value;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function follow() {
  const source = new EventSource(`${page.dataset.live}?after=${seen}`);
  source.addEventListener("said", (event) => {
    seen = Math.max(seen, Number(event.lastEventId));
    said(JSON.parse(event.data));
  });
  source.addEventListener("now", (event) => now(JSON.parse(event.data)));
  source.addEventListener("over", (event) => over(JSON.parse(event.data), source));
  source.addEventListener("error", () => {
    // The browser tries again by itself unless the answer was no answer at all.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
}

function said(line) {
  const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  let row = lines.querySelector(`[data-id="${line.id}"]`);
  if (!row) {
    row = document.getElementById("live-line").content.firstElementChild.cloneNode(true);
    row.classList.add(line.speaker);
    row.dataset.id = line.id;
    row.dataset.start = line.start;
    row.querySelector(".speaker").textContent = NAMES[line.speaker] ?? line.speaker;
    row.querySelector(".time").textContent = clock(line.start);
    const after = [...lines.children].find((other) => Number(other.dataset.start) > line.start);
    lines.insertBefore(row, after ?? null);
  }
  row.querySelector(".text").textContent = line.text;
  row.querySelector(".text").title = line.heard === line.text ? "" : `识别原文：${line.heard}`;
  row.querySelector(".text").classList.toggle("unsure", line.confidence < 0.6);
  const quote = row.querySelector(".quote");
  if (quote) quote.dataset.quote = line.text;
  document.getElementById("live-none")?.remove();
  if (atEnd) lines.scrollTop = lines.scrollHeight;
  fill();
}

// What the citizen says fills the form for as long as nobody has typed into it.
function fill() {
  if (!body || body.value !== written) return;
  const rows = [...lines.children].filter((row) => !row.classList.contains("operator"));
  written = rows.map((row) => row.querySelector(".text").textContent).join("\n");
  body.value = written;
  body.dispatchEvent(new Event("input", { bubbles: true }));
}

function now(partials) {
  const place = document.getElementById("live-now");
  place.replaceChildren(
    ...Object.entries(partials).map(([speaker, text]) => {
      const row = document.createElement("p");
      row.className = `now ${speaker}`;
      row.textContent = text;
      return row;
    }),
  );
}

function over(news, source) {
  document.getElementById("live-state").textContent = "已结束";
  document.dispatchEvent(new Event("live-over"));
  if (news.call) {
    const link = document.getElementById("live-call");
    link.href = `/calls/${news.call}`;
    link.hidden = false;
  }
  if (news.call || news.gone) source.close();
}

if (!("over" in page.dataset)) follow();
