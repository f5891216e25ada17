export { decode, prepareDecoder, type Decoded } from './decode.js';
