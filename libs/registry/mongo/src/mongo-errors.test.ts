import { runInNewContext } from 'node:vm';
import { mongo } from 'mongoose';
import { isPassing } from './mongo-errors.js';

describe('whether trying again may help', () => {
  it.each([
    ['a socket that broke', new mongo.MongoNetworkError('connection 1 closed'), true],
    ['one that broke while it was written to', Object.assign(new Error('write ECONNRESET'), { syscall: 'write' }), true],
    ['the same from another realm', runInNewContext("Object.assign(new Error('write EPIPE'), { syscall: 'write' })") as unknown, true],
    ['a server that is no longer the primary', new mongo.MongoServerError({ code: 10107 }), true],
    ['a server that refuses', new mongo.MongoServerError({ code: 13 }), false],
    ['a mistake of ours', new TypeError('undefined is not a function'), false],
    ['nothing', null, false],
  ])('%s', (_what, error, passes) => {
    expect(isPassing(error)).toBe(passes);
  });
});
