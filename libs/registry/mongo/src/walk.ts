import type { MongoStore } from './mongo-store.js';
import { textIn } from './rows.js';
import type { Filter, Row, Tables } from './tables.js';

/** Rows read at once when all are walked through. */
const WALK_PAGE = 1000;

export interface Walk {
  readonly of: keyof Tables;
  readonly where: Filter;
  /** The keys that are walked through; all when there are none. */
  readonly keys?: { readonly $gt: string; readonly $lt: string };
}

/** Row after row in the order of keys, a page at a time. What is added meanwhile may be among them or not. */
export async function* walk(store: MongoStore, { of, where, keys }: Walk, signal?: AbortSignal): AsyncIterable<Row> {
  for (let after = keys?.$gt ?? ''; ;) {
    const filter = { ...where, _id: { ...keys, $gt: after } };
    const page = await store.do((tables) => tables[of].page(filter, WALK_PAGE), signal);
    for (const row of page) {
      signal?.throwIfAborted();
      yield row;
    }
    const last = page.at(-1);
    if (!last || page.length < WALK_PAGE) return;
    after = textIn(last, '_id');
  }
}
