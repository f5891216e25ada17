export { ApiError, hasApiCode, type ApiErrorCode, type ApiErrorDetails } from './api-error.js';
export { ClusterClock } from './cluster-clock.js';
export { Controller, type ControllerOptions, type Reconcile } from './controller.js';
export { EventRecorder, type EventNote, type EventRecorderOptions } from './event-recorder.js';
export {
  KubeClient,
  type ApplyOptions,
  type CallOptions,
  type DeleteOptions,
  type KubeClientOptions,
  type ListOptions,
  type Patch,
  type Selection,
  type WatchOptions,
} from './kube-client.js';
export { LeaderElection, type LeaderElectionOptions } from './leader-election.js';
export { Manager, type Background, type Cache, type Health, type ManagerOptions } from './manager.js';
export {
  noRuntimeMetrics,
  runtimeMetrics,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricName,
  type RuntimeMetrics,
} from './metrics.js';
export { settled, terminal, waiting, type Outcome } from './outcome.js';
export { keyOf, refOf, type KubeObject, type ObjectList, type ObjectMeta, type ObjectRef, type OwnerReference } from './raw-object.js';
export { type Resource } from './resource.js';
export { systemRuntimeClock, type RuntimeClock } from './runtime-clock.js';
export type { Cached, IndexOf } from './store.js';
export { Watched, type Change, type WatchedOptions } from './watched.js';
export type { WatchEvent } from './watch-events.js';
export { WorkQueue, type Lane, type WorkQueueOptions } from './work-queue.js';
