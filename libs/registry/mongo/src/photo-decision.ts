import type { Holding } from './rows.js';

/** Everything that is known of a content in a model, as it is on its way to somebody. */
export interface Seen {
  /** Whether who is to get it is there, and is not being erased. */
  readonly person: boolean;
  /** Whose it is to be, whether others may have it too, and the call that asks. */
  readonly wanted: { readonly personId: string; readonly shared: boolean; readonly token: string };
  readonly rows: readonly Holding[];
}

export type PhotoDecision =
  | { readonly is: 'added' | 'duplicate' | 'otherPerson' | 'beingRemoved' | 'noPerson' }
  /** Insert it, not yet to be seen. */
  | { readonly is: 'toInsert' }
  /** To be seen from here on. */
  | { readonly is: 'toConfirm' | 'toWithdraw'; readonly row: Holding }
  /** Somebody else's, whose call may be under way or have died: what it left is brought to its end first. */
  | { readonly is: 'toSettle'; readonly row: Holding };

/**
 * What comes next for a photo, from what is there. A row is inserted as pending, which nobody sees, and becomes a photo only when its person
 * was seen after that: who is erased later finds the row. Of two who want it for themselves, the unique index lets one insert.
 */
export function decidePhoto({ person, wanted, rows }: Seen): PhotoDecision {
  const own = rows.find(({ personId }) => personId === wanted.personId);
  if (!person) return own?.state === 'pending' ? { is: 'toWithdraw', row: own } : { is: 'noPerson' };
  if (own?.state === 'photo') return { is: own.token === wanted.token ? 'added' : 'duplicate' };
  const others = rows.filter(({ personId }) => personId !== wanted.personId);
  if (own?.state === 'pending') return { is: mayStay(own, others) ? 'toConfirm' : 'toWithdraw', row: own };
  if (!wanted.shared) {
    if (hasPhoto(others)) return { is: 'otherPerson' };
    const pending = others.find(({ state }) => state === 'pending');
    if (pending) return { is: 'toSettle', row: pending };
  }
  return { is: own ? 'beingRemoved' : 'toInsert' };
}

/** A shared one says itself who holds it. */
function mayStay(own: Holding, others: readonly Holding[]): boolean {
  return own.holder !== '' || !hasPhoto(others);
}

function hasPhoto(rows: readonly Holding[]): boolean {
  return rows.some(({ state }) => state === 'photo');
}
