import { isWanted } from './wanted-files.mjs';

it.each([
  ['node_modules/fastify', 'fastify.js'],
  ['node_modules/fastify', 'LICENSE.md'],
  ['node_modules/@img/sharp-linux-x64', 'lib/sharp.node'],
  ['node_modules/onnxruntime-node', `bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`],
  ['node_modules/@vladmandic/face-api', 'demo/sample1.jpg'],
  ['services/inference', 'dist/main.js'],
  ['services/inference', 'page/main.js'],
])('an image has of %s the file %s', (place, path) => expect(isWanted(place, path)).toBe(true));

it.each([
  ['node_modules/fastify', 'test/reply.test.js'],
  ['node_modules/fastify', 'fastify.d.ts'],
  ['node_modules/fastify', 'README.md'],
  ['node_modules/onnxruntime-node', 'bin/napi-v6/win32/x64/onnxruntime.dll'],
  ['node_modules/@vladmandic/face-api', 'model/face_recognition_model.bin'],
  ['node_modules/bare-url', 'prebuilds/linux-x64/bare-url.bare'],
  ['services/inference', 'src/main.ts'],
  ['services/inference', 'dist/main.js.map'],
  ['services/inference', 'page/tsconfig.json'],
  ['libs/vision/core', 'dist/testing/index.js'],
])('an image has not of %s the file %s', (place, path) => expect(isWanted(place, path)).toBe(false));
