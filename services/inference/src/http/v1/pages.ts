import type { Page, PageRequest } from '@facehash/registry-core';
import { invalid } from '../failure.js';
import { parsed } from '../validation.js';
import { pageQuery } from './schemas.js';

/** The page that a query asks for. A cursor says nothing to a client but where to go on. */
export function pageRequest(query: unknown): PageRequest {
  const { limit, cursor } = parsed(pageQuery, query);
  if (cursor === undefined) return { limit };
  const after = Buffer.from(cursor, 'base64url').toString('utf8');
  if (after === '' || cursorOf(after) !== cursor) throw invalid({ path: 'cursor', message: 'is not one that a page gave' });
  return { limit, after };
}

export function pageAnswer<T, A>(page: Page<T>, answer: (item: T) => A): { readonly items: readonly A[]; readonly next: string | null } {
  return { items: page.items.map(answer), next: page.next === null ? null : cursorOf(page.next) };
}

function cursorOf(after: string): string {
  return Buffer.from(after, 'utf8').toString('base64url');
}
