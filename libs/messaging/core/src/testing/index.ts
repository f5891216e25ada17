export { aModelState, anEvent, aPeopleProjection, aProgressMessage, aReplicaReport, aTrainCommand, aVersionSummary } from './builders.js';
export { describeMessagingContract } from './contract.js';
