import { ApiProblem } from './api.js';
import { byId, element, pause, say } from './dom.js';
import { personCalled } from './people-calls.js';
import { counted, progressInWords, rejectionInWords } from './words.js';

/** Ten photos in five seconds: long enough to turn one's head, short enough to keep smiling. */
const BURST = { photos: 10, periodMs: 500, countdown: 3 };
const RETRIES_MAX = 5;

/** @typedef {{outcome: 'accepted' | 'duplicate'} | {outcome: 'rejected', code: string, detail: string}} PhotoResult */

/** Enrolment of one person at a time: photos from the webcam or from files, what became of each, and the training until it answers. */
export class Enrol {
  #name = byId('name', HTMLInputElement);
  #buttons = [byId('burst', HTMLButtonElement), byId('choose-photos', HTMLButtonElement)];
  #photos = byId('photos', HTMLElement);
  #problem = byId('enrol-problem', HTMLElement);
  #outcome = byId('enrol-outcome', HTMLElement);
  #training = byId('training', HTMLElement);
  #tryIt = byId('try-it', HTMLButtonElement);
  /** @type {string[]} */
  #thumbnails = [];
  #busy = false;

  /**
   * @param {{
   *   api: import('./api.js').Api, stage: import('./stage.js').Stage, camera: import('./camera.js').Camera,
   *   watch: import('./model-watch.js').ModelWatch, recognise: import('./recognise.js').Recognise,
   *   onEnrolled: () => void, closed: AbortSignal
   * }} parts
   */
  constructor(parts) {
    this.parts = parts;
    const { closed: signal } = parts;
    const files = byId('photo-files', HTMLInputElement);
    byId('enrol-form', HTMLFormElement).addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        void this.#run(() => this.#burst());
      },
      { signal },
    );
    this.#buttons[1]?.addEventListener('click', () => this.#name.reportValidity() && files.click(), { signal });
    files.addEventListener(
      'change',
      () => {
        const chosen = [...(files.files ?? [])];
        files.value = '';
        if (chosen.length > 0) void this.#run(() => fromFiles(chosen));
      },
      { signal },
    );
    this.#tryIt.addEventListener('click', () => void parts.recognise.startLive(), { signal });
    parts.watch.tell((model) => this.#progress(model));
  }

  /** @param {() => AsyncIterable<Blob>} photos */
  async #run(photos) {
    if (this.#busy || !this.#name.reportValidity()) return;
    this.#begin(true);
    try {
      await this.#enrol(this.#name.value.trim(), photos());
    } catch (error) {
      if (!this.parts.closed.aborted) say(this.#problem, error instanceof Error ? error.message : String(error));
    } finally {
      this.#begin(false);
    }
  }

  /** @param {boolean} busy */
  #begin(busy) {
    this.#busy = busy;
    // Not `disabled`: that would take the focus away from whoever works by keyboard.
    for (const button of this.#buttons) button.setAttribute('aria-disabled', String(busy));
    this.#training.hidden = true;
    if (!busy) return;
    this.#tryIt.hidden = true;
    say(this.#problem, '');
    say(this.#outcome, '');
    for (const url of this.#thumbnails.splice(0)) URL.revokeObjectURL(url);
    this.#photos.replaceChildren();
  }

  /**
   * @param {string} name
   * @param {AsyncIterable<Blob>} photos
   */
  async #enrol(name, photos) {
    const { api, closed, onEnrolled } = this.parts;
    /** @type {Promise<{readonly id: string}> | undefined} */
    let person;
    /** @type {Promise<PhotoResult>[]} */
    const results = [];
    let before = Promise.resolve();
    for await (const photo of photos) {
      person ??= personCalled(api, name, closed);
      // One after the other, while the next ones are still being taken.
      const result = Promise.all([person, before]).then(([{ id }]) => this.#upload(photo, id));
      before = result.then(
        () => undefined,
        () => undefined,
      );
      result.catch(() => undefined);
      results.push(result);
    }
    const outcomes = await Promise.all(results);
    onEnrolled();
    const usable = outcomes.filter(({ outcome }) => outcome !== 'rejected').length;
    if (usable === 0) return say(this.#outcome, `None of the photos could be used, so ${name} cannot be recognised yet.`);
    say(this.#outcome, `${counted(usable, 'photo', 'photos')} of ${name} enrolled. Training…`);
    await this.#train(name);
  }

  /**
   * @param {Blob} photo
   * @param {string} personId
   * @returns {Promise<PhotoResult>}
   */
  async #upload(photo, personId) {
    const { api, closed: signal } = this.parts;
    const line = this.#thumbnail(photo);
    const path = `/v1/people/${encodeURIComponent(personId)}/photos`;
    const { photos } = /** @type {{photos: PhotoResult[]}} */ (await persistently(() => api.json(path, { image: photo, signal }), signal));
    const result = photos[0] ?? { outcome: 'rejected', code: 'IMAGE_UNREADABLE', detail: '' };
    line.className = result.outcome;
    line.append(element('span', { text: resultInWords(result) }));
    return result;
  }

  /** @param {Blob} photo */
  #thumbnail(photo) {
    const url = URL.createObjectURL(photo);
    this.#thumbnails.push(url);
    const line = element('li', {}, [element('img', { attributes: { src: url, alt: `Photo ${this.#photos.childElementCount + 1}` } })]);
    this.#photos.append(line);
    return line;
  }

  /** @param {string} name */
  async #train(name) {
    const { api, watch, closed: signal } = this.parts;
    this.#training.hidden = false;
    const begun = /** @type {{snapshot: number | null}} */ (await api.json('/v1/model/train', { method: 'POST', signal }));
    const wanted = begun.snapshot ?? 0;
    const model = await watch.until(
      ({ active, training }) => Math.max(active?.snapshot ?? 0, training.lastFailure?.snapshot ?? 0) >= wanted,
    );
    this.#training.hidden = true;
    if ((model.active?.snapshot ?? 0) < wanted) {
      say(this.#outcome, '');
      throw new Error(model.training.lastFailure?.message ?? 'The training came to nothing.');
    }
    say(this.#outcome, `The new version answers: ${name} can be recognised.`);
    this.#name.value = '';
    this.#tryIt.hidden = false;
  }

  /** @param {import('./model-watch.js').Model} model */
  #progress(model) {
    if (this.#training.hidden) return;
    const { text, percent } = progressInWords(model);
    const bar = byId('training-bar', HTMLProgressElement);
    say(byId('training-label', HTMLElement), text);
    if (percent === null) bar.removeAttribute('value');
    else bar.value = percent;
  }

  /** @returns {AsyncGenerator<Blob, void>} */
  async *#burst() {
    const { camera, stage, recognise, closed } = this.parts;
    recognise.handOver();
    try {
      await camera.open();
      stage.showVideo();
      byId('stage', HTMLElement).scrollIntoView({ block: 'nearest' });
      for (let seconds = BURST.countdown; seconds > 0; seconds--) {
        stage.working(`Photos in ${seconds}…`);
        countdown(String(seconds), 0);
        await pause(1000, closed);
      }
      stage.working('Turn your head a little…');
      for (let taken = 1; taken <= BURST.photos && !closed.aborted; taken++) {
        const photo = await camera.photo();
        countdown(`${taken}`, taken / BURST.photos);
        yield photo;
        await pause(BURST.periodMs, closed);
      }
    } finally {
      countdown(undefined, 0);
      camera.close();
      stage.showNothing();
    }
  }
}

/** @param {readonly File[]} files */
async function* fromFiles(files) {
  yield* files;
}

/**
 * @param {string | undefined} text undefined hides it
 * @param {number} share of the ring, 0 to 1
 */
function countdown(text, share) {
  byId('countdown', HTMLElement).hidden = text === undefined;
  say(byId('countdown-text', HTMLElement), text ?? '');
  byId('ring', SVGCircleElement).style.strokeDashoffset = String(100 * (1 - share));
}

/**
 * @template T
 * @param {() => Promise<T>} call
 * @param {AbortSignal} signal
 * @returns {Promise<T>} asks again as long as the server says that it passes, and not forever
 */
async function persistently(call, signal) {
  for (let retries = 0; ; retries++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiProblem) || !error.passes || retries === RETRIES_MAX || signal.aborted) throw error;
      await pause(error.retryAfterMs * (1 + Math.random()), signal);
    }
  }
}

/** @param {PhotoResult} result */
function resultInWords(result) {
  if (result.outcome === 'rejected') return `not taken: ${rejectionInWords(result.code, result.detail)}`;
  return result.outcome === 'accepted' ? 'taken' : 'was there already';
}
