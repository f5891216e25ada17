export { type NatsAuth } from './credentials.js';
export { defaultLimits, type NatsLimits } from './limits.js';
export { type Health } from './link.js';
export { openNatsMessaging, type NatsMessaging } from './nats-messaging.js';
export { type NatsOptions, type SetupMode } from './options.js';
