import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOutcomeSchema, type RunOutcome } from '@facehash/artifacts';
import { RecordingLogger } from '@facehash/kernel/testing';
import { temporaryFolder } from '@facehash/testing';
import { shortened, writeTermination } from './termination.js';

const refused = (message: string): RunOutcome => ({ outcome: 'refused', code: 'VERSION_REFUSED', message });

describe('the termination message', () => {
  it('is the outcome as JSON', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'message');
    writeTermination(path, refused('loses 9'), new RecordingLogger());
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(refused('loses 9'));
  });

  it.each(['é'.repeat(5000), '😀'.repeat(2000), 'x'.repeat(3500)])('stays below what Kubernetes keeps', (message) => {
    const kept = shortened(refused(message));
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(4096);
    expect(runOutcomeSchema.parse(kept)).toEqual(kept);
    expect(JSON.stringify(kept)).not.toContain('\uFFFD');
  });

  it('that cannot be written costs a warning and nothing else', () => {
    const logger = new RecordingLogger();
    writeTermination('/nowhere/at/all', refused(''), logger);
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
  });
});
