import { countResults } from './jest-stage.mjs';
import { oneFailed, onePassed, Report } from './report.mjs';

const lastLine = (lines) => lines.join('\n').split('\n').at(-1);

function recorded() {
  const lines = [];
  return { lines, report: new Report({ write: (line) => lines.push(line), now: () => 0 }) };
}

describe('the report', () => {
  it('ends with the line that a machine reads', async () => {
    const { lines, report } = recorded();
    await report.stage('format', async () => onePassed);
    await report.stage('unit tests', async () => ({ passed: 40, failed: 0, skipped: 0 }));
    report.print();
    expect(lastLine(lines)).toBe('41 passed, 0 failed');
    expect(report.failed).toBe(false);
  });

  it('names what was skipped, if anything was', async () => {
    const { lines, report } = recorded();
    await report.stage('format', async () => oneFailed);
    report.skip('whole-product tests');
    report.print();
    expect(lastLine(lines)).toBe('0 passed, 1 failed, 1 skipped');
    expect(report.failed).toBe(true);
  });

  it('counts a stage that throws as one failure and goes on', async () => {
    const { lines, report } = recorded();
    expect(await report.stage('build', () => Promise.reject(new Error('no disk')))).toBe(false);
    expect(await report.stage('format', async () => onePassed)).toBe(true);
    report.print();
    expect(lastLine(lines)).toBe('1 passed, 1 failed');
    expect(lines.join('\n')).toContain('no disk');
  });
});

describe('what Jest says is counted', () => {
  it.each([
    [
      'tests by their outcome',
      { numPassedTests: 5, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 },
      1,
      { passed: 5, failed: 2, skipped: 2 },
    ],
    [
      'a file that could not be run as a failure',
      { numPassedTests: 5, numRuntimeErrorTestSuites: 1 },
      1,
      { passed: 5, failed: 1, skipped: 0 },
    ],
    ['a Jest that ended without a word as a failure', {}, 137, { passed: 0, failed: 1, skipped: 0 }],
    ['a Jest that failed although its tests passed as a failure', { numPassedTests: 5 }, 1, { passed: 5, failed: 1, skipped: 0 }],
    ['a Jest that found no tests as a failure', { numPassedTests: 0 }, 0, { passed: 0, failed: 1, skipped: 0 }],
  ])('%s', (_, results, code, counts) => expect(countResults(results, code)).toEqual(counts));
});
