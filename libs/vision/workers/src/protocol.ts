import type { ErrorCode } from '@facehash/kernel';
import type { Analysis, AnalyseOptions, Descriptor, Landmarks } from '@facehash/vision-core';

// What the pool and a worker say to each other over the IPC channel of `child_process.fork`, in V8's serialisation: bytes travel as bytes.

/** One at a time: a worker is sent the next when it has answered. */
export type Request =
  | { readonly type: 'analyse'; readonly image: Uint8Array; readonly options: AnalyseOptions }
  | { readonly type: 'describe'; readonly image: Uint8Array; readonly landmarks: Landmarks; readonly pipeline: string };

export interface AnswerOf {
  readonly analyse: Analysis;
  readonly describe: Descriptor;
}

/** One stage of the work on a picture, in milliseconds from the arrival of the request. */
export interface StageTime {
  readonly stage: string;
  readonly startMs: number;
  readonly ms: number;
}

/** What every answer says of the process itself. */
export interface Report {
  readonly rssBytes: number;
  readonly stages: readonly StageTime[];
}

export type FromWorker =
  | { readonly type: 'ready'; readonly facts: Readonly<Record<string, string>> }
  | ({ readonly type: 'answer'; readonly value: AnswerOf[Request['type']] } & Report)
  | ({ readonly type: 'failed'; readonly code: ErrorCode; readonly detail: string } & Report);
