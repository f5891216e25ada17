import { FaceHashError } from '@facehash/kernel';
import { aDescriptor, anAnalysis } from '@facehash/vision-core/testing';
import { refuseToServe, serveAnalyser } from '../serve.js';
import { StageLog } from '../stage-log.js';

// A worker that does what the bytes of the "image" say, so that a test can crash it, hang it and hold it back.

if (process.env['FAIL_TO_START'] === '1') throw new Error('this worker cannot start');
if (process.env['FAIL_TO_START'] === 'saying why') refuseToServe(new FaceHashError('ARTIFACT_CORRUPT', { file: 'a.onnx', detail: 'torn' }));

const stages = new StageLog();
/** Kept, so that it stays resident. */
const ballast: Uint8Array[] = [];

async function act(image: Uint8Array): Promise<void> {
  const [action = '', argument] = new TextDecoder().decode(image).split(' ');
  switch (action) {
    case 'crash':
      return process.abort();
    case 'hang':
      for (;;);
    case 'wait':
      return new Promise((resolve) => setTimeout(resolve, Number(argument)));
    case 'grow':
      ballast.push(new Uint8Array(Number(argument)).fill(1));
      return;
    case 'fail':
      throw new FaceHashError('IMAGE_UNREADABLE', {}, { cause: new Error('torn') });
    default:
  }
}

serveAnalyser(
  {
    analyse: async (image) => {
      await stages.time('decode', () => act(image));
      return anAnalysis({ width: image.length, height: process.pid });
    },
    describe: async (image) => {
      await act(image);
      return aDescriptor(image.length);
    },
  },
  { facts: { haar: 'none' }, stages },
);
