import { decidePhoto, type Seen } from './photo-decision.js';
import type { Holding } from './rows.js';

const mine = 'mine';

function row(personId: string, state: Holding['state'], overrides: Partial<Holding> = {}): Holding {
  return { storageId: 'm', personId, sha256: 'x', state, holder: '', token: 'of another call', ...overrides };
}

function decide(rows: readonly Holding[], { person = true, shared = false }: { person?: boolean; shared?: boolean } = {}): string {
  const seen: Seen = { person, wanted: { personId: 'ann', shared, token: mine }, rows };
  return decidePhoto(seen).is;
}

describe('what comes next for a photo of Ann’s', () => {
  it.each([
    ['nobody has it', [], 'toInsert'],
    ['this call has made it seen', [row('ann', 'photo', { token: mine })], 'added'],
    ['another call has made it seen', [row('ann', 'photo')], 'duplicate'],
    ['it is pending, whoever’s', [row('ann', 'pending')], 'toConfirm'],
    ['Ben has it', [row('ben', 'photo')], 'otherPerson'],
    ['Ben’s is pending', [row('ben', 'pending')], 'toSettle'],
    ['Ben has it while Ann’s is pending', [row('ben', 'photo', { holder: 'ben' }), row('ann', 'pending')], 'toWithdraw'],
    ['Ann’s is being removed', [row('ann', 'removal')], 'beingRemoved'],
    ['Ann’s is being removed and Ben has it', [row('ann', 'removal'), row('ben', 'photo')], 'otherPerson'],
    ['Ben’s is being removed', [row('ben', 'removal')], 'toInsert'],
  ])('if %s', (_, rows, next) => {
    expect(decide(rows)).toBe(next);
  });

  it.each([
    ['Ben has it', [row('ben', 'photo')], 'toInsert'],
    ['Ben’s is pending', [row('ben', 'pending')], 'toInsert'],
    ['hers is pending, too, to be shared', [row('ben', 'photo'), row('ann', 'pending', { holder: 'ann' })], 'toConfirm'],
    ['hers is being removed', [row('ben', 'photo'), row('ann', 'removal')], 'beingRemoved'],
  ])('to be shared, if %s', (_, rows, next) => {
    expect(decide(rows, { shared: true })).toBe(next);
  });

  it.each([
    ['nothing is there', [], 'noPerson'],
    ['it is pending', [row('ann', 'pending')], 'toWithdraw'],
    ['the erasure has not come to it', [row('ann', 'photo')], 'noPerson'],
    ['Ben has it', [row('ben', 'photo')], 'noPerson'],
  ])('once she is gone, if %s', (_, rows, next) => {
    expect(decide(rows, { person: false })).toBe(next);
  });
});
