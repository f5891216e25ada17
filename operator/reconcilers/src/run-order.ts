export interface RunWish {
  readonly storageId: string;
  readonly namespace: string;
  /** Something answers already, and only of another pipeline: that can wait for whatever is new. */
  readonly upgrade: boolean;
}

export interface WaitingWish extends RunWish {
  readonly sinceMs: number;
}

/**
 * Who may begin first: what is new before upgrades; in each of them one of each namespace in turn, and of one namespace the oldest wish.
 * @param turns when a namespace was last served, or came: the smaller, the sooner it is its turn
 */
export function runOrder(wishes: readonly WaitingWish[], turns: ReadonlyMap<string, number>): readonly string[] {
  const fresh = wishes.filter(({ upgrade }) => !upgrade);
  const upgrades = wishes.filter(({ upgrade }) => upgrade);
  return [...byTurns(fresh, turns), ...byTurns(upgrades, turns)];
}

function byTurns(wishes: readonly WaitingWish[], turns: ReadonlyMap<string, number>): readonly string[] {
  const oldestFirst = [...wishes].sort((a, b) => a.sinceMs - b.sinceMs || (a.storageId < b.storageId ? -1 : 1));
  const rounds = new Map<string, number>();
  const places = oldestFirst.map(({ storageId, namespace }) => {
    const round = rounds.get(namespace) ?? 0;
    rounds.set(namespace, round + 1);
    return { storageId, round, turn: turns.get(namespace) ?? 0 };
  });
  return places.sort((a, b) => a.round - b.round || a.turn - b.turn).map(({ storageId }) => storageId);
}
