import type { Observed } from '@facehash/lifecycle';

/**
 * Where calls of a model go: to its own replicas at `address` once one of them holds what answers, and for as long as one of them takes
 * requests. Null: whoever is asked answers. `before` is what replicas were told last.
 */
export function routeTo(
  address: string,
  { model, replicas, active }: Pick<Observed, 'model' | 'replicas' | 'active'>,
  before: string | null,
): string | null {
  if (model.spec.serving.mode !== 'Dedicated') return null;
  const ready = replicas.filter((replica) => replica.ready);
  if (ready.some(({ answering, verifiedCold }) => active === null || [answering, verifiedCold].includes(active.version))) return address;
  return ready.length > 0 && before === address ? before : null;
}
