// The operator's microphone as a voice of the call: 16 kHz where the browser can, otherwise at its own rate, which the server is told.
const panel = document.querySelector("[data-microphone]");
const problem = document.getElementById("live-problem");
const RATE = 16000;
const MOST = 5; // seconds of sound that may wait to be sent before it is said that the network is too slow

let running = null;

function tell(sentence) {
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

async function context() {
  try {
    return new AudioContext({ sampleRate: RATE });
  } catch {
    return new AudioContext();
  }
}

async function start() {
  tell("");
  show(true);
  const mine = (running = { stop: [] });
  try {
    const sound = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
    mine.stop.push(() => sound.getTracks().forEach((track) => track.stop()));
    const audio = await context();
    mine.stop.push(() => audio.close());
    await audio.audioWorklet.addModule(panel.dataset.worklet);
    const socket = await connected(audio.sampleRate);
    mine.stop.push(() => socket.close());
    const worklet = new AudioWorkletNode(audio, "microphone");
    worklet.port.onmessage = ({ data }) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(data.samples);
      panel.querySelector("meter").value = data.level;
      if (socket.bufferedAmount > MOST * audio.sampleRate * 2) tell("网络太慢，声音传得比说话慢。");
    };
    audio.createMediaStreamSource(sound).connect(worklet).connect(audio.destination); // it puts out nothing, but is asked only when it is heard
    await audio.resume();
    socket.addEventListener("close", (event) => {
      if (running === mine) stop(event.reason || (event.code === 1000 ? "" : "与服务器的连接断了，请重新打开话筒。"));
    });
    if (running !== mine) mine.stop.forEach((end) => end());
  } catch (error) {
    mine.stop.forEach((end) => end());
    if (running === mine) stop(error.sentence ?? WHY[error.name] ?? "话筒打不开，请检查设备和浏览器的设置。");
  }
}

const WHY = {
  NotAllowedError: "浏览器没有得到使用话筒的许可，请在地址栏旁的设置里允许。",
  NotFoundError: "没有找到话筒，请接上话筒再试。",
  NotReadableError: "话筒正被别的程序占用。",
};

function connected(rate) {
  const address = new URL(panel.dataset.microphone, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.searchParams.set("rate", rate);
  address.searchParams.set("speaker", panel.querySelector("select").value);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    socket.onmessage = () => resolve(socket);
    socket.onclose = (event) => reject({ sentence: event.reason || "话筒没有接入，请稍后再试。" });
  });
}

function stop(sentence = "") {
  const old = running;
  running = null;
  old?.stop.forEach((end) => end());
  show(false);
  tell(sentence);
}

function show(open) {
  panel.querySelector('[data-do="start"]').hidden = open;
  panel.querySelector('[data-do="stop"]').hidden = !open;
  panel.querySelector("meter").hidden = !open;
  panel.querySelector("select").disabled = open;
}

if (panel) {
  panel.hidden = false;
  panel.querySelector('[data-do="start"]').addEventListener("click", () => (navigator.mediaDevices ? start() : tell("浏览器只在 https 或本机地址下允许使用话筒。")));
  panel.querySelector('[data-do="stop"]').addEventListener("click", () => stop());
  document.addEventListener("live-over", () => stop());
}
