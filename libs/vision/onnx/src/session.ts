import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FaceHashError, sha256Hex } from '@facehash/kernel';

export interface NetworkFile {
  readonly file: string;
  readonly sha256: string;
}

/** One network, loaded: pictures of one size in, numbers out. Computes on the calling thread. */
export class Network {
  private constructor(
    private readonly session: InferenceSession,
    private readonly size: number,
  ) {}

  /** Rejects with ARTIFACT_CORRUPT when the file is not what its digest says. */
  static async open(
    folder: string,
    { file, sha256 }: NetworkFile,
    options: { readonly size: number; readonly threads: number },
  ): Promise<Network> {
    const bytes = new Uint8Array(await readFile(join(folder, file)));
    if (sha256Hex(bytes) !== sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { file });
    // The default thread counts follow the machine and not the CPU limit of the container.
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: options.threads, interOpNumThreads: 1, logSeverityLevel: 3 });
    return new Network(session, options.size);
  }

  /** `pixels`: size x size x 3, colours 0 to 255. The outputs in the order of the network's own list. */
  async run(pixels: Float32Array): Promise<readonly Float32Array[]> {
    const image = new Tensor('float32', pixels, [1, this.size, this.size, 3]);
    const results = await this.session.run({ image });
    return this.session.outputNames.map((name) => {
      const data = results[name]?.data;
      if (!(data instanceof Float32Array)) throw new FaceHashError('INTERNAL', { output: name });
      return data;
    });
  }

  close(): Promise<void> {
    return this.session.release();
  }
}
