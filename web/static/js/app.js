// What makes the pages pleasant. Without any of it they still work.
import "./countdown.js";
import "./typing.js";
import "./transcript.js";
import "./drafts.js";
import "./keys.js";
