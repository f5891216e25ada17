import { FaceHashError } from '@facehash/kernel';
import type { Page, PageRequest } from './ports.js';

const LIMIT_MAX = 1000;

/** Throws REQUEST_INVALID for a page that the port does not allow. */
export function checkPage({ limit }: PageRequest): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) throw new FaceHashError('REQUEST_INVALID', { limit, max: LIMIT_MAX });
}

/** The page that begins `items`. One item more than its limit tells that there is another page. */
export function pageOf<T>(items: readonly T[], limit: number, keyOf: (item: T) => string): Page<T> {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: items.length > limit && last !== undefined ? keyOf(last) : null };
}
