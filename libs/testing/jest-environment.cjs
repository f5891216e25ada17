const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest runs tests in a realm of its own; native addons check `instanceof` against the host's typed arrays
 * (onnxruntime-node refuses tensors of any other). This environment gives the tests the host's.
 */
class HostTypedArrays extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of [
      'ArrayBuffer',
      'SharedArrayBuffer',
      'DataView',
      'Uint8Array',
      'Uint8ClampedArray',
      'Int8Array',
      'Uint16Array',
      'Int16Array',
      'Uint32Array',
      'Int32Array',
      'Float32Array',
      'Float64Array',
      'BigInt64Array',
      'BigUint64Array',
    ]) {
      this.global[name] = globalThis[name];
    }
  }
}

module.exports = HostTypedArrays;
