export { httpFront, type HttpFront } from './http-front.js';
export { authorityOf, kubeConfigAt, whyNotHere } from './real-api.js';
