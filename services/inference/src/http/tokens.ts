/** What controllers ask Nest for: one token for each port, so that nothing is found by its class. */
export const MODEL_DIRECTORY = Symbol('ModelDirectory');
export const RECOGNISER = Symbol('Recogniser');
export const ENROLMENT = Symbol('Enrolment');
export const ERASER = Symbol('Eraser');
export const SAMPLE_COUNTS = Symbol('SampleCounts');
export const READINESS = Symbol('Readiness');
export const METRICS = Symbol('Metrics');
export const LIMITS = Symbol('HttpLimits');
export const BODIES = Symbol('ByteBudget');
export const ROUTES = Symbol('RouteTable');
export const TRAIN_CALL = Symbol('TrainCall');
export const LOGGER = Symbol('Logger');
