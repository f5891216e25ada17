import type { Messaging } from '../ports.js';
import { describeBucketContract } from './bucket-contract.js';
import { describeCommandContract } from './command-contract.js';
import { describeEventContract } from './event-contract.js';

/** What the parts of the contract run on: opened anew for each test, and ended after it. */
export interface Opened {
  readonly messaging: Messaging;
  /** Aborts when the test is over, and whenever a test says so. */
  readonly stop: AbortController;
}

/** What state, events and commands promise. Runs in the process and over a network: it waits for things and never for a time. */
export function describeMessagingContract(name: string, open: () => Promise<Messaging>): void {
  describe(`messaging contract: ${name}`, () => {
    let opened: Opened | undefined;
    const now = (): Opened => {
      if (!opened) throw new Error('only inside a test');
      return opened;
    };
    beforeEach(async () => {
      opened = { messaging: await open(), stop: new AbortController() };
    });
    afterEach(async () => {
      opened?.stop.abort();
      await opened?.messaging.close();
    });

    describeBucketContract(now);
    describeCommandContract(now);
    describeEventContract(now);
  });
}
