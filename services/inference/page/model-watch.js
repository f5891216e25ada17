import { ApiProblem } from './api.js';
import { pause } from './dom.js';
import { framesOf } from './sse.js';

/** @typedef {import('../src/http/v1/model-schemas.js').ModelAnswer} Model */

/** Percents of a run are no events, so they are looked up while there is one. */
const BUSY_PERIOD_MS = 500;
/** An event tells of everything else at once; this is for what a broken connection swallowed. */
const QUIET_PERIOD_MS = 20_000;
const RECONNECT_MS = { first: 1000, last: 20_000 };

/** Knows the model as it is now, and tells whoever listens when it changes. */
export class ModelWatch {
  /** @type {Set<(model: Model) => void>} */
  #listeners = new Set();
  /** @type {Model | undefined} */
  #model;
  #wake = new AbortController();
  /** How many wait for a model of some kind: an event may come before what it tells of can be read. */
  #waiting = 0;

  /** @param {{api: import('./api.js').Api, closed: AbortSignal, onProblem: (error: unknown) => void}} parts */
  constructor(parts) {
    this.parts = parts;
  }

  start() {
    void this.#poll();
    void this.#listen();
  }

  /** @param {(model: Model) => void} listener called with the model as it is, and with every later one */
  tell(listener) {
    this.#listeners.add(listener);
    if (this.#model) listener(this.#model);
  }

  /** Has the model read now. */
  refresh() {
    this.#wake.abort();
  }

  /**
   * @param {(model: Model) => boolean} accept
   * @returns {Promise<Model>} the first model that is accepted; never resolves when the page is closed before
   */
  until(accept) {
    return new Promise((resolve) => {
      this.#waiting++;
      this.refresh();
      /** @param {Model} model */
      const listener = (model) => {
        if (!accept(model)) return;
        this.#waiting--;
        this.#listeners.delete(listener);
        resolve(model);
      };
      this.tell(listener);
    });
  }

  async #poll() {
    const { api, closed, onProblem } = this.parts;
    while (!closed.aborted) {
      this.#wake = new AbortController();
      let period = BUSY_PERIOD_MS;
      try {
        const model = /** @type {Model} */ (await api.json('/v1/model', { signal: closed }));
        this.#model = model;
        for (const listener of [...this.#listeners]) listener(model);
        if (model.training.run === null && !model.target && this.#waiting === 0) period = QUIET_PERIOD_MS;
      } catch (error) {
        if (closed.aborted) return;
        onProblem(error);
        period = error instanceof ApiProblem ? Math.max(error.retryAfterMs, BUSY_PERIOD_MS) : RECONNECT_MS.first;
      }
      await pause(period, AbortSignal.any([closed, this.#wake.signal]));
    }
  }

  /** Each event, and each connection after a broken one, is a reason to look. */
  async #listen() {
    const { api, closed } = this.parts;
    let wait = RECONNECT_MS.first;
    let last = '';
    while (!closed.aborted) {
      try {
        const headers = last === '' ? {} : { lastEventId: last };
        const { body } = await api.send('/v1/events', { accept: 'text/event-stream', signal: closed, endless: true, ...headers });
        wait = RECONNECT_MS.first;
        this.refresh();
        if (!body) return;
        for await (const { id } of framesOf(body)) {
          last = id ?? last;
          this.refresh();
        }
      } catch {
        // The next attempt finds out whether it is over.
      }
      await pause(wait * (0.5 + Math.random() / 2), closed);
      wait = Math.min(2 * wait, RECONNECT_MS.last);
    }
  }
}
