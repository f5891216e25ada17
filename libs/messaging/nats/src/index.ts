export { type NatsAuth } from './credentials.js';
export { type NatsLimits } from './limits.js';
export { type Health } from './link.js';
export { type BucketName } from './names.js';
export { openNatsMessaging, type NatsMessaging } from './nats-messaging.js';
export { openProgressTeller, type ProgressTeller } from './progress.js';
export { type NatsOptions, type SetupMode } from './options.js';
export { permissionsOf, roles, type NatsPermissions, type NatsRole, type NatsUser, type TrainerScope } from './roles.js';
