import { networkInput, type DescriptorSpec } from './descriptor-input.js';

/** Two pixels in a row: one red, green and blue of 10, 20 and 30, the other of 40, 50 and 60. */
const picture = { data: Uint8Array.of(10, 20, 30, 40, 50, 60), width: 2, height: 1 };
const plain: DescriptorSpec = {
  alignment: { template: 'dlib', size: 2 },
  mirrored: false,
  layout: 'NHWC',
  channels: 'RGB',
  mean: [0, 0, 0],
  deviation: [1, 1, 1],
  length: 4,
};

describe('the input of a descriptor network', () => {
  it.each([
    ['interleaved', {}, [10, 20, 30, 40, 50, 60]],
    ['in planes', { layout: 'NCHW' }, [10, 40, 20, 50, 30, 60]],
    ['blue first', { channels: 'BGR' }, [30, 20, 10, 60, 50, 40]],
    ['in planes, blue first', { layout: 'NCHW', channels: 'BGR' }, [30, 60, 20, 50, 10, 40]],
    ['centred and scaled', { mean: [10, 20, 30], deviation: [2, 3, 10] }, [0, 0, 0, 15, 10, 3]],
    [
      'centred and scaled in the order of its channels',
      { channels: 'BGR', mean: [30, 20, 10], deviation: [10, 3, 2] },
      [0, 0, 0, 3, 10, 15],
    ],
  ] as const)('is %s', (_, change, expected) => {
    expect([...networkInput(picture, { ...plain, ...change })]).toEqual(expected);
  });
});
