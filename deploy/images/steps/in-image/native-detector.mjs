// Ends with an error unless the face detector of this image is the native one. The image has no other: its WebAssembly is left out.
import { bundledCascadePath, openHaar } from '@facehash/vision-haar';

const { adapter } = await openHaar({ adapter: 'auto', cascadePath: bundledCascadePath() });
if (adapter !== 'native') throw new Error(`the face detector is ${adapter}`);
console.log('face detector: native');
