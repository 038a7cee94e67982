// Runs beside the sound: gathers a tenth of a second of it as 16-bit samples.
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Int16Array(Math.round(sampleRate / 10));
    this.count = 0;
  }

  process([[channel]]) {
    for (const value of channel ?? []) {
      this.samples[this.count++] = Math.max(-1, Math.min(1, value)) * 32767;
      if (this.count === this.samples.length) this.send();
    }
    return true;
  }

  send() {
    const loudest = this.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const samples = this.samples.slice().buffer;
    this.port.postMessage({ samples, level: Math.round((100 * loudest) / 32767) }, [samples]);
    this.count = 0;
  }
}

registerProcessor("microphone", Microphone);
