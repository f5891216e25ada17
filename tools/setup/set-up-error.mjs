/** Set-up cannot go on. The message is for the user: what happened, and what to do about it. */
export class SetUpError extends Error {
  name = 'SetUpError';
}

/** The last lines of what a program printed, indented: enough to see why it failed. */
export function lastLines(output, count = 25) {
  const lines = output.trimEnd().split('\n');
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}
