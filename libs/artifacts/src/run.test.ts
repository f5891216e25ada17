import { exitCodeOf, outcomeOf, type RunOutcome } from './index.js';

const outcomes: readonly RunOutcome[] = [
  { outcome: 'trained', version: 'v-1' },
  { outcome: 'refused', code: 'VERSION_REFUSED', message: 'loses 9' },
  { outcome: 'failed', code: 'ARTIFACT_CORRUPT', message: 'no photo', retryable: false },
  { outcome: 'failed', code: 'REQUEST_INVALID', message: 'the run names another version', retryable: false },
  { outcome: 'failed', code: 'STORE_UNAVAILABLE', message: 'no answer', retryable: true },
];

describe('the exit of a trainer', () => {
  it.each(outcomes)('tells what became of the run: $outcome $code', (outcome) => {
    expect(outcomeOf({ code: exitCodeOf(outcome), signal: null }, outcome, 'v-1')).toEqual(outcome);
  });

  it('decides against a message that says otherwise', () => {
    expect(outcomeOf({ code: 137, signal: null }, { outcome: 'trained', version: 'v-1' }, 'v-1')).toMatchObject({
      outcome: 'failed',
      retryable: true,
    });
  });

  it('without a message still says what happened', () => {
    expect(outcomeOf({ code: null, signal: 'SIGKILL' }, undefined, 'v-1')).toEqual({
      outcome: 'failed',
      retryable: true,
      code: 'TRAINING_FAILED',
      message: 'the trainer was ended by SIGKILL',
    });
  });
});
