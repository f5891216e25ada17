import fc from 'fast-check';
import { DelayedKeys } from './delayed-keys.js';

const command = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.nat(100) }),
  fc.record({ do: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.constant(0) }),
  fc.record({ do: fc.constant('take' as const), key: fc.constant(''), at: fc.nat(100) }),
);

describe('keys that are due later', () => {
  it('come in the order of their times, each once, whatever is added and removed in between', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const keys = new DelayedKeys();
        const model = new Map<string, number>();
        for (const { do: what, key, at } of commands) {
          if (what === 'add') {
            keys.add(key, at);
            model.set(key, Math.min(at, model.get(key) ?? at));
          } else if (what === 'delete') {
            keys.delete(key);
            model.delete(key);
          } else {
            const earliest = Math.min(...model.values());
            const taken = keys.takeDue(at);
            if (earliest > at) expect(taken).toBeUndefined();
            else {
              expect(model.get(taken ?? '')).toBe(earliest);
              model.delete(taken ?? '');
            }
          }
          expect(keys.size).toBe(model.size);
          expect(keys.nextAtMs).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
      }),
    );
  });
});
