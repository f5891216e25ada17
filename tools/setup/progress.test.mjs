import { progress, seconds } from './progress.mjs';

function recorded(options) {
  const lines = [];
  return { lines, ...progress({ total: 2, now: () => 0, write: (line) => lines.push(line), ...options }) };
}

describe('progress', () => {
  it('is one line for a step that finds everything in place', async () => {
    const { lines, step } = recorded();
    await step('npm packages', async () => 'present');
    expect(lines).toEqual(['[1/2] npm packages … present (0.0 s)']);
  });

  it('says what a step begins to do, and what became of it', async () => {
    const { lines, step } = recorded();
    await step('npm packages', async () => 'present');
    await step('networks', async (begins) => {
      begins('converting');
      return 'converted';
    });
    expect(lines.slice(1)).toEqual(['[2/2] networks … converting', '[2/2] networks … converted (0.0 s)']);
  });

  it('is silent, when quiet, about everything but real work', async () => {
    const { lines, step } = recorded({ quiet: true });
    await step('npm packages', async () => 'present');
    await step('networks', async (begins) => {
      begins('converting');
      return 'converted';
    });
    expect(lines).toHaveLength(2);
  });

  it('names the step that failed', async () => {
    const { lines, step } = recorded({ quiet: true });
    await expect(step('networks', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(lines).toEqual(['[1/2] networks … failed (0.0 s)']);
  });
});

it.each([
  [84, '0.1 s'],
  [59_900, '59.9 s'],
  [125_000, '2 min 5 s'],
])('%d ms reads %s', (ms, text) => expect(seconds(ms)).toBe(text));
