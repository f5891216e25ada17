import { eventually } from '@facehash/testing';
import type { CommandQueue } from '../ports.js';
import type { Command } from '../schemas.js';
import { aTrainCommand } from './builders.js';
import type { Opened } from './contract.js';

export function describeCommandContract(opened: () => Opened): void {
  describe('commands', () => {
    let commands: CommandQueue;
    let stop: AbortController;
    beforeEach(() => {
      ({ commands } = opened().messaging);
      ({ stop } = opened());
    });

    /** A consumer that remembers what it was given. */
    const consume = (
      handle: (command: Command) => Promise<void> = async () => undefined,
      signal = stop.signal,
    ): { readonly given: string[]; readonly ended: Promise<void> } => {
      const given: string[] = [];
      const ended = commands.consume(async (command) => {
        given.push(command.id);
        await handle(command);
      }, signal);
      ended.catch(() => undefined);
      return { given, ended };
    };

    it('come one at a time, in the order they were sent, as they were sent', async () => {
      const sent: readonly Command[] = [
        aTrainCommand(1),
        { v: 1, id: 'activate', kind: 'activate', storageId: 'fm-0001-test', version: 'v-1' },
        { v: 1, id: 'erased', kind: 'erased', storageId: 'fm-0001-test', personId: 'per_1' },
      ];
      for (const command of sent) await commands.send(command);
      const handled: Command[] = [];
      let running = 0;
      let most = 0;
      const { ended } = consume(async (command) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        handled.push(command);
      });
      await eventually(() => handled.length >= 3);
      stop.abort();
      await ended;
      expect(handled).toEqual(sent);
      expect(most).toBe(1);
    });

    it('come once for one id, also when it is sent again after it was handled', async () => {
      for (const snapshot of [1, 2, 2, 1]) await commands.send(aTrainCommand(snapshot));
      const { given } = consume();
      await eventually(() => given.length >= 2);
      await commands.send(aTrainCommand(1));
      await commands.send(aTrainCommand(3));
      await eventually(() => given.includes('train-3'));
      expect(given).toEqual(['train-1', 'train-2', 'train-3']);
    });

    it('wait for a consumer, who waits for them', async () => {
      await commands.send(aTrainCommand(7));
      const { given } = consume();
      await eventually(() => given.length === 1);
      await commands.send(aTrainCommand(8));
      await eventually(() => given.length === 2);
    });

    it('come again when their handler fails, until it does not', async () => {
      await commands.send(aTrainCommand(1));
      let tries = 0;
      const { given } = consume(async () => {
        if (++tries < 3) throw new Error('not yet');
      });
      await eventually(() => tries === 3);
      await commands.send(aTrainCommand(2));
      await eventually(() => given.includes('train-2'));
      expect(given).toEqual(['train-1', 'train-1', 'train-1', 'train-2']);
    });

    it('that fail hold up no other', async () => {
      const { given } = consume(async ({ id }) => {
        if (id === 'train-1') throw new Error('never');
      });
      for (const snapshot of [1, 2, 3]) await commands.send(aTrainCommand(snapshot));
      await eventually(() => ['train-2', 'train-3'].every((id) => given.includes(id)));
    });

    it('are shared by several consumers: each comes to one of them', async () => {
      const both = [consume(), consume()];
      for (let i = 0; i < 20; i++) await commands.send(aTrainCommand(i));
      const given = (): string[] => both.flatMap((consumer) => consumer.given);
      await eventually(() => given().length >= 20);
      await commands.send(aTrainCommand(20));
      await eventually(() => given().includes('train-20'));
      expect(given().sort()).toEqual(Array.from({ length: 21 }, (_, i) => `train-${i}`).sort());
    });

    it('that were under way when a consumer was stopped, and failed, go to the next one', async () => {
      await commands.send(aTrainCommand(1));
      const own = new AbortController();
      let fail: (reason: Error) => void = () => undefined;
      const first = consume(() => new Promise((_, reject) => (fail = reject)), own.signal);
      await eventually(() => first.given.length === 1);
      own.abort();
      fail(new Error('stopped'));
      await first.ended;
      const second = consume();
      await eventually(() => second.given.includes('train-1'));
    });

    it('that come after a consumer was stopped are left to the next one', async () => {
      const own = new AbortController();
      const first = consume(undefined, own.signal);
      own.abort();
      await first.ended;
      await commands.send(aTrainCommand(1));
      const second = consume();
      await eventually(() => second.given.length === 1);
      expect(first.given).toEqual([]);
    });

    it('are refused when they are none, or come with a signal that has aborted', async () => {
      const wrong = { ...aTrainCommand(1), kind: 'dance' };
      await expect(commands.send(wrong as never)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(commands.send({ ...aTrainCommand(1), v: 2 } as never)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      const enough = new Error('enough');
      await expect(commands.send(aTrainCommand(2), AbortSignal.abort(enough))).rejects.toBe(enough);
      await commands.send(aTrainCommand(3));
      const { given } = consume();
      await eventually(() => given.length > 0);
      expect(given).toEqual(['train-3']);
    });

    it('end with the messaging: consumers stop, and nothing can be sent', async () => {
      const { ended } = consume();
      await opened().messaging.close();
      await ended;
      await expect(commands.send(aTrainCommand(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}
