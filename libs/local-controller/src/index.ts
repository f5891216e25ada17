export { openLocalController, type LocalController, type LocalControllerOptions } from './controller.js';
