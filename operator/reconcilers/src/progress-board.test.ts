import { aProgressMessage } from '@facehash/messaging-core/testing';
import { ProgressBoard } from './progress-board.js';

const message = aProgressMessage({ percent: 70 });

function aBoard(isUnderWay: () => boolean = () => true) {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs, advance: (ms: number) => void (nowMs += ms) };
  return { clock, board: new ProgressBoard({ isUnderWay, clock }) };
}

describe('what runs say of their progress', () => {
  it('is looked at at once, and then once in a second at most, however much is said', () => {
    const { clock, board } = aBoard();
    expect(board.take(message)).toBe(0);
    clock.advance(100);
    expect(board.take({ ...message, percent: 71 })).toBe(900);
    clock.advance(300);
    expect(board.take({ ...message, percent: 72 })).toBe(600);
    clock.advance(700);
    expect(board.take({ ...message, percent: 73 })).toBe(900);
    clock.advance(5_000);
    expect(board.take({ ...message, percent: 74 })).toBe(0);
    expect(board.of(message)).toEqual({ type: 'progress', stage: 'Fitting', percent: 74 });
  });

  it('is nothing new where it is only said again', () => {
    const { clock, board } = aBoard();
    board.take(message);
    clock.advance(5_000);
    expect(board.take(message)).toBeUndefined();
  });

  it('is of each run by itself, also where two models have runs of one name', () => {
    const { board } = aBoard();
    const other = { ...message, storageId: 'fm-0002-test', percent: 90 };
    expect([board.take(message), board.take(other)]).toEqual([0, 0]);
    expect([board.of(message)?.percent, board.of(other)?.percent]).toEqual([70, 90]);
  });

  it('is not kept of runs that nobody knows, nor of stages that there are not', () => {
    const { board } = aBoard(() => false);
    expect(board.take(message)).toBeUndefined();
    expect(board.of(message)).toBeUndefined();
    const { board: knowing } = aBoard();
    expect(knowing.take({ ...message, stage: 'Dancing' })).toBeUndefined();
  });

  it('is kept of so many runs and no more, of the newest', () => {
    const { board } = aBoard();
    for (let i = 0; i <= 10_000; i++) board.take({ ...message, run: `run-${i}` });
    expect(board.of({ ...message, run: 'run-0' })).toBeUndefined();
    expect(board.of({ ...message, run: 'run-10000' })).toBeDefined();
  });
});
