import { byId, say } from './dom.js';

/** Of this tab alone: gone when it is closed, and no other page of the browser sees it. */
const SLOT = 'facehash-key';

/** A key in the fragment of the address, which browsers send to no server, is taken up and leaves the address at once. */
export function takeUpKey() {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get('key');
  if (fromAddress !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    sessionStorage.setItem(SLOT, fromAddress.trim());
  }
  return sessionStorage.getItem(SLOT);
}

/** The field for the key, and the sign that one is in use. */
export class KeyField {
  #card = byId('key-card', HTMLElement);
  #chip = byId('key-chip', HTMLElement);
  #input = byId('key', HTMLInputElement);
  #problem = byId('key-problem', HTMLElement);

  /** @param {{onKey: (key: string) => void, onForgotten: () => void}} listeners */
  constructor({ onKey, onForgotten }) {
    byId('key-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const key = this.#input.value.trim();
      if (key === '') return;
      sessionStorage.setItem(SLOT, key);
      onKey(key);
    });
    byId('key-forget', HTMLButtonElement).addEventListener('click', () => {
      onForgotten();
      this.ask();
    });
    const reveal = byId('key-reveal', HTMLButtonElement);
    reveal.addEventListener('click', () => {
      const shown = this.#input.type === 'password';
      this.#input.type = shown ? 'text' : 'password';
      reveal.textContent = shown ? 'Hide' : 'Show';
      reveal.setAttribute('aria-pressed', String(shown));
    });
  }

  /** @param {string} [problem] why the key so far is none */
  ask(problem = '') {
    sessionStorage.removeItem(SLOT);
    this.#chip.hidden = true;
    this.#card.hidden = false;
    this.#input.setAttribute('aria-invalid', String(problem !== ''));
    say(this.#problem, problem);
    this.#input.focus();
  }

  /** @param {string} key */
  inUse(key) {
    this.#card.hidden = true;
    this.#input.value = '';
    this.#chip.hidden = false;
    byId('key-end', HTMLElement).textContent = `…${key.slice(-4)}`;
  }
}
