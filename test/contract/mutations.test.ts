import { Limiter } from '@facehash/kernel';
import { reasonAgainst, type ServerKind } from '@facehash/test-servers';
import { mutatedPackages, runContract, type ContractRun, type Mutation } from '../support/mutations.js';

/** Two cores, and each run has a server beside it where it needs one. */
const atOnce = new Limiter(2);
const servers: Readonly<Record<string, ServerKind>> = {
  'libs/object-store/s3': 'minio',
  'libs/registry/mongo': 'mongo',
  'libs/messaging/nats': 'nats',
};
const packages = await mutatedPackages();
const adapters = await Promise.all(
  packages.map(async (adapter) => {
    const server = servers[adapter.folder];
    return { ...adapter, reason: server === undefined ? undefined : await reasonAgainst(server) };
  }),
);

describe('the contract of a port notices, of what its adapters may do wrong:', () => {
  it('what is written down for each of them', () => {
    const folders = packages.map(({ folder }) => folder);
    expect(folders).toEqual(expect.arrayContaining(['fs', 's3'].map((name) => `libs/object-store/${name}`)));
    expect(folders).toEqual(expect.arrayContaining(['libs/registry/sqlite', 'libs/messaging/local']));
    for (const { mutations } of packages) expect(mutations.length).toBeGreaterThanOrEqual(3);
  });

  describe.each(adapters)('$folder', (adapter) => {
    if (adapter.reason !== undefined) {
      it.skip(`is not mutated: ${adapter.reason}`, () => undefined);
      return;
    }
    const runs = new Map<Mutation | undefined, Promise<ContractRun>>();
    // All are begun with the first test, two at a time.
    beforeAll(() => {
      for (const mutation of [undefined, ...adapter.mutations]) {
        const run = atOnce.run(() => runContract(adapter, mutation));
        run.catch(() => undefined); // its test will tell
        runs.set(mutation, run);
      }
    });

    it('nothing, as it is', async () => {
      const { passed, failed, broken, output } = await outcome(runs.get(undefined));
      expect({ failed, broken, output: failed + broken > 0 ? output : '' }).toEqual({ failed: 0, broken: 0, output: '' });
      expect(passed).toBeGreaterThan(10);
    });

    it.each(adapter.mutations)('$what', async (mutation) => {
      const { passed, failed, broken } = await outcome(runs.get(mutation));
      expect(broken).toBe(0);
      expect(failed).toBeGreaterThan(0);
      expect(passed).toBeGreaterThan(0);
    });
  });
});

async function outcome(run: Promise<ContractRun> | undefined): Promise<ContractRun> {
  if (run === undefined) throw new Error('the run was not begun');
  return run;
}
