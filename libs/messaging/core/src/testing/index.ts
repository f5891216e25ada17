export { aModelState, anEvent, aPeopleProjection, aReplicaReport, aTrainCommand, aVersionSummary } from './builders.js';
export { describeMessagingContract } from './contract.js';
