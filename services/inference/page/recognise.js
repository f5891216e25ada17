import { ApiProblem } from './api.js';
import { byId, pause } from './dom.js';

/** About three pictures a second, one request at a time: more would show nothing that a person notices. */
const LIVE_PERIOD_MS = 333;

/** @typedef {import('../src/http/v1/recognition-schemas.js').RecognitionAnswer} Recognition */

/** Recognition of a picture that is chosen, dropped or pasted, and of the webcam as it runs. */
export class Recognise {
  #webcam = byId('webcam', HTMLButtonElement);
  /** @type {AbortController | undefined} */
  #live;
  /** @type {AbortController | undefined} */
  #asking;

  /** @param {{api: import('./api.js').Api, stage: import('./stage.js').Stage, camera: import('./camera.js').Camera, closed: AbortSignal}} parts */
  constructor(parts) {
    this.parts = parts;
    const { closed: signal } = parts;
    const file = byId('image-file', HTMLInputElement);
    byId('choose-image', HTMLButtonElement).addEventListener('click', () => file.click(), { signal });
    file.addEventListener('change', () => this.#chosen(file), { signal });
    this.#webcam.addEventListener('click', () => (this.#live ? this.stopLive() : void this.startLive()), { signal });
    document.addEventListener('paste', (event) => this.#take(event.clipboardData?.files), { signal });
    this.#takeDrops(signal);
    signal.addEventListener('abort', () => this.stopLive(), { once: true });
  }

  /** @param {HTMLInputElement} file */
  #chosen(file) {
    this.#take(file.files);
    // The same file again is a change, too.
    file.value = '';
  }

  /** @param {AbortSignal} signal */
  #takeDrops(signal) {
    const stage = byId('stage', HTMLElement);
    document.addEventListener(
      'dragover',
      (event) => {
        event.preventDefault();
        stage.classList.add('drop');
      },
      { signal },
    );
    document.addEventListener('dragleave', (event) => event.relatedTarget ?? stage.classList.remove('drop'), { signal });
    document.addEventListener(
      'drop',
      (event) => {
        event.preventDefault();
        stage.classList.remove('drop');
        this.#take(event.dataTransfer?.files);
      },
      { signal },
    );
  }

  /** @param {FileList | null | undefined} files */
  #take(files) {
    const image = files?.[0];
    if (image) void this.#picture(image);
  }

  /** @param {Blob} image */
  async #picture(image) {
    this.stopLive();
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const { stage } = this.parts;
    stage.showPicture(image);
    stage.working('Looking…');
    try {
      await this.#ask(image, { mirrored: false }, asking.signal);
    } catch (error) {
      if (!asking.signal.aborted) stage.problem(inWords(error));
    }
  }

  /** Opens the webcam and says who it sees, until it is stopped. */
  async startLive() {
    this.#asking?.abort();
    const live = new AbortController();
    this.#live?.abort();
    this.#live = live;
    this.#pressed(true);
    const { stage, camera } = this.parts;
    try {
      stage.working('Opening the webcam…');
      await camera.open();
      stage.showVideo();
      while (!live.signal.aborted && camera.running) await this.#look(live.signal);
      if (!live.signal.aborted) this.stopLive();
    } catch (error) {
      if (live.signal.aborted) return;
      this.stopLive();
      stage.problem(inWords(error));
    }
  }

  /** @param {AbortSignal} signal */
  async #look(signal) {
    const { stage, camera } = this.parts;
    const turn = pause(LIVE_PERIOD_MS, signal);
    if (document.hidden) return turn;
    try {
      await this.#ask(await camera.photo(), { mirrored: true }, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiProblem) || !error.passes) throw error;
      stage.problem(inWords(error));
      await pause(error.retryAfterMs, signal);
    }
    await turn;
  }

  /** Lets go of the webcam. */
  stopLive() {
    if (!this.#live) return;
    this.#live.abort();
    this.#live = undefined;
    this.#pressed(false);
    this.parts.camera.close();
    this.parts.stage.showNothing();
  }

  /** Lets the webcam run on for somebody else and stops asking whom it sees. */
  handOver() {
    this.#asking?.abort();
    this.#live?.abort();
    this.#live = undefined;
    this.#pressed(false);
  }

  /** @param {boolean} live */
  #pressed(live) {
    this.#webcam.setAttribute('aria-pressed', String(live));
    this.#webcam.textContent = live ? 'Stop the webcam' : 'Use the webcam';
  }

  /**
   * Shows who is in the image; as long as no model can say it, where the faces are.
   * @param {Blob} image
   * @param {{mirrored: boolean}} how
   * @param {AbortSignal} signal
   */
  async #ask(image, how, signal) {
    const { api, stage } = this.parts;
    try {
      /** @type {Recognition} */
      const recognition = await api.json('/v1/recognize?candidates=1', { image, signal });
      if (!signal.aborted) stage.showFaces(recognition, how);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'MODEL_NOT_READY') throw error;
      /** @type {import('../src/http/v1/detection-schemas.js').DetectionAnswer} */
      const detection = await api.json('/v1/detect', { image, signal });
      if (!signal.aborted) stage.showBoxes(detection, how);
    }
  }
}

/** @param {unknown} error */
function inWords(error) {
  return error instanceof Error ? error.message : String(error);
}
