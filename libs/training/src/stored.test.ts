import { FaceHashError } from '@facehash/kernel';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { readStored, withDigest, writeDerived } from './stored.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const signal = new AbortController().signal;
const read = (objects: InMemoryObjectStore) => readStored(objects, { key: 'm/a', decode: (it) => it }, signal);

describe('what is stored', () => {
  it('is damaged when the store says so, and can then be written anew', async () => {
    const objects = new InMemoryObjectStore();
    await objects.create('m/a', bytes('damaged'));
    objects.nextError = new FaceHashError('ARTIFACT_CORRUPT', { key: 'm/a' });
    const { state } = await read(objects);
    expect(state).toBe('corrupt');
    await writeDerived(objects, { key: 'm/a', bytes: bytes('sound'), replaces: state }, signal);
    expect(await read(objects)).toEqual({ state: 'sound', value: bytes('sound') });
  });

  it('is damaged when its digest is another, missing when it is not there, and unknown when the store is away', async () => {
    const objects = new InMemoryObjectStore();
    expect(await read(objects)).toEqual({ state: 'missing' });
    await objects.create('m/a', bytes('other'));
    expect(await readStored(objects, { key: 'm/a', decode: withDigest('0'.repeat(64)) }, signal)).toEqual({ state: 'corrupt' });
    objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await expect(read(objects)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
