import type { RunOutcome } from '@facehash/artifacts';
import { asFaceHashError, type Logger } from '@facehash/kernel';

/** What a run that threw came to. Its cause goes to the log and not into the outcome, which others read. */
export function failedOutcome(thrown: unknown, logger: Logger): RunOutcome {
  const error = asFaceHashError(thrown);
  logger.error('the run failed', { code: error.code, error });
  const detail = error.details['detail'];
  const message = typeof detail === 'string' ? `${error.message}: ${detail}` : error.message;
  return { outcome: 'failed', code: error.code, message, retryable: error.retry === 'backoff' };
}
