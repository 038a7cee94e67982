// One ticker for every deadline on the page, by the server's clock. The server stays the judge: here only the words move on.
const RANK = ["green", "amber", "red"];
const SHAPES = { amber: "▲", red: "●" };
const ahead = Number(document.documentElement.dataset.now || Date.now()) - Date.now();

function left(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const days = Math.floor(whole / 86400), hours = Math.floor(whole / 3600) % 24, minutes = Math.floor(whole / 60) % 60;
  let said;
  if (days) said = `${days}天${hours}小时`;
  else if (hours) said = `${hours}小时${minutes}分`;
  else if (minutes >= 10) said = `${minutes}分`;
  else said = `${minutes}分${whole % 60}秒`;
  return `${seconds >= 0 ? "剩" : "超期"} ${said}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const time of document.querySelectorAll("time[data-due]")) {
    const seconds = (Date.parse(time.dateTime) - now) / 1000;
    const said = left(seconds);
    if (time.textContent !== said) time.textContent = said;
    const due = time.closest(".due");
    const light = seconds < 0 ? "red" : time.dataset.warn && Date.parse(time.dataset.warn) <= now ? "amber" : "";
    if (light && due && RANK.indexOf(light) > RANK.findIndex((one) => due.classList.contains(one))) turn(due, light);
  }
}

// A light only ever turns for the worse here. A screen reader hears of that, not of seconds.
function turn(due, light) {
  due.classList.remove(...RANK);
  due.classList.add(light);
  due.querySelector(".shape").textContent = SHAPES[light];
  const word = due.querySelector(".word");
  word.textContent = light === "amber" ? "将到期 " : "";
  word.classList.remove("away");
  const voice = document.getElementById("voice");
  if (voice && due.dataset.of) voice.textContent = `${due.dataset.of} ${light === "amber" ? "将到期" : "已超期"}`;
}

if (document.querySelector("time[data-due]") || document.querySelector("[data-live]")) setInterval(tick, 1000);
