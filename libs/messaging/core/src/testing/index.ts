export { aModelState, anEvent, aTrainCommand, aVersionSummary } from './builders.js';
export { describeMessagingContract } from './contract.js';
