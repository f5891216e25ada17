export { FakeRuntimeClock } from './fake-runtime-clock.js';
export { httpFront, type HttpFront } from './http-front.js';
export { RecordingMetrics } from './recording-metrics.js';
export { authorityOf, configMaps, eventually, kubeConfigAt, whyNotHere } from './real-api.js';
