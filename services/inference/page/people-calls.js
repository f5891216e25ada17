import { ApiProblem } from './api.js';

/** @typedef {{id: string, name: string}} Person */

/**
 * People in the order of their creation, page by page.
 * @param {import('./api.js').Api} api
 * @param {{cursor?: string, limit: number}} page
 * @param {AbortSignal} signal
 * @returns {Promise<{items: Person[], next: string | null}>}
 */
export function peoplePage(api, { cursor, limit }, signal) {
  return api.json(`/v1/people?${query(cursor, limit)}`, { signal });
}

/**
 * @param {import('./api.js').Api} api
 * @param {string} personId
 * @param {AbortSignal} signal
 */
export async function photoCount(api, personId, signal) {
  let count = 0;
  /** @type {string | undefined} */
  let cursor;
  do {
    /** @type {{items: unknown[], next: string | null}} */
    const page = await api.json(`/v1/people/${encodeURIComponent(personId)}/photos?${query(cursor, 1000)}`, { signal });
    count += page.items.length;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return count;
}

/**
 * The person of this name, who is added if need be.
 * @param {import('./api.js').Api} api
 * @param {string} name
 * @param {AbortSignal} signal
 * @returns {Promise<Person>}
 */
export async function personCalled(api, name, signal) {
  try {
    return await api.json('/v1/people', { json: { name }, signal });
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'PERSON_EXISTS') throw error;
    const found = await findPerson(api, name, signal);
    // Gone between the two calls.
    if (!found) throw error;
    return found;
  }
}

/**
 * @param {import('./api.js').Api} api
 * @param {string} name
 * @param {AbortSignal} signal
 * @returns {Promise<Person | undefined>}
 */
async function findPerson(api, name, signal) {
  const wanted = name.normalize('NFC');
  /** @type {string | undefined} */
  let cursor;
  do {
    const page = await peoplePage(api, { ...(cursor === undefined ? {} : { cursor }), limit: 1000 }, signal);
    const found = page.items.find((person) => person.name === wanted);
    if (found) return found;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return undefined;
}

/**
 * @param {string | undefined} cursor
 * @param {number} limit
 */
function query(cursor, limit) {
  return new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) }).toString();
}
