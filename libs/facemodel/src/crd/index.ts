export { customResourceDefinition, faceModelSchema } from './definition.js';
export { faceModelReference } from './reference.js';
export { isNode, type Node } from './structural.js';
