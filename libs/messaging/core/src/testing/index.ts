export { aModelState, anEvent, aReplicaReport, aTrainCommand, aVersionSummary } from './builders.js';
export { describeMessagingContract } from './contract.js';
