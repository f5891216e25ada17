import { Api, ApiProblem } from './api.js';
import { Camera } from './camera.js';
import { byId } from './dom.js';
import { Enrol } from './enrol.js';
import { KeyField, takeUpKey } from './key.js';
import { ModelPanel } from './model-panel.js';
import { ModelWatch } from './model-watch.js';
import { People } from './people.js';
import { Recognise } from './recognise.js';
import { Stage } from './stage.js';

const workplace = byId('workplace', HTMLElement);
const camera = new Camera();
const stage = new Stage();
/** Ends everything that works with the key in use. */
let session = new AbortController();
const keyField = new KeyField({ onKey: (key) => void begin(key).then(() => byId('recognise', HTMLElement).focus()), onForgotten: end });

const key = takeUpKey();
if (key === null) keyField.ask();
else void begin(key);

// A link with a key that is opened in this very tab only changes the fragment.
addEventListener('hashchange', () => {
  const other = takeUpKey();
  if (other !== null) void begin(other);
});

/** @param {string} apiKey */
async function begin(apiKey) {
  end();
  const { signal: closed } = session;
  const api = new Api(apiKey);
  try {
    await api.json('/v1/model', { signal: closed });
  } catch (error) {
    if (!closed.aborted) refused(error);
    return;
  }
  keyField.inUse(apiKey);
  workplace.hidden = false;
  const watch = new ModelWatch({ api, closed, onProblem: (error) => isRefusal(error) && refused(error) });
  const recognise = new Recognise({ api, stage, camera, closed });
  const people = new People({ api, watch, closed });
  new ModelPanel({ api, watch, closed });
  new Enrol({ api, stage, camera, watch, recognise, onEnrolled: () => void people.refresh(), closed });
  watch.start();
}

function end() {
  session.abort();
  session = new AbortController();
  camera.close();
  stage.showNothing();
  workplace.hidden = true;
}

/** @param {unknown} error */
function refused(error) {
  end();
  keyField.ask(isRefusal(error) ? 'This key is unknown or was revoked.' : error instanceof Error ? error.message : String(error));
}

/** @param {unknown} error */
function isRefusal(error) {
  return error instanceof ApiProblem && error.status === 401;
}
