import { byId, element, say } from './dom.js';
import { counted, percentage, phaseInWords } from './words.js';

/** @typedef {import('./model-watch.js').Model} Model */

/** What the model is and how good: phase, version, evaluation in short, and the whole report on request. */
export class ModelPanel {
  #phase = byId('phase', HTMLElement);
  #facts = byId('model-facts', HTMLElement);
  #failure = byId('model-failure', HTMLElement);
  #openReport = byId('open-report', HTMLButtonElement);
  #problem = byId('report-problem', HTMLElement);
  /** @type {string | undefined} */
  #version;

  /** @param {{api: import('./api.js').Api, watch: import('./model-watch.js').ModelWatch, closed: AbortSignal}} parts */
  constructor({ api, watch, closed }) {
    watch.tell((model) => this.#show(model));
    this.#openReport.addEventListener('click', () => void this.#report(api, closed), { signal: closed });
  }

  /** @param {Model} model */
  #show(model) {
    say(this.#phase, phaseInWords(model.phase));
    this.#phase.dataset['phase'] = model.phase;
    const facts = factsOf(model).map(([what, value]) =>
      element('div', {}, [element('dt', { text: what }), element('dd', { text: value })]),
    );
    this.#facts.replaceChildren(...facts);
    const failure = failureOf(model);
    this.#failure.hidden = failure === '';
    say(this.#failure, failure);
    this.#version = model.active?.name;
    this.#openReport.hidden = !model.active;
  }

  /**
   * @param {import('./api.js').Api} api
   * @param {AbortSignal} signal
   */
  async #report(api, signal) {
    if (this.#version === undefined) return;
    say(this.#problem, '');
    try {
      const path = `/v1/versions/${encodeURIComponent(this.#version)}/report.html`;
      showReport(await (await api.send(path, { accept: 'text/html', signal })).text());
    } catch (error) {
      if (!signal.aborted) say(this.#problem, error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {string} html */
function showReport(html) {
  const frame = byId('report-frame', HTMLIFrameElement);
  const dialog = byId('report-dialog', HTMLDialogElement);
  const over = new AbortController();
  addEventListener(
    'message',
    (event) => {
      // The frame is sandboxed, so its origin is nobody's: it is known by itself.
      if (event.source === frame.contentWindow && event.data === 'ready') frame.contentWindow?.postMessage(html, '*');
    },
    { signal: over.signal },
  );
  frame.src = '/page/report.html';
  dialog.addEventListener('close', () => over.abort(), { once: true });
  dialog.showModal();
}

/**
 * @param {Model} model
 * @returns {readonly (readonly [what: string, value: string])[]}
 */
function factsOf({ people, photos, active, recognition }) {
  const enrolled = `${counted(people, 'person', 'people')}, ${counted(photos, 'photo', 'photos')}`;
  if (!active) return [['Enrolled', enrolled]];
  return [
    ['Enrolled', enrolled],
    ['Version', active.name],
    ['Trained', new Date(active.trainedAt).toLocaleString()],
    ['Nearest is right', percentage(active.rank1)],
    ['Known faces named', percentage(active.knownAcceptRate)],
    ['Strangers who may be named', percentage(recognition.falseAcceptTarget)],
  ];
}

/** @param {Model} model */
function failureOf({ training: { lastFailure }, active, quarantined }) {
  if (lastFailure && lastFailure.snapshot > (active?.snapshot ?? 0)) return `The last training came to nothing: ${lastFailure.message}`;
  if (quarantined.length > 0)
    return `${counted(quarantined.length, 'person is', 'people are')} left out, because their photos spoil the recognition of others.`;
  return '';
}
