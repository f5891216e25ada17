export { openLocalMessaging, type LocalMessagingOptions } from './local-messaging.js';
