export { nodes, observedNode, offersAccelerator, type ClusterNode } from './cluster-nodes.js';
export { JobRuns, podIndexes, type JobRun, type JobRunsParts } from './job-runs.js';
export { observedJob, type TrainingJob } from './observed-job.js';
export { observedPod, type TrainerPod } from './observed-pod.js';
export { type RunWish } from './run-order.js';
export { RunQueue, type RunLoad, type RunQueueOptions } from './run-queue.js';
export { type JobSettings, type StoreCredentials } from './training-job.js';
export { jobs, pods, TrainingJobs, trainersIn, type TrainingJobsParts } from './training-jobs.js';
export { parseTrainingProfiles, type ParsedProfiles, type TrainingProfile, type TrainingProfiles } from './training-profiles.js';
