export { FakeClock } from './fake-clock.js';
export { RecordingLogger, type LogLine } from './recording-logger.js';
