import { byId, element, pause, say } from './dom.js';
import { peoplePage, photoCount } from './people-calls.js';
import { counted, receiptInWords } from './words.js';

/** Photos are counted person by person, so a page is what fits on a screen. */
const PAGE = 20;
const RECEIPT_PERIOD_MS = 1000;

/** @typedef {import('./people-calls.js').Person} Person */

/** Who is enrolled: rename, erase with a receipt. */
export class People {
  #list = byId('people-list', HTMLElement);
  #none = byId('people-none', HTMLElement);
  #more = byId('people-more', HTMLButtonElement);
  #problem = byId('people-problem', HTMLElement);
  /** @type {string | undefined} */
  #next;
  /** How many pages are shown. */
  #pages = 1;
  #generation = 0;
  /** @type {Map<string, {name: string, line: HTMLElement}>} by person id, in order */
  #lines = new Map();

  /** @param {{api: import('./api.js').Api, watch: import('./model-watch.js').ModelWatch, closed: AbortSignal}} parts */
  constructor(parts) {
    this.parts = parts;
    byId('receipts', HTMLElement).replaceChildren();
    this.#list.replaceChildren();
    this.#more.addEventListener(
      'click',
      () => {
        this.#pages++;
        void this.refresh();
      },
      { signal: parts.closed },
    );
    let seen = '';
    parts.watch.tell(({ people, photos }) => {
      const now = `${people} ${photos}`;
      if (now !== seen) void this.refresh();
      seen = now;
    });
  }

  /** Reads the pages that are shown again. */
  async refresh() {
    const generation = ++this.#generation;
    const { api, closed } = this.parts;
    try {
      const { items, next } = await peoplePage(api, { limit: PAGE * this.#pages }, closed);
      if (generation !== this.#generation) return;
      this.#next = next ?? undefined;
      this.#show(items);
      for (const person of items) {
        const count = await photoCount(api, person.id, closed);
        if (generation !== this.#generation) return;
        const shown = document.getElementById(`photos-of-${person.id}`);
        if (shown) say(shown, counted(count, 'photo', 'photos'));
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {readonly Person[]} people */
  #show(people) {
    this.#none.hidden = people.length > 0;
    this.#more.hidden = this.#next === undefined;
    const known = this.#lines;
    this.#lines = new Map(people.map((person) => [person.id, this.#lineOf(person, known.get(person.id))]));
    for (const [id, { line }] of known) if (this.#lines.get(id)?.line !== line) line.remove();
    // What stays is not moved: it may have the focus, or a new name half typed.
    [...this.#lines.values()].forEach(({ line }, i) => {
      const there = this.#list.children[i];
      if (there !== line) this.#list.insertBefore(line, there ?? null);
    });
    const names = people.map(({ name }) => element('option', { attributes: { value: name } }));
    byId('known-names', HTMLDataListElement).replaceChildren(...names);
  }

  /**
   * @param {Person} person
   * @param {{name: string, line: HTMLElement} | undefined} shown
   */
  #lineOf(person, shown) {
    return shown?.name === person.name ? shown : { name: person.name, line: this.#fill(element('li'), person) };
  }

  /**
   * @param {HTMLElement} line
   * @param {Person} person
   */
  #fill(line, person) {
    const { id, name } = person;
    const rename = element('button', {
      className: 'quiet',
      text: 'Rename',
      attributes: { type: 'button', 'aria-label': `Rename ${name}` },
      on: () => this.#rename(person, line),
    });
    const erase = element('button', {
      className: 'quiet',
      text: 'Erase',
      attributes: { type: 'button', 'aria-label': `Erase ${name}` },
      on: () => this.#askToErase(person),
    });
    line.replaceChildren(
      element('span', { className: 'who' }, [
        element('strong', { text: name }),
        element('span', { className: 'hint', text: '…', attributes: { id: `photos-of-${id}` } }),
      ]),
      element('span', { className: 'row' }, [rename, erase]),
    );
    return line;
  }

  /**
   * @param {Person} person
   * @param {HTMLElement} line
   */
  #rename(person, line) {
    const input = element('input', { attributes: { 'aria-label': `New name of ${person.name}`, required: '', maxlength: '200' } });
    input.value = person.name;
    const back = () => {
      this.#fill(line, person).querySelector('button')?.focus();
      void this.refresh();
    };
    const form = element('form', { className: 'row rename' }, [
      input,
      element('button', { text: 'Save', attributes: { type: 'submit' } }),
      element('button', { className: 'quiet', text: 'Cancel', attributes: { type: 'button' }, on: back }),
    ]);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#change(person, input.value.trim());
    });
    line.replaceChildren(form);
    input.select();
  }

  /**
   * @param {Person} person
   * @param {string} name
   */
  async #change({ id }, name) {
    const { api, closed } = this.parts;
    say(this.#problem, '');
    try {
      await api.json(`/v1/people/${encodeURIComponent(id)}`, { method: 'PATCH', json: { name }, signal: closed });
      this.#lines.get(id)?.line.remove();
      this.#lines.delete(id);
      await this.refresh();
      this.#lines.get(id)?.line.querySelector('button')?.focus();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {Person} person */
  #askToErase(person) {
    const dialog = byId('erase-dialog', HTMLDialogElement);
    byId('erase-title', HTMLElement).textContent = `Erase ${person.name}?`;
    dialog.returnValue = 'cancel';
    dialog.addEventListener('close', () => (dialog.returnValue === 'erase' ? void this.#erase(person) : undefined), { once: true });
    dialog.showModal();
  }

  /** @param {Person} person */
  async #erase({ id, name }) {
    const { api, watch, closed: signal } = this.parts;
    say(this.#problem, '');
    try {
      let receipt = /** @type {{state: string}} */ (await api.json(`/v1/people/${encodeURIComponent(id)}`, { method: 'DELETE', signal }));
      const line = element('li', { attributes: { 'data-state': receipt.state } });
      byId('receipts', HTMLElement).append(line);
      void this.refresh();
      // Where the button was that had the focus, there is nothing any more.
      byId('people', HTMLElement).focus();
      watch.refresh();
      for (;;) {
        // The name is on this page only: the receipt itself does not keep it.
        say(line, `${name}: ${receiptInWords(receipt.state)}.`);
        line.dataset['state'] = receipt.state;
        if (receipt.state === 'Erased' || signal.aborted) return;
        await pause(RECEIPT_PERIOD_MS, signal);
        receipt = await api.json(`/v1/erasures/${encodeURIComponent(id)}`, { signal });
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!this.parts.closed.aborted) say(this.#problem, error instanceof Error ? error.message : String(error));
  }
}
