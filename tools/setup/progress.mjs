/** How often a long step says that it is still at work. */
const heartbeatMs = 20_000;

/**
 * Prints one line per step with its time; a step that has real work to do also says so when it begins.
 * @param {{total: number, quiet?: boolean, write?: (line: string) => void, now?: () => number}} options
 *   `quiet`: say nothing about a step that finds everything in place
 */
export function progress({ total, quiet = false, write = (line) => process.stderr.write(`${line}\n`), now = () => performance.now() }) {
  let index = 0;
  return {
    /** @param {(begins: (what: string) => void) => Promise<string>} work resolves to the state of the step, in a word or two */
    async step(title, work) {
      index += 1;
      const label = `[${index}/${total}] ${title} …`;
      const startedAt = now();
      const heartbeat = beating(() => write(`${label} still at it (${seconds(now() - startedAt)})`));
      let hasWork = false;
      const begins = (what) => {
        hasWork = true;
        write(`${label} ${what}`);
        heartbeat.start();
      };
      try {
        const state = await work(begins);
        if (hasWork || !quiet) write(`${label} ${state} (${seconds(now() - startedAt)})`);
      } catch (error) {
        write(`${label} failed (${seconds(now() - startedAt)})`);
        throw error;
      } finally {
        heartbeat.stop();
      }
    },
    /** Something the user must know, whatever the step's state is. */
    warn: (sentence) => write(`      ${sentence}`),
  };
}

/** `0.1 s` to `59.9 s`, then `2 min 5 s`. */
export function seconds(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function beating(beat) {
  let timer;
  return {
    start: () => (timer ??= setInterval(beat, heartbeatMs).unref()),
    stop: () => clearInterval(timer),
  };
}
