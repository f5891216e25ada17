/** `[5/12] STEP 6/6: RUN npm ci …` of what buildah prints, shortened; nothing of any other line. */
export function stepOf(line: string): string | undefined {
  const step = /^\[?(\d+\/\d+)?\]? ?STEP \d+\/\d+: (.*)$/.exec(line);
  if (!step) return undefined;
  const [, stage = '', instruction = ''] = step;
  const short = instruction
    .replace(/--mount=\S+\s*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return `${stage} ${short.length > 80 ? `${short.slice(0, 79)}…` : short}`.trim();
}
