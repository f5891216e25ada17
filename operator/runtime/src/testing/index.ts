export { httpFront, type HttpFront } from './http-front.js';
export { authorityOf, eventually, kubeConfigAt, whyNotHere } from './real-api.js';
