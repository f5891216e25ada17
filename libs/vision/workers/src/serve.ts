import { asFaceHashError } from '@facehash/kernel';
import type { FaceAnalyser } from '@facehash/vision-core';
import type { AnswerOf, FromWorker, Request } from './protocol.js';

/**
 * The worker's side: answers what the pool sends until the pool goes away, and ends with it, also when the pool's process was killed.
 * `facts` go to the log of the pool's process.
 */
export function serveAnalyser(analyser: FaceAnalyser, facts: Readonly<Record<string, string>> = {}): void {
  // The pool decides when a worker ends: Ctrl-C reaches the whole process group, while requests under way are still to be answered.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (request: Request) => void answer(analyser, request).then(tell));
  tell({ type: 'ready', facts });
}

async function answer(analyser: FaceAnalyser, request: Request): Promise<FromWorker> {
  try {
    return { type: 'answer', value: await answerTo(analyser, request) };
  } catch (thrown) {
    const { code, cause } = asFaceHashError(thrown);
    return { type: 'failed', code, detail: cause instanceof Error ? cause.message : '' };
  }
}

function answerTo(analyser: FaceAnalyser, request: Request): Promise<AnswerOf[Request['type']]> {
  switch (request.type) {
    case 'analyse':
      return analyser.analyse(request.image, request.options);
    case 'describe':
      return analyser.describe(request.image, request.landmarks);
  }
}

/** The channel may close between the work and its answer: then nobody waits for it. */
function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
