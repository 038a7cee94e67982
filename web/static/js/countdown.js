// One ticker for every deadline on the page, by the server's clock. The server stays the judge: here only the words move on.
const ahead = Number(document.documentElement.dataset.now || Date.now()) - Date.now();

function left(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const days = Math.floor(whole / 86400), hours = Math.floor(whole / 3600) % 24, minutes = Math.floor(whole / 60) % 60;
  let said;
  if (days) said = `${days}天${hours}小时`;
  else if (hours) said = `${hours}小时${minutes}分`;
  else if (minutes >= 10) said = `${minutes}分`;
  else said = `${minutes}分${whole % 60}秒`;
  return `${seconds > 0 ? "剩" : "超期"} ${said}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const time of document.querySelectorAll("time[data-due]")) {
    const seconds = (Date.parse(time.dateTime) - now) / 1000;
    const said = left(seconds);
    if (time.textContent !== said) time.textContent = said;
    const due = time.closest(".due");
    if (seconds <= 0 && due && !due.classList.contains("red")) {
      due.classList.remove("green", "amber");
      due.classList.add("red");
      due.querySelector(".shape").textContent = "●";
      due.querySelector(".word").textContent = "";
      announce(due.dataset.of);
    }
  }
}

// A screen reader hears of thresholds, not of seconds.
function announce(of) {
  const voice = document.getElementById("voice");
  if (voice && of) voice.textContent = `${of} 已超期`;
}

if (document.querySelector("time[data-due]") || document.querySelector("[data-live]")) setInterval(tick, 1000);
