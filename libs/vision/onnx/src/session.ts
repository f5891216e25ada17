import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FaceHashError, sha256Hex } from '@facehash/kernel';

export interface NetworkFile {
  readonly file: string;
  readonly sha256: string;
}

/** One network, loaded: pictures of one shape in, numbers out. Computes on the calling thread. */
export class Network {
  private constructor(
    private readonly session: InferenceSession,
    private readonly input: { readonly name: string; readonly shape: readonly number[] },
  ) {}

  /** Rejects with ARTIFACT_CORRUPT when the file is not what its digest says. */
  static async open(
    folder: string,
    { file, sha256 }: NetworkFile,
    options: { readonly shape: readonly number[]; readonly threads: number },
  ): Promise<Network> {
    const bytes = new Uint8Array(await readFile(join(folder, file)));
    if (sha256Hex(bytes) !== sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { file });
    // The default thread counts follow the machine and not the CPU limit of the container.
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: options.threads, interOpNumThreads: 1, logSeverityLevel: 3 });
    const [name = '', another] = session.inputNames;
    if (another !== undefined) throw new FaceHashError('ARTIFACT_CORRUPT', { file, detail: 'it has more than one input' });
    return new Network(session, { name, shape: options.shape });
  }

  /** `pixels`: as many as the shape says. The outputs in the order of the network's own list. */
  async run(pixels: Float32Array): Promise<readonly Float32Array[]> {
    const results = await this.session.run({ [this.input.name]: new Tensor('float32', pixels, this.input.shape) });
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
