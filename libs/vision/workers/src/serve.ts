import { asFaceHashError } from '@facehash/kernel';
import type { FaceAnalyser } from '@facehash/vision-core';
import type { AnswerOf, FromWorker, Report, Request } from './protocol.js';
import { StageLog } from './stage-log.js';

export interface ServeOptions {
  /** For the log of the pool's process. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Where the analyser writes down its stages. */
  readonly stages?: StageLog;
}

/**
 * The worker's side: answers what the pool sends until the pool goes away, and ends with it, also when the pool's process was killed.
 */
export function serveAnalyser(analyser: FaceAnalyser, { facts = {}, stages = new StageLog() }: ServeOptions = {}): void {
  // The pool decides when a worker ends: Ctrl-C reaches the whole process group, while requests under way are still to be answered.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (request: Request) => {
    stages.begin();
    void answer(analyser, request, () => ({ rssBytes: process.memoryUsage.rss(), stages: stages.stages })).then(tell);
  });
  tell({ type: 'ready', facts });
}

/** For a worker that cannot open what it needs: tells the pool why. The pool ends it. */
export function refuseToServe(thrown: unknown): void {
  const { code, details, cause, message } = asFaceHashError(thrown);
  const { file = '', detail = cause instanceof Error ? cause.message : message } = details;
  tell({
    type: 'failed',
    code,
    detail: [file, detail].map(String).filter(Boolean).join(': '),
    rssBytes: process.memoryUsage.rss(),
    stages: [],
  });
}

async function answer(analyser: FaceAnalyser, request: Request, report: () => Report): Promise<FromWorker> {
  try {
    const value = await answerTo(analyser, request);
    return { type: 'answer', value, ...report() };
  } catch (thrown) {
    const { code, cause } = asFaceHashError(thrown);
    return { type: 'failed', code, detail: cause instanceof Error ? cause.message : '', ...report() };
  }
}

function answerTo(analyser: FaceAnalyser, request: Request): Promise<AnswerOf[Request['type']]> {
  switch (request.type) {
    case 'analyse':
      return analyser.analyse(request.image, request.options);
    case 'describe':
      return analyser.describe(request.image, request.landmarks, request.pipeline);
  }
}

/** The channel may close between the work and its answer: then nobody waits for it. */
function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
