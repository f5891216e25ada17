import type { FaceAnalyser } from '@facehash/vision-core';

export interface OpenedAnalyser extends FaceAnalyser {
  close(): Promise<void>;
}

/**
 * An analyser that is opened by the first photo that needs it: worker processes load networks, and a run whose photos were all described
 * by an earlier one needs none. When opening fails, the next photo tries again.
 */
export function lazyAnalyser(open: () => Promise<OpenedAnalyser>): OpenedAnalyser {
  let opening: Promise<OpenedAnalyser> | undefined;
  const opened = (): Promise<OpenedAnalyser> =>
    (opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  return {
    analyse: async (image, options, signal) => (await opened()).analyse(image, options, signal),
    describe: async (image, landmarks, pipeline, signal) => (await opened()).describe(image, landmarks, pipeline, signal),
    close: async () => {
      const analyser = await opening?.catch(() => undefined);
      await analyser?.close();
    },
  };
}
