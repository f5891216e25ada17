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
  const others = rows.filter(({ personId }) => personId !== wanted.personId);
  if (!person) return own?.state === 'pending' ? { is: 'toWithdraw', row: own } : { is: 'noPerson' };
  switch (own?.state) {
    case 'photo':
      return { is: own.token === wanted.token ? 'added' : 'duplicate' };
    case 'pending':
      return { is: mayStay(own, others) ? 'toConfirm' : 'toWithdraw', row: own };
    case 'removal':
      return rival(wanted, others) ?? { is: 'beingRemoved' };
    case undefined:
      return rival(wanted, others) ?? { is: 'toInsert' };
  }
}

/** What somebody else's row means for who wants the photo alone. */
function rival({ shared }: Seen['wanted'], others: readonly Holding[]): PhotoDecision | undefined {
  if (shared) return undefined;
  if (hasPhoto(others)) return { is: 'otherPerson' };
  const pending = others.find(({ state }) => state === 'pending');
  return pending && { is: 'toSettle', row: pending };
}

/** A shared one says itself who holds it. */
function mayStay(own: Holding, others: readonly Holding[]): boolean {
  return own.holder !== '' || !hasPhoto(others);
}

function hasPhoto(rows: readonly Holding[]): boolean {
  return rows.some(({ state }) => state === 'photo');
}
