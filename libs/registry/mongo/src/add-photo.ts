import { FaceHashError } from '@facehash/kernel';
import type { PhotoToAdd } from '@facehash/registry-core';
import { rowKey } from './keys.js';
import { decidePhoto, type PhotoDecision } from './photo-decision.js';
import { toHolding, type Holding } from './rows.js';
import type { Row, Tables } from './tables.js';

/** More people than may ever have one photo in common. */
const HOLDERS_MAX = 1000;

export type PhotoOutcome = 'added' | 'duplicate' | 'otherPerson' | 'beingRemoved';

interface Wanted {
  readonly storageId: string;
  readonly personId: string;
  readonly sha256: string;
  readonly shared: boolean;
  readonly token: string;
}

/** Looks, decides and acts until there is an answer. Whoever dies in between leaves a pending row, which the next one settles. */
export async function addPhoto(
  tables: Tables,
  { shared = false, ...photo }: PhotoToAdd,
  token: string,
  signal: AbortSignal,
): Promise<PhotoOutcome> {
  const { storageId, personId, sha256 } = photo;
  const wanted = { storageId, personId, sha256, shared, token };
  for (;;) {
    signal.throwIfAborted();
    const decision = await look(tables, wanted);
    switch (decision.is) {
      case 'added':
      case 'duplicate':
      case 'otherPerson':
      case 'beingRemoved':
        return decision.is;
      case 'noPerson':
        throw new FaceHashError('PERSON_NOT_FOUND', { id: personId });
      case 'toInsert':
        // Where somebody was faster, the next look finds their row.
        await tables.photos.insert({ _id: keyOf(photo), ...photo, state: 'pending', holder: shared ? personId : '', token });
        break;
      case 'toSettle':
        await settle(tables, decision.row);
        break;
      default:
        // Its own row, by its own change: no need to look again.
        if ((await end(tables, decision)) && decision.row.token === token) return 'added';
    }
  }
}

/** The person is read after the row was inserted, and the rows are: in any order, but not before. */
async function look(tables: Tables, wanted: Wanted): Promise<PhotoDecision> {
  const { storageId, personId, sha256 } = wanted;
  const [person, rows] = await Promise.all([
    tables.people.one({ _id: rowKey(storageId, personId), state: 'person' }),
    tables.photos.page({ storageId, sha256 }, HOLDERS_MAX),
  ]);
  return decidePhoto({ person: person !== undefined, wanted, rows: rows.map(toHolding) });
}

/** What the call that wrote the row would do next. */
async function settle(tables: Tables, row: Holding): Promise<void> {
  const decision = await look(tables, { ...row, shared: row.holder !== '' });
  if (decision.is === 'toConfirm' || decision.is === 'toWithdraw') await end(tables, decision);
}

/** Of that very row, while it is pending: whoever is second changes nothing. Whether it is seen from here on, by this change. */
async function end(tables: Tables, { is, row }: Extract<PhotoDecision, { is: 'toConfirm' | 'toWithdraw' }>): Promise<boolean> {
  const pending: Row = { _id: keyOf(row), state: 'pending', token: row.token };
  if (is === 'toConfirm') return tables.photos.change(pending, { $set: { state: 'photo' } });
  await tables.photos.remove(pending);
  return false;
}

export function keyOf({ storageId, personId, sha256 }: { storageId: string; personId: string; sha256: string }): string {
  return rowKey(storageId, personId, sha256);
}
